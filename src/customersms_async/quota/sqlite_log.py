"""The settle times of one key in a ``SQLiteQuota``'s file: exact rows, and below them coarse steps."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from typing import Final

from ..history import STEP_US

_CUT_AT_ONCE: Final = 2
"""Old rows dropped with each new one, at most: more than one, so that the rest shrinks, and few, so that none waits."""


class SettledRows:
    """The settle times of a key, as ``buckets.Log``: one look-up for each position asked for.

    Requests are numbered from the first one ever. Those from ``first`` to before ``end`` have a row of their own in
    ``settled``; what came before is in the rows of ``steps``, as in ``history.Steps``: each says how many requests had
    settled until when. ``rest`` is the number of those that the first of these rows counts if it is the rest, else 0.

    ``cut_us``: no request that was cut is newer; that is all that is known of those that a program of version 1 cut.
    """

    def __init__(self, db: sqlite3.Connection, key: int, first: int, end: int, rest: int, cut_us: int) -> None:
        self._db, self._key, self._cut_us = db, key, cut_us
        self.first, self.end, self.rest = first, end, rest

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
        cut = self.first + bisect_right(range(self.first, self.end), until_us, key=self.__getitem__)
        for step in self._db.execute(
            "SELECT max(number) + 1, max(at_us) FROM settled WHERE key = ? AND number < ?"
            " GROUP BY at_us / ? ORDER BY 1",
            (self._key, cut, STEP_US),
        ).fetchall():
            self._step(*checked(step))
        self._db.execute("DELETE FROM settled WHERE key = ? AND number < ?", (self._key, cut))
        self.first = cut
        self._drop(dropped_us, -1)

    def _step(self, end: int, newest_us: int) -> None:
        """Count the rows up to ``end``, all of one minute, into its step."""
        last_end, last_us = self._last_step()
        if last_end and last_us // STEP_US == newest_us // STEP_US:
            change = "UPDATE steps SET end = ?, newest_us = ? WHERE key = ? AND end = ?"
            self._db.execute(change, (end, newest_us, self._key, last_end))
        else:
            self._db.execute("INSERT INTO steps VALUES (?, ?, ?)", (self._key, end, newest_us))

    def _last_step(self) -> tuple[int, ...]:
        query = "SELECT end, newest_us FROM steps WHERE key = ? ORDER BY end DESC LIMIT 1"
        row = self._db.execute(query, (self._key,)).fetchone()
        end, newest_us = (0, 0) if row is None else checked(row)
        if end < self.first:  # a program of version 1, which had the file open when it was changed, cut some
            end, newest_us = self.first, max(newest_us, self._cut_us)
            self._db.execute("INSERT INTO steps VALUES (?, ?, ?)", (self._key, end, newest_us))
        return end, newest_us

    def _drop(self, until_us: int, limit: int) -> None:
        """Turn the steps that were over at ``until_us`` into the rest; looks at ``limit`` of them, or at all (-1)."""
        query = "SELECT end, newest_us FROM steps WHERE key = ? ORDER BY end LIMIT ?"
        steps = [checked(row) for row in self._db.execute(query, (self._key, limit)).fetchall()]
        if over := [end for end, newest_us in steps if newest_us < until_us // STEP_US * STEP_US]:
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
