"""A ledger as it is when its attempts are long over: what a person may then decide is not refused any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MINUTES = 11


def let_minutes_pass(ledger: Path, minutes: float = MINUTES) -> None:
    """Move every attempt's deadline into the past, which the file itself would refuse."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        kept = "SELECT sql FROM sqlite_master WHERE name = 'kept_attempts_UPDATE'"
        (trigger,) = connection.execute(kept).fetchone()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DROP TRIGGER kept_attempts_UPDATE")
        connection.execute("UPDATE attempts SET deadline_us = deadline_us - ?", (round(minutes * 60e6),))
        connection.execute(trigger)
        connection.execute("COMMIT")
