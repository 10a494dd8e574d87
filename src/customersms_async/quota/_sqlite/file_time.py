"""The time of a ``SQLiteQuota``'s file: it only goes forward, whoever looks by whichever clock."""

from __future__ import annotations

import sqlite3
from typing import Final

from ..host_clock import Moment, later, passed_us

_CLOCKS_KEPT: Final = 64
"""Of as many containers with clocks of their own is it remembered how they stood; a boot leaves one behind, too."""


def file_time_us(db: sqlite3.Connection, now: Moment) -> int:
    """Microseconds since the file was made, at this moment, which is written down. To be called in a transaction.

    Where another clock looks than the last time, but one that has looked before, it goes on from then: only the first
    look of a clock depends on the wall clock.
    """
    row = db.execute("SELECT boot, up_us, wall_us, now_us FROM clock").fetchone()
    if row is None or [type(value) for value in row] != [str, int, int, int]:
        raise sqlite3.DataError("it has lost its clock")
    last, last_us = Moment(*row[:3]), int(row[3])
    now_us = last_us + passed_us(last, now)
    if last.boot != now.boot:
        seen = db.execute("SELECT up_us, now_us FROM clocks WHERE boot = ?", (now.boot,)).fetchone()
        if seen is not None:
            now_us = max(last_us, seen[1] + now.up_us - seen[0])
        _remember(db, last, last_us)
    db.execute("UPDATE clock SET boot = ?, up_us = ?, wall_us = ?, now_us = ?", (*later(last, now), now_us))
    return now_us


def _remember(db: sqlite3.Connection, last: Moment, last_us: int) -> None:
    if last.boot:
        db.execute("INSERT OR REPLACE INTO clocks VALUES (?, ?, ?)", (last.boot, last.up_us, last_us))
        newest = "SELECT boot FROM clocks ORDER BY now_us DESC LIMIT ?"
        db.execute(f"DELETE FROM clocks WHERE boot NOT IN ({newest})", (_CLOCKS_KEPT,))  # noqa: S608 - no values in it
