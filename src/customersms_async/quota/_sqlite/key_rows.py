"""The rule of ``buckets`` over the rows of one key: what changes in one transaction.

A call costs a few indexed look-ups and changes, however many rows there are; only when a window that is longer than all
before is first asked for is everything looked at that no window reached until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.forecast import LineForecast
from ..._core.history import KEPT_US
from ..._core.layers import Wait, longest_us
from ..._core.settle_times import NEVER_US, free_at_us, usage
from ..protocol import warn_of_rest
from .settled_rows import SettledRows, one

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ..._core.layers import Layer, Usage


class KeyRows:
    """One key at one moment, within one transaction: made from its row, changed by one call, written by ``save``.

    Follows ``buckets.Buckets`` step by step. Mutable state: the columns of the key's row; all else is in the tables.
    """

    def __init__(self, db: sqlite3.Connection, key_id: str, now_us: int) -> None:
        db.execute("INSERT OR IGNORE INTO keys (key_id) VALUES (?)", (key_id,))
        self._db, self._now_us = db, now_us
        self._key, self._paused_us, self._longest_us, self._last_id, self._held, *log = one(
            db,
            "SELECT key, paused_us, longest_us, last_id, held, first, end, rest, began_us FROM keys WHERE key_id = ?",
            key_id,
        )
        self._log = SettledRows(db, self._key, log, now_us - self._longest_us)
        self._lapse()

    def save(self) -> None:
        """Write the key's row."""
        self._db.execute(
            "UPDATE keys SET paused_us = ?, longest_us = ?, last_id = ?, held = ?, first = ?, end = ?, rest = ?,"
            " began_us = ? WHERE key = ?",
            (
                self._paused_us,
                self._longest_us,
                self._last_id,
                self._held,
                self._log.first,
                self._log.end,
                self._log.rest,
                self._log.began_us,
                self._key,
            ),
        )

    def take(self, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Take one token of every layer, or none and say how long to wait: see ``QuotaStore.take``."""
        self._reach(longest_us([(layers, 1)]))
        free_us = max(self._paused_us, free_at_us(self._now_us, layers, self._held, self._log))
        if free_us > self._now_us:
            return Wait(free_us - self._now_us)
        self._last_id += 1
        self._held += 1
        lapse_us = min(NEVER_US, self._now_us + hold_us)
        self._db.execute("INSERT INTO held VALUES (?, ?, ?)", (self._key, self._last_id, lapse_us))
        return self._last_id

    def settle(self, request: int) -> None:
        """Hear that the script's answer to a request is known: see ``QuotaStore.settle``."""
        if self._release(request):
            self._settled(self._now_us)

    def give_back(self, request: int) -> None:
        """Hear that a request provably never left: see ``QuotaStore.give_back``."""
        self._release(request)

    def pause(self, pause_us: int) -> None:
        """Grant nothing for so long: see ``QuotaStore.pause``."""
        self._paused_us = min(NEVER_US, max(self._paused_us, self._now_us + pause_us))

    def forecast_us(self, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of a line's last request, in microseconds: see ``QuotaStore.forecast_us``.

        Reads only the rows that the forecast depends on.
        """
        self._reach(longest_us(line))
        forecast = LineForecast(line, len(self._log), self._held)
        settled_us = [self._log[position] for position in forecast.positions]
        return forecast.wait_us(self._now_us, self._paused_us, settled_us)

    def usage(self, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds: see ``QuotaStore.usage``."""
        self._reach(longest_us([(layers, 1)]))
        used = tuple(usage(self._now_us, layer, self._held, self._log) for layer in layers)
        return used, max(0, self._paused_us - self._now_us)

    def _reach(self, asked_us: int) -> None:
        """Keep exact rows for so long from now on; what the windows asked for before don't reach is coarse for good."""
        if (asked_us := min(NEVER_US, asked_us)) > self._longest_us:
            self._log.cut_all(self._now_us - self._longest_us, self._now_us - max(self._longest_us, KEPT_US))
            self._longest_us = asked_us
            if self._log.rest and self._log[0] > self._now_us - asked_us:
                warn_of_rest()

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
        self._log.cut(self._now_us - self._longest_us, self._now_us - max(self._longest_us, KEPT_US))
