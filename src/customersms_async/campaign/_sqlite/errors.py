"""What SQLite and the system say of a ledger's file, as a ``LedgerError``."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final

from ..refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS: Final = 60.0
"""How long another program's write is waited for: a person's decision about a million recipients takes seconds."""

_MOST_WORDS: Final = 300
"""Characters of what SQLite says that are told."""


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a ``LedgerError``."""
    try:
        yield
    except sqlite3.Error as error:
        raise refusal(path, _words(error)) from None
    except UnicodeDecodeError:  # of SQLite's own words, which quote a damaged file
        raise refusal(path, "it is damaged: restore it from a backup") from None
    except OSError as error:
        raise refusal(path, error.strerror or str(error)) from None


def code_of(error: sqlite3.Error) -> int:
    """The part of SQLite's error code that says what is wrong, without the details, which nobody could act on."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _words(error: sqlite3.Error) -> str:
    said = {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_READONLY: "it is read-only",
        sqlite3.SQLITE_CORRUPT: "it is damaged, or was cut short, or needs its -wal, which is not here",
        sqlite3.SQLITE_NOTADB: "it is no campaign ledger",
        sqlite3.SQLITE_IOERR: "the disk is full, or fails",
        sqlite3.SQLITE_BUSY: f"another program has kept it busy for {BUSY_SECONDS:g} seconds",
    }.get(code_of(error))
    return f"{said} ({_short(error)})" if said else _short(error)


def _short(error: sqlite3.Error) -> str:
    """What SQLite says; in the middle it may quote a whole cell, or the schema."""
    text = str(error)
    return text if len(text) <= _MOST_WORDS else f"{text[: _MOST_WORDS // 2]} … {text[-_MOST_WORDS // 2 :]}"
