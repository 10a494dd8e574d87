"""Tables of 64-bit fingerprints in flat arrays: a set in 16 to 32 bytes each, a map to numbers in 18 to 36.

Goal: to know repeats among millions. Both are hash tables with open addressing and linear steps, and cost constant time
on average. Rejected: Python's own set (65 bytes and more of integers, 100 and more of texts), and a unique index in
SQLite (three to four times the whole time of adding a campaign).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, Generic, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_FIRST_SIZE: Final = 1 << 10
"""Places in a new table; always a power of two, so that a mask finds the place."""


@final
class FingerprintSet:
    """Remembers ``hash`` values; half full at the most.

    Two things with one fingerprint can't be told apart here: whoever asks has to look at them again.
    """

    def __init__(self) -> None:
        self._places = _empty("Q", _FIRST_SIZE)
        self._count = 0

    def add(self, value: int) -> bool:
        """Remember ``value``; true if it was known."""
        fingerprint = _fingerprint(value)
        places = self._places
        mask = len(places) - 1
        at = fingerprint & mask
        while places[at]:
            if places[at] == fingerprint:
                return True
            at = (at + 1) & mask
        places[at] = fingerprint
        self._count += 1
        if 2 * self._count > len(places):
            self._grow()
        return False

    def _grow(self) -> None:
        old, self._places = self._places, _empty("Q", 2 * len(self._places))
        for fingerprint in filter(None, old):
            self._places[_free_place(self._places, fingerprint)] = fingerprint


@final
class FingerprintIndex(Generic[T]):
    """Finds the number (below 2³²) of an equal thing that came before; two thirds full at most.

    Equal fingerprints don't make two things equal: ``same(number, thing)`` is asked, which looks the older one up.
    """

    def __init__(self, same: Callable[[int, T], bool]) -> None:
        self._same = same
        self._places = _empty("Q", _FIRST_SIZE)
        self._numbers = _empty("I", _FIRST_SIZE)
        self._count = 0

    def find(self, thing: T, number: int) -> int:
        """The number of an equal thing that came before; else ``number``, under which ``thing`` is remembered."""
        fingerprint = _fingerprint(hash(thing))
        places = self._places
        mask = len(places) - 1
        at = fingerprint & mask
        while places[at]:
            if places[at] == fingerprint and self._same(self._numbers[at], thing):
                return self._numbers[at]
            at = (at + 1) & mask
        places[at] = fingerprint
        self._numbers[at] = number
        self._count += 1
        if 3 * self._count > 2 * len(places):
            self._grow()
        return number

    def _grow(self) -> None:
        size = 2 * len(self._places)
        old_places, self._places = self._places, _empty("Q", size)
        old_numbers, self._numbers = self._numbers, _empty("I", size)
        for fingerprint, number in zip(old_places, old_numbers, strict=True):
            if fingerprint:
                at = _free_place(self._places, fingerprint)
                self._places[at] = fingerprint
                self._numbers[at] = number


def _fingerprint(value: int) -> int:
    """The lowest 64 bits; 1 for 0, which is an empty place."""
    return (value & 0xFFFF_FFFF_FFFF_FFFF) or 1


def _empty(kind: str, size: int) -> array[int]:
    """An array of ``size`` zeros, each of 8 (kind ``"Q"``) or 4 (``"I"``) bytes."""
    return array(kind, bytes(size * array(kind).itemsize))


def _free_place(places: array[int], fingerprint: int) -> int:
    """Where a fingerprint that is not in the table goes."""
    mask = len(places) - 1
    at = fingerprint & mask
    while places[at]:
        at = (at + 1) & mask
    return at
