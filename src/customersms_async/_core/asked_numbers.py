"""The numbers of a request, to be found by the digits that an answer writes for them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from .digit_runs import LEAST_DIGITS, runs_of_each
from .php_values import EXACT_DIGITS, LONGEST_NUMBER, phone_digits

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERNATIONAL: Final = re.compile(r"[\s(]*(?:\+[\s(]*[1-9]|00)", re.ASCII)
_DECIMALS: Final = (
    "\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b6f"
    "\u0be6-\u0bef\u0c66-\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\u0de6-\u0def\u0e50-\u0e59\u0ed0-\u0ed9\u0f20-\u0f29"
    "\u1040-\u1049\u1090-\u1099\u17e0-\u17e9\u1810-\u1819\u1946-\u194f\u19d0-\u19d9\u1a80-\u1a89\u1a90-\u1a99"
    "\u1b50-\u1b59\u1bb0-\u1bb9\u1c40-\u1c49\u1c50-\u1c59\ua620-\ua629\ua8d0-\ua8d9\ua900-\ua909\ua9d0-\ua9d9"
    "\ua9f0-\ua9f9\uaa50-\uaa59\uabf0-\uabf9\uff10-\uff19"
)
"""The decimal digits below U+10000 but for ours; new scripts have theirs above that."""

_OTHER_DIGITS: Final = (
    "\xb2\xb3\xb9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea"
    "\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792"
)
_OTHER_DIGITS_ABOVE: Final = "\U00010a40-\U00010a43\U00010e60-\U00010e68\U00011052-\U0001105a\U0001f100-\U0001f10a"
"""What is a digit but no decimal one, as in a circle; Unicode adds no more of these since version 6.3."""

_DIGIT: Final = re.compile(f"[0-9{_DECIMALS}{_OTHER_DIGITS}]")
_DIGIT_ABOVE: Final = re.compile(rf"[\d{_OTHER_DIGITS_ABOVE}]")
_ABOVE: Final = re.compile("[\U00010000-\U0010ffff]+")
"""Digits beyond U+FFFF, looked for by themselves: a pattern for all digits at once takes ten times as long."""

SEVERAL: Final = -1
"""The place of several numbers."""

_BEYOND: Final = 10**15
"""More than any number in E.164."""


@final
class AskedNumbers:
    """The numbers of a request in E.164, each known by its place, from 0."""

    def __init__(self, phones: Sequence[str]) -> None:
        self.count = len(phones)
        self._phones = phones
        self._whole = {phone[1:]: place for place, phone in enumerate(phones)}

    @cached_property
    def _endings(self) -> dict[str, int]:
        """Everything that a number ends in, of seven digits or more; ``SEVERAL`` for what several end in."""
        places = [
            (phone[start:], place)
            for place, phone in enumerate(self._phones)
            for start in range(1, len(phone) - LEAST_DIGITS + 1)
        ]
        found = dict(places)
        if len(found) < len(places):
            known: set[str] = set()
            for ending, _ in places:
                if ending in known:
                    found[ending] = SEVERAL
                known.add(ending)
        return found

    def find(self, phone: object) -> int | None:
        """The place of the one number that a row's phone can be; ``None`` if it can be none of them, or several."""
        if isinstance(phone, str) and phone[:1] == "+" and phone[1:] in self._whole:  # as nearly always
            return self._whole[phone[1:]]
        digits = phone_digits(phone)
        if isinstance(phone, str) and _INTERNATIONAL.match(phone) and digits in self._whole:
            return self._whole[digits]
        return self._only(digits)

    def find_key(self, key: str | None) -> int | None:
        """The place of the number that a key of an object spells out in full; ``None`` for any other key."""
        plain = (key or "").removeprefix("+")
        if plain not in self._whole:
            return None
        return self._only(plain) if plain == key else self._whole[plain]

    def _only(self, digits: str) -> int | None:
        place = self._endings.get(digits)
        return None if place == SEVERAL else place

    def named_in(self, texts: Sequence[str]) -> list[int | None]:
        """For each text the place of the one asked number in it: ``None`` for no number, ``SEVERAL`` for more of them.

        A number is any run of digits, and all digits that have nothing but separators between them.
        """
        endings = self._endings
        return [
            (
                endings[together]
                if together in endings and together[0] != "0" and not apart
                else self._of_runs(text, together, apart)
            )
            if text
            else None
            for text, (together, apart) in zip(texts, runs_of_each(texts), strict=True)
        ]

    def _of_runs(self, text: str, together: str, apart: str) -> int | None:
        endings = self._endings
        bare = text.removeprefix("+")
        if bare in endings:
            return endings[bare]
        runs = together.split()
        if apart:
            runs += apart.split()
        found = {endings[digits] for run in runs if (digits := run.lstrip("0")) in endings}
        return (found.pop() if len(found) == 1 else SEVERAL) if found else None

    def named_by(self, figure: object) -> int | None:
        """The place of the asked number that a number, and not a text, is, as ``named_in`` gives it."""
        if isinstance(figure, Decimal):
            if not LEAST_DIGITS <= figure.adjusted() + 1 <= EXACT_DIGITS:
                return None
            whole = int(figure)
            if whole != figure:
                return None
        elif isinstance(figure, int):
            whole = figure
        else:
            return None
        digits = str(whole) if 0 < whole < _BEYOND else ""
        return self._endings.get(digits)


def is_blank(phone: object) -> bool:
    """Whether a row's phone says nothing at all, not even a part of a number."""
    return are_blank((phone,)) if isinstance(phone, str) else not phone or phone is True


def are_blank(texts: Sequence[str]) -> bool:
    """Whether each of some texts says nothing at all."""
    return max(map(len, texts), default=0) <= LONGEST_NUMBER and not _has_digit("".join(texts))


def _has_digit(text: str) -> bool:
    if _DIGIT.search(text) is not None:
        return True
    if len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text):  # as nearly always: nothing from above
        return False
    return _DIGIT_ABOVE.search("".join(_ABOVE.findall(text))) is not None
