"""Texts of unknown fate, counted over the last hour."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Final, final

HOUR: Final = 3_600


@final
class UnknownTexts:
    """How many texts of one key have become unknown within the last hour, to the second.

    A text counts in the second in which it became unknown and in the 3,599 seconds after that. One number is kept for
    each second in which there was any, so at most 3,600, in 16 bytes each. Takes no lock: of two threads that write at
    the same moment, one's texts may not be counted. Mutable state: these seconds, in their order, and their texts.
    """

    __slots__ = ("_seconds", "_texts")

    def __init__(self) -> None:
        self._seconds = array("q")
        self._texts = array("q")

    def add(self, texts: int, now_us: int) -> None:
        """Count so many texts, which become unknown now; and forget those that count no more."""
        second, first = now_us // 1_000_000, self._first(now_us)
        if first:
            del self._seconds[:first], self._texts[:first]
        if self._seconds and self._seconds[-1] >= second:  # another thread may have read a later time before
            self._texts[-1] += texts
        else:
            self._seconds.append(second)
            self._texts.append(texts)

    def within_hour(self, now_us: int) -> int:
        """How many texts have become unknown within the hour until now."""
        return sum(self._texts[self._first(now_us) :])

    def _first(self, now_us: int) -> int:
        """Where the seconds begin that count still."""
        return bisect_right(self._seconds, now_us // 1_000_000 - HOUR)
