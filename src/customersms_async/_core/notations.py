"""Numbers that are written in two ways, both of which reach the same person.

Mexico had a 1 behind its country code for mobile phones until 2019, and operators still write replies so (+52 1 55 …
for +52 55 …); Argentina has a 9 there (+54 9 11 … for +54 11 …), which some leave out. Whoever said no in one notation
has said it in the other, and a cap counts both as one number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MARKS: Final = {"+52": "1", "+54": "9"}
_NATIONAL: Final = 10
"""Digits of a number in both countries, without the mark of a mobile phone."""


def other_notation(number: str) -> str | None:
    """How else ``number`` (E.164) is written, or ``None`` if there is but one way."""
    code = number[:3]
    mark = _MARKS.get(code)
    if mark is None:
        return None
    rest = number[3:]
    if len(rest) == _NATIONAL:
        return f"{code}{mark}{rest}"
    if len(rest) == _NATIONAL + 1 and rest.startswith(mark):
        return f"{code}{rest[1:]}"
    return None


def one_notation(number: str) -> str:
    """The shorter way in which ``number`` (E.164) is written: the same for both."""
    other = other_notation(number)
    return number if other is None else min(number, other, key=len)


def in_all_notations(numbers: Iterable[str]) -> Iterator[str]:
    """Each of ``numbers`` (E.164), followed by the other way in which it is written, if there is one."""
    for number in numbers:
        yield number
        other = other_notation(number)
        if other is not None:
            yield other
