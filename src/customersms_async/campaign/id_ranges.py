"""Places in an input as a short text, as ledgers keep whom an attempt or a decision was about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def ranges(ids: Iterable[int]) -> str:
    """Numbers that mostly follow each other, as text: ``0-99 105 107-110``."""
    return counted_ranges(ids)[0]


def counted_ranges(ids: Iterable[int]) -> tuple[str, int]:
    """The text that ``ranges`` makes of numbers, and how many numbers they are."""
    found: list[list[int]] = []
    count = 0
    for number in ids:
        count += 1
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in found), count
