"""Ledgers as older versions have left them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOVES_OF_VERSION_2 = (
    "CREATE TRIGGER moves_of_the_table BEFORE UPDATE OF state ON recipients WHEN NOT ("
    "(OLD.state = 'planned' AND NEW.state = 'sending') OR (OLD.state = 'planned' AND NEW.state = 'skipped')"
    " OR (OLD.state = 'rejected' AND NEW.state = 'planned') OR (OLD.state = 'sending' AND NEW.state = 'accepted')"
    " OR (OLD.state = 'sending' AND NEW.state = 'planned') OR (OLD.state = 'sending' AND NEW.state = 'rejected')"
    " OR (OLD.state = 'sending' AND NEW.state = 'unknown') OR (OLD.state = 'unknown' AND NEW.state = 'accepted')"
    " OR (OLD.state = 'unknown' AND NEW.state = 'planned'))\n"
    "BEGIN SELECT raise(ABORT, 'the ledger has no such move'); END"
)
"""What version 2 has in place of today's; all else is as it was."""


MOVES_OF_VERSION_3 = (
    "CREATE TRIGGER moves_of_the_table BEFORE UPDATE OF state ON recipients WHEN NOT ("
    "(OLD.state = 'planned' AND NEW.state = 'accepted' AND OLD.attempt_id IS NOT NULL AND OLD.attempts > 0)"
    " OR (OLD.state = 'planned' AND NEW.state = 'sending') OR (OLD.state = 'planned' AND NEW.state = 'skipped')"
    " OR (OLD.state = 'rejected' AND NEW.state = 'planned') OR (OLD.state = 'sending' AND NEW.state = 'accepted')"
    " OR (OLD.state = 'sending' AND NEW.state = 'planned') OR (OLD.state = 'sending' AND NEW.state = 'rejected')"
    " OR (OLD.state = 'sending' AND NEW.state = 'unknown')"
    " OR (OLD.state = 'skipped' AND NEW.state = 'planned' AND OLD.code = 'CAPPED')"
    " OR (OLD.state = 'unknown' AND NEW.state = 'accepted') OR (OLD.state = 'unknown' AND NEW.state = 'planned')"
    " OR (OLD.state = 'unknown' AND NEW.state = 'rejected' AND OLD.code = 'INTERRUPTED'))"
    " BEGIN SELECT raise(ABORT, 'the ledger has no such move'); END"
)
"""What version 3 has in place of today's, word for word."""


def make_version_3(ledger: Path) -> None:
    """Turn a ledger that nobody has open, and that has one addition, into what version 3 would have written."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DROP TRIGGER moves_of_the_table")
        connection.execute(MOVES_OF_VERSION_3)
        connection.execute("DROP TABLE additions")
        connection.execute("PRAGMA user_version = 3")
        connection.execute("COMMIT")


def make_version_2(ledger: Path) -> None:
    """Turn a ledger that nobody has open into what version 2 would have written."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DROP TRIGGER moves_of_the_table")
        connection.execute(MOVES_OF_VERSION_2)
        connection.execute("DROP TABLE additions")
        connection.execute("DROP TABLE wanted")
        connection.execute("DROP TABLE terms")
        connection.execute("PRAGMA user_version = 2")
        connection.execute("COMMIT")


def schema_of(ledger: Path) -> tuple[int, list[tuple[str, str]]]:
    """The version, and everything that is in the file, by name."""
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return version, connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
