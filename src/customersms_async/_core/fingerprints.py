"""A set of 64-bit fingerprints in 16 to 32 bytes each (48 while it grows), where Python's own set takes 65 or more."""

from __future__ import annotations

from array import array
from typing import Final, final

_FIRST_SIZE: Final = 1 << 10


@final
class Fingerprints:
    """Remembers ``hash`` values; open addressing with linear steps, half full at the most.

    Two things with one fingerprint can't be told apart here: whoever asks has to look at them again.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _FIRST_SIZE))
        self._count = 0

    def add(self, value: int) -> bool:
        """Remember ``value``; true if it was known."""
        value = (value & 0xFFFF_FFFF_FFFF_FFFF) or 1  # 0 is an empty slot
        slots = self._slots
        mask = len(slots) - 1
        at = value & mask
        while slots[at]:
            if slots[at] == value:
                return True
            at = (at + 1) & mask
        slots[at] = value
        self._count += 1
        if 2 * self._count > len(slots):
            self._grow()
        return False

    def _grow(self) -> None:
        values, self._slots = self._slots, array("Q", bytes(8 * 2 * len(self._slots)))
        slots, mask = self._slots, len(self._slots) - 1
        for value in values:
            if value:
                at = value & mask
                while slots[at]:
                    at = (at + 1) & mask
                slots[at] = value
