"""A ledger's file: made whole or not at all, and looked at before SQLite may touch it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
from typing import TYPE_CHECKING, Final

from ..errors import LedgerError
from .schema import APPLICATION_ID, SCHEMA, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS: Final = 60.0
"""How long another program's write is waited for: a person's decision about a million recipients takes seconds."""

_CACHE_KB: Final = 4_096
_HEADER: Final = 100


def create(path: Path) -> None:
    """Make an empty ledger, mode 0600, at a name that is free.

    It gets its name when it is complete, so that a file cut to nothing is never taken for a new one.
    """
    new = path.with_name(f"{path.name}.new-{os.getpid()}")
    for extra in ("-wal", "-shm", "-journal"):
        if path.with_name(path.name + extra).exists():
            raise LedgerError(f"{path}: there is a {path.name}{extra} without its ledger", path=str(path))
    with translated(path):
        try:
            new.unlink(missing_ok=True)
            os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.executescript(SCHEMA)
                connection.execute("PRAGMA journal_mode = WAL")
            with contextlib.suppress(FileExistsError):  # another program was faster: then that one is the ledger
                os.link(new, path)
            _sync_folder(path)
        finally:
            new.unlink(missing_ok=True)


def connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """A connection to a ledger, every commit of which is durable. Raises ``LedgerError``."""
    with translated(path):
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=rw", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            connection.execute("PRAGMA temp_store = FILE")
            if not writing:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def inspect(path: Path) -> None:
    """Raise ``LedgerError`` unless the file is a whole ledger of this version that can be written; changes nothing."""
    with translated(path):
        with path.open("rb") as file:
            header = file.read(_HEADER)
            size = os.fstat(file.fileno()).st_size
        if len(header) < _HEADER or not header.startswith(b"SQLite format 3\0"):
            raise _refusal(path, "it is no campaign ledger" if header else "it is empty, and no ledger ever is")
        application, version = struct.unpack(">I", header[68:72])[0], struct.unpack(">I", header[60:64])[0]
        if application != APPLICATION_ID:
            raise _refusal(path, "it is no campaign ledger")
        if version != VERSION:
            raise _refusal(
                path, f"it was made by a newer version of customersms_async (schema {version}, not {VERSION})"
            )
        if size < _recorded_size(header) and not _size(path.with_name(path.name + "-wal")):
            raise _refusal(path, f"it was cut short: {size:,} bytes of {_recorded_size(header):,} are there")
        for needed in (path, path.parent):
            if not os.access(needed, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                raise _refusal(path, "it is read-only" if needed == path else "its folder is read-only")


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``LedgerError`` if recipients are missing at the end; the cheap look that every opening takes."""
    with translated(path):
        row = connection.execute("SELECT recipients FROM input").fetchone()
        (last,) = connection.execute("SELECT max(id) FROM recipients").fetchone()
    if (0 if row is None else row[0]) != (0 if last is None else last + 1):
        raise _refusal(path, "it is damaged: it does not hold all recipients that were added")


def check_all(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``LedgerError`` if any page is damaged; reads the whole file, 0.3 s for a million recipients."""
    with translated(path):
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise _refusal(path, f"it is damaged: {' '.join(str(found).split())}")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a ``LedgerError``."""
    try:
        yield
    except sqlite3.Error as error:
        raise _refusal(path, _words(error)) from None
    except OSError as error:
        raise _refusal(path, error.strerror or str(error)) from None


def _words(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    said = {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_READONLY: "it is read-only",
        sqlite3.SQLITE_CORRUPT: "it is damaged",
        sqlite3.SQLITE_NOTADB: "it is no campaign ledger",
        sqlite3.SQLITE_IOERR: "the disk is full, or fails",
        sqlite3.SQLITE_BUSY: f"another program has kept it busy for {BUSY_SECONDS:g} seconds",
    }.get(code)
    return f"{said} ({error})" if said else str(error)


def _refusal(path: Path, reason: str) -> LedgerError:
    return LedgerError(f"{path}: {reason}", path=str(path))


def _recorded_size(header: bytes) -> int:
    page, pages = struct.unpack(">H", header[16:18])[0], struct.unpack(">I", header[28:32])[0]
    return (65_536 if page == 1 else page) * pages  # type: ignore[no-any-return]  # struct gives Any


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync_folder(path: Path) -> None:
    """Make the new name itself durable, where the system can."""
    with contextlib.suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
