"""What came before, exactly, in 18 to 36 bytes each: fingerprints in memory, the things themselves on disk.

Rejected: a unique index (three to four times the whole time of adding), a set of Python's own (100 bytes and more).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, Generic, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_FIRST_SIZE: Final = 1 << 10


@final
class Seen(Generic[T]):
    """Finds the number (below 2³²) of an equal thing; open addressing with linear steps, two thirds full at most.

    Equal fingerprints don't make two things equal: ``same(number, thing)`` is asked, which looks the older one up.
    """

    def __init__(self, same: Callable[[int, T], bool]) -> None:
        self._same = same
        self._prints = array("Q", bytes(8 * _FIRST_SIZE))
        self._numbers = array("I", bytes(4 * _FIRST_SIZE))
        self._count = 0

    def find(self, thing: T, number: int) -> int:
        """The number of an equal thing that came before; else ``thing`` is remembered under ``number``, which is given.

        Constant time on average.
        """
        fingerprint = (hash(thing) & 0xFFFF_FFFF_FFFF_FFFF) or 1  # 0 is an empty slot
        prints = self._prints
        mask = len(prints) - 1
        at = fingerprint & mask
        while prints[at]:
            if prints[at] == fingerprint and self._same(self._numbers[at], thing):
                return self._numbers[at]
            at = (at + 1) & mask
        prints[at] = fingerprint
        self._numbers[at] = number
        self._count += 1
        if 3 * self._count > 2 * len(prints):
            self._grow()
        return number

    def _grow(self) -> None:
        prints, numbers = self._prints, self._numbers
        size = 2 * len(prints)
        self._prints, self._numbers = array("Q", bytes(8 * size)), array("I", bytes(4 * size))
        mask = size - 1
        for fingerprint, number in zip(prints, numbers, strict=True):
            if fingerprint:
                at = fingerprint & mask
                while self._prints[at]:
                    at = (at + 1) & mask
                self._prints[at] = fingerprint
                self._numbers[at] = number
