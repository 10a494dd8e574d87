"""The rule of ``buckets`` over the rows of one key: a log read by position, and what changes in one transaction.

A call costs a few indexed look-ups and changes, however many rows there are.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from ..buckets import NEVER_US, Forecast, Wait, free_at_us, usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..buckets import Layer, Usage

_CUT_AT_ONCE: Final = 2
"""Old rows dropped with each new one, at most: more than one, so that the rest shrinks, and few, so that none waits."""


class _Rows:
    """The settle times of a key, as ``buckets.Log``: one look-up for each position asked for."""

    def __init__(self, db: sqlite3.Connection, key: int, first: int, end: int) -> None:
        self._db, self._key, self.first, self.end = db, key, first, end

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, position: int, /) -> int:
        number = position + (self.first if position >= 0 else self.end)
        if not self.first <= number < self.end:
            raise IndexError(position)
        at_us = _one(self._db, "SELECT at_us FROM settled WHERE key = ? AND number = ?", self._key, number)[0]
        return int(at_us)

    def append(self, at_us: int) -> None:
        self._db.execute("INSERT INTO settled VALUES (?, ?, ?)", (self._key, self.end, at_us))
        self.end += 1

    def cut(self, until_us: int) -> None:
        """Drop the oldest rows that no window reaches any more, a few at a time."""
        for _ in range(_CUT_AT_ONCE):
            if not len(self) or self[0] > until_us:
                return
            self._db.execute("DELETE FROM settled WHERE key = ? AND number = ?", (self._key, self.first))
            self.first += 1


class KeyRows:
    """One key at one moment, within one transaction: made from its row, changed by one call, written by ``save``.

    Follows ``buckets.Buckets`` step by step. Mutable state: the columns of the key's row; all else is in the tables.
    """

    def __init__(self, db: sqlite3.Connection, key_id: str, now_us: int) -> None:
        db.execute("INSERT OR IGNORE INTO keys (key_id) VALUES (?)", (key_id,))
        self._db, self._now_us = db, now_us
        self._key, self._paused_us, self._longest_us, self._last_id, self._held, first, end = _one(
            db, "SELECT key, paused_us, longest_us, last_id, held, first, end FROM keys WHERE key_id = ?", key_id
        )
        self._log = _Rows(db, self._key, first, end)
        self._lapse()

    def save(self) -> None:
        """Write the key's row."""
        self._db.execute(
            "UPDATE keys SET paused_us = ?, longest_us = ?, last_id = ?, held = ?, first = ?, end = ? WHERE key = ?",
            (
                self._paused_us,
                self._longest_us,
                self._last_id,
                self._held,
                self._log.first,
                self._log.end,
                self._key,
            ),
        )

    def take(self, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """See ``QuotaStore.take``."""
        self._longest_us = min(NEVER_US, max([self._longest_us, *[window_us for _, window_us in layers]]))
        free_us = max(self._paused_us, free_at_us(self._now_us, layers, self._held, self._log))
        if free_us > self._now_us:
            return Wait(free_us - self._now_us)
        self._last_id += 1
        self._held += 1
        lapse_us = min(NEVER_US, self._now_us + hold_us)
        self._db.execute("INSERT INTO held VALUES (?, ?, ?)", (self._key, self._last_id, lapse_us))
        return self._last_id

    def settle(self, request: int) -> None:
        """See ``QuotaStore.settle``."""
        if self._release(request):
            self._settled(self._now_us)

    def give_back(self, request: int) -> None:
        """See ``QuotaStore.give_back``."""
        self._release(request)

    def pause(self, pause_us: int) -> None:
        """See ``QuotaStore.pause``."""
        self._paused_us = min(NEVER_US, max(self._paused_us, self._now_us + pause_us))

    def forecast_us(self, line: Iterable[tuple[Sequence[Layer], int]]) -> int:
        """See ``QuotaStore.forecast_us``; reads only the rows that the forecast depends on."""
        forecast = Forecast(line, len(self._log), self._held)
        settled_us = [self._log[position] for position in forecast.positions]
        return forecast.wait_us(self._now_us, self._paused_us, settled_us)

    def usage(self, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """See ``QuotaStore.usage``."""
        used = tuple(usage(self._now_us, layer, self._held, self._log) for layer in layers)
        return used, max(0, self._paused_us - self._now_us)

    def _release(self, request: int) -> bool:
        gone = self._db.execute("DELETE FROM held WHERE key = ? AND id = ?", (self._key, request)).rowcount
        self._held -= gone
        return gone > 0

    def _lapse(self) -> None:
        due = self._db.execute(
            "SELECT id, lapse_us FROM held WHERE key = ? AND lapse_us <= ? ORDER BY lapse_us, id",
            (self._key, self._now_us),
        ).fetchall()
        for request, lapse_us in due:
            self._release(request)
            self._settled(lapse_us)

    def _settled(self, at_us: int) -> None:
        self._log.append(at_us)
        self._log.cut(self._now_us - self._longest_us)


def _one(db: sqlite3.Connection, query: str, *values: object) -> tuple[int, ...]:
    row: tuple[int, ...] | None = db.execute(query, values).fetchone()
    if row is None or not all(isinstance(value, int) for value in row):
        raise sqlite3.DataError("rows are missing, or hold no numbers")
    return row
