"""The settle times of one key in a ``SQLiteQuota``'s file: exact rows, and below them coarse steps."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from ..._core.history import STEP_US

if TYPE_CHECKING:
    from collections.abc import Sequence

_CUT_AT_ONCE: Final = 2
"""Old rows dropped with each new one, at most: more than one, so that the rest shrinks, and few, so that none waits."""


class SettledRows:
    """The settle times of a key, as ``settle_times.SettleTimes``: one look-up for each position asked for.

    Requests are numbered from the first one ever. Those from ``first`` to before ``end`` have a row of their own in
    ``settled``; what came before is in the rows of ``steps``, as in ``history.Steps``: each says how many requests had
    settled until when. ``rest`` is the number of those that the first of these rows counts if it is the rest, else 0;
    the last of these steps began at ``began_us``.

    ``cut_us``: no request that was cut is newer; that is all that is known of those that a program of version 1 cut.
    """

    def __init__(self, db: sqlite3.Connection, key: int, columns: Sequence[int], cut_us: int) -> None:
        self._db, self._key, self._cut_us = db, key, cut_us
        self.first, self.end, self.rest, self.began_us = columns

    def __len__(self) -> int:
        return self.end

    def __getitem__(self, position: int, /) -> int:
        number = position if position >= 0 else position + self.end
        if not 0 <= number < self.end:
            raise IndexError(position)
        if number >= self.first:
            return one(self._db, "SELECT at_us FROM settled WHERE key = ? AND number = ?", self._key, number)[0]
        query = "SELECT newest_us FROM steps WHERE key = ? AND end > ? ORDER BY end LIMIT 1"
        row = self._db.execute(query, (self._key, number)).fetchone()
        return self._cut_us if row is None else checked(row)[0]

    def append(self, at_us: int) -> None:
        """Add the newest settle time."""
        self._db.execute("INSERT INTO settled VALUES (?, ?, ?)", (self._key, self.end, at_us))
        self.end += 1

    def cut(self, until_us: int, dropped_us: int) -> None:
        """Make the oldest rows coarse that no window reaches any more, a few at a time."""
        before = self.first
        for _ in range(_CUT_AT_ONCE):
            if self.first == self.end or (at_us := self[self.first]) > until_us:
                break
            self._step(self.first + 1, at_us)
            self._db.execute("DELETE FROM settled WHERE key = ? AND number = ?", (self._key, self.first))
            self.first += 1
        if self.first > before:
            self._drop(dropped_us, 1 + _CUT_AT_ONCE)

    def cut_all(self, until_us: int, dropped_us: int) -> None:
        """Make all rows coarse that no window reached so far."""
        query = "SELECT number + 1, at_us FROM settled WHERE key = ? AND number >= ? ORDER BY number"
        for row in self._db.execute(query, (self._key, self.first)):
            end, at_us = checked(row)
            if at_us > until_us:
                break
            self._step(end, at_us)
            self.first = end
        self._db.execute("DELETE FROM settled WHERE key = ? AND number < ?", (self._key, self.first))
        self._drop(dropped_us, -1)

    def _step(self, end: int, newest_us: int) -> None:
        """Count the oldest row, which is the last before ``end``, into its step."""
        last_end = self._last_step()
        if last_end and newest_us < self.began_us + STEP_US:
            change = "UPDATE steps SET end = ?, newest_us = ? WHERE key = ? AND end = ?"
            self._db.execute(change, (end, newest_us, self._key, last_end))
        else:
            self.began_us = newest_us
            self._db.execute("INSERT INTO steps VALUES (?, ?, ?)", (self._key, end, newest_us))

    def _last_step(self) -> int:
        """How many requests are counted in steps."""
        query = "SELECT end, newest_us FROM steps WHERE key = ? ORDER BY end DESC LIMIT 1"
        row = self._db.execute(query, (self._key,)).fetchone()
        end, newest_us = (0, 0) if row is None else checked(row)
        if end < self.first:  # a program of version 1, which had the file open when it was changed, cut some
            end, newest_us = self.first, max(newest_us, self._cut_us)
            self._db.execute("INSERT INTO steps VALUES (?, ?, ?)", (self._key, end, newest_us))
        return end

    def _drop(self, until_us: int, limit: int) -> None:
        """Turn the steps into the rest that are a whole step older than that; looks at ``limit``, or at all (-1)."""
        query = "SELECT end, newest_us FROM steps WHERE key = ? ORDER BY end LIMIT ?"
        steps = [checked(row) for row in self._db.execute(query, (self._key, limit)).fetchall()]
        if over := [end for end, newest_us in steps if newest_us + STEP_US <= until_us]:
            self.rest = over[-1]
            self._db.execute("DELETE FROM steps WHERE key = ? AND end < ?", (self._key, self.rest))


def one(db: sqlite3.Connection, query: str, *values: object) -> tuple[int, ...]:
    """The one row of numbers that a query finds."""
    return checked(db.execute(query, values).fetchone())


def checked(row: tuple[object, ...] | None) -> tuple[int, ...]:
    """A row of numbers, if it is one."""
    if row is None or not all(isinstance(value, int) for value in row):
        raise sqlite3.DataError("rows are missing, or hold no numbers")
    return row  # type: ignore[return-value]  # all are numbers
