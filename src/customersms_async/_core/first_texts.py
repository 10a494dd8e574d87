"""The first text of each number, by fingerprints: 10 bytes a place, in tables half full at the most.

Goal: to know, of millions, a text that comes again and a number that gets several texts, in no more memory than a set
of fingerprints of both takes. So a place holds 48 bits of the number's hash and 31 of the text's, and later texts of a
number are kept elsewhere, by whoever asks. There are sixteen tables, which grow one at a time, as a table that grows is
there twice. Among a million numbers, the chance that two are taken for one is 1 in 500.
"""

from __future__ import annotations

from array import array
from typing import Final, final

NEW_NUMBER: Final = 0
SAME_TEXT: Final = 1
OTHER_TEXT: Final = 2
FURTHER_TEXT: Final = 3

_FIRST_SIZE: Final = 1 << 6
_TABLES: Final = 16
_NUMBER: Final = 0xFFFF_FFFF_FFFF_0000
_SEVERAL: Final = 0x8000


@final
class FirstTexts:
    """Remembers of each number the text that it came with first, and whether another came later.

    Mutable state: the tables, each a list of its places (the number's bits and 16 of the text's), what is beside them
    (15 more of the text's, and a mark that another text came), and how many numbers there is room for. Numbers spread
    evenly over the tables, so that none is full before all together are half full.
    """

    __slots__ = ("_more", "_places", "_room")

    def __init__(self) -> None:
        self._places = [array("Q", bytes(8 * _FIRST_SIZE)) for _ in range(_TABLES)]
        self._more = [array("H", bytes(2 * _FIRST_SIZE)) for _ in range(_TABLES)]
        self._room = _TABLES * _FIRST_SIZE // 2

    def look(self, phone: str, text: str) -> int:
        """A text beside its number's first: ``NEW_NUMBER``, ``SAME_TEXT``, ``OTHER_TEXT`` or ``FURTHER_TEXT``.

        The last is for whatever differs from the first once another one has come.
        """
        number, said = hash(phone), hash(text)
        table = (number >> 60) & 15
        places = self._places[table]
        mask = len(places) - 1
        at = (number >> 16) & mask
        while found := places[at]:
            if (found ^ number) & _NUMBER == 0:
                return self._compare(table, at, said)
            at = (at + 1) & mask
        places[at] = (number & _NUMBER) | (said & 0xFFFF) or 1
        self._more[table][at] = (said >> 16) & 0x7FFF
        self._room -= 1
        if not self._room:
            self._grow()
        return NEW_NUMBER

    def _compare(self, table: int, at: int, said: int) -> int:
        """What a text is to the number at a place."""
        found, more = self._places[table][at], self._more[table]
        if found & 0xFFFF == said & 0xFFFF and more[at] & 0x7FFF == (said >> 16) & 0x7FFF:
            return SAME_TEXT
        if more[at] & _SEVERAL:
            return FURTHER_TEXT
        more[at] |= _SEVERAL
        return OTHER_TEXT

    def _grow(self) -> None:
        self._room = sum(map(len, self._places)) // 2
        for table in range(_TABLES):
            self._grow_one(table)

    def _grow_one(self, table: int) -> None:
        old, old_more = self._places[table], self._more[table]
        places = self._places[table] = array("Q", bytes(16 * len(old)))
        more = self._more[table] = array("H", bytes(4 * len(old)))
        mask = len(places) - 1
        for value, rest in zip(old, old_more, strict=True):
            if value:
                at = (value >> 16) & mask
                while places[at]:
                    at = (at + 1) & mask
                places[at], more[at] = value, rest
