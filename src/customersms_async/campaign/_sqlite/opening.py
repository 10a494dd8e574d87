"""A ledger's file: made whole or not at all, and looked at before anything is done with it.

Nothing but SQLite ever opens the file: to close a descriptor of it, whichever, would let go of every lock that this
process has on it (POSIX), and another process would take the file for unused.
"""

from __future__ import annotations

import contextlib
import glob
import os
import sqlite3
import stat
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from ..._runtime import forks
from ..._runtime.new_files import give_place, sync_folder
from ...errors import LedgerError
from ..refusals import refusal
from . import queries
from .errors import BUSY_SECONDS, code_of, translated
from .first_tables import APPLICATION_ID
from .move_schema import MOVED
from .schema import ORIGINS, SCHEMA, TRIGGERS, VERSION, ZONES
from .typed_rows import only, typed

_CACHE_KB: Final = 4_096

DURABLE: Final = ("PRAGMA synchronous = FULL", "PRAGMA fullfsync = ON")
"""A commit survives a loss of power; on macOS only with the second, else it may be in the disk's cache for a while."""

_OUR_SCHEMA: Final = " ".join(" ".join([SCHEMA, *ORIGINS, *ZONES, *MOVED]).replace("IF NOT EXISTS ", "").split())

_SMALLEST: Final = 512
"""Bytes; no database has smaller pages. SQLite takes what is shorter for an empty one."""


class Identity(NamedTuple):
    """The identity of a file, whatever its name: it stays the same for as long as somebody has it open."""

    device: int
    inode: int


def identity(path: Path) -> Identity:
    """The identity of the file at ``path``. Raises ``OSError``."""
    status = path.stat()
    return Identity(status.st_dev, status.st_ino)


def wal_of(path: Path) -> Path:
    """The file with the newest changes of the ledger at ``path``."""
    return path.with_name(path.name + "-wal")


def create(path: Path) -> None:
    """Make an empty ledger, mode 0600, at a name that is free.

    It gets its name when it is complete, so that a file cut to nothing is never taken for a new one.
    """
    for extra in ("-wal", "-shm", "-journal"):
        if path.with_name(path.name + extra).exists() and not path.exists():  # else somebody has just made it
            raise LedgerError(f"{path}: there is a {path.name}{extra} without its ledger", path=str(path))
    with translated(path):
        opened, name = tempfile.mkstemp(prefix=f"{path.name}.new-", dir=path.parent)  # mode 0600
        os.close(opened)
        new = Path(name)
        try:
            with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
                for setting in DURABLE:
                    connection.execute(setting)
                connection.executescript(SCHEMA)
                connection.execute("PRAGMA journal_mode = WAL")
            give_place(new, path)  # if another program was faster, that one is the ledger
            sync_folder(path.parent)
        finally:
            new.unlink(missing_ok=True)


def name_aside(path: Path, found: Identity) -> Path:
    """The other name for the ledger at ``path``, which was found there and is to be replaced by a move."""
    return path.with_name(f"{path.name}.moved-{time.strftime('%Y%m%d-%H%M%S')}-{found.inode}")


def names_aside(path: Path, found: Identity) -> list[Path]:
    """The names that ``name_aside`` gave the file at ``path``, which a move was to replace when it was killed.

    It may only be read, so that nothing of it is ever elsewhere.
    """
    names = path.parent.glob(f"{glob.escape(path.name)}.moved-*-{found.inode}")
    return [name for name in names if identity(name) == found]


def look(path: Path) -> Identity:
    """The identity of what may be a ledger. Raises ``LedgerError`` for what can't be one, or not be used here."""
    with translated(path):
        status = path.stat()
        if status.st_nlink > 1:
            status = _without_leftovers(path, status)
        found = Identity(status.st_dev, status.st_ino)
        if not stat.S_ISREG(status.st_mode):
            raise refusal(path, "it is no campaign ledger")
        if status.st_size < _SMALLEST:
            raise refusal(path, "it is no campaign ledger" if status.st_size else "it is empty, and no ledger ever is")
        if status.st_nlink > 1 + len(names_aside(path, found)):
            raise refusal(
                path,
                "it has a second name (a hard link), and its newest changes would be found by one of them only:"
                " remove the other",
            )
        if forks.is_disowned(found):
            raise refusal(
                path,
                "it was being written to when this process was forked, and can't be used here: fork first, or start"
                " the process anew (multiprocessing's spawn)",
            )
        if _is_mounted(path):
            raise refusal(
                path,
                "it is mounted by itself, and its newest changes would be found by one of its names only: mount its"
                " folder",
            )
        for needed in (path, path.parent):
            if not os.access(needed, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                raise refusal(path, "it is read-only" if needed == path else "its folder is read-only")
    return found


def connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """A connection to a ledger, every commit of which is durable. Raises ``LedgerError``.

    One that only reads has the file open for reading alone, so that it is never the one which empties and deletes the
    ``-wal`` at its end. Where the disk has no room for the memory that processes share (``-shm``), it reads as the only
    one there is: see ``is_alone``.
    """
    with translated(path):
        if writing:
            return _connect(path, "mode=rw", "PRAGMA journal_mode = WAL")
        try:
            return _connect(path, "mode=ro")
        except sqlite3.OperationalError as error:
            if code_of(error) not in _NO_ROOM:
                raise
            return _connect(path, "mode=rw", "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA query_only = ON")


def main_file(path: Path) -> sqlite3.Connection:
    """A connection that sees what the main file alone says, and makes no ``-wal`` and no ``-shm`` beside it.

    Raises ``sqlite3.Error``, also where somebody is just writing to the main file.
    """
    return sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", isolation_level=None, uri=True)


_NO_ROOM: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def is_alone(connection: sqlite3.Connection) -> bool:
    """Whether this connection keeps all others out, as the disk was full when it was made."""
    return bool(connection.execute("PRAGMA locking_mode").fetchone() == ("exclusive",))


def _connect(path: Path, mode: str, *settings: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{mode}", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True
    )
    try:
        for setting in (*settings, *DURABLE, f"PRAGMA cache_size = -{_CACHE_KB}"):
            connection.execute(setting)
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens the -wal as well
    except BaseException:
        connection.close()
        raise
    return connection


def ledger_of(path: Path) -> str | None:
    """The id of the ledger at ``path``, whether it may be used or not; ``None`` if there is none.

    The main file alone says it, from the beginning on.
    """
    with translated(path):
        try:
            with contextlib.closing(main_file(path)) as connection:
                if foreign_program(connection) is not None:
                    return None
                return only(connection.execute("SELECT ledger FROM session"), tuple[str])[0]
        except sqlite3.DatabaseError as error:
            if code_of(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):  # no such table
                return None
            raise


def foreign_program(connection: sqlite3.Connection) -> str | None:
    """The name of a view, a trigger or a virtual table that is somebody else's: what looks at it may never end."""
    query = "SELECT name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') OR sql LIKE 'CREATE VIRTUAL%'"
    found = typed(connection.execute(query), tuple[str, str])
    return next((name for name, sql in found if " ".join(sql.split()) not in _OUR_SCHEMA), None)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version. Raises ``LedgerError`` if it is no ledger, or not ours alone, or of a newer version."""
    with translated(path):
        if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
            raise refusal(path, "it is no campaign ledger")
        version = schema_of(connection)
        if version > VERSION:  # said first, as a newer version may have triggers that this one does not know
            words = f"it was made by a newer version of customersms_async (schema {version}, not {VERSION})"
            raise refusal(path, words)
        foreign = foreign_program(connection)
        if foreign is not None:
            reason = f"it holds a view, a trigger or a table that no campaign makes ({foreign[:40]}): drop it"
            raise refusal(path, reason)
    return version


def schema_of(connection: sqlite3.Connection) -> int:
    """The schema's version, whatever else the file is."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def knows_moves(connection: sqlite3.Connection) -> bool:
    """Whether the file itself refuses what is no move."""
    found = typed(connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"), tuple[str])
    return {name for (name,) in found} >= TRIGGERS


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``LedgerError`` if recipients are missing at the end; the cheap look that every opening takes."""
    with translated(path):
        given = queries.added(connection)
        (last,) = only(connection.execute("SELECT max(id) FROM recipients"), tuple[int | None])
    if (0 if given is None else given.recipients) != (0 if last is None else last + 1):
        raise refusal(path, "it is damaged: it does not hold all recipients that were added")


def check_all(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``LedgerError`` if any page is damaged; reads the whole file, 0.3 s for a million recipients."""
    with translated(path):
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise refusal(path, f"it is damaged: {' '.join(str(found).split())}")


def _without_leftovers(path: Path, status: os.stat_result) -> os.stat_result:
    """Remove the name that ``create`` gave the file first, if it was killed before it could."""
    for other in path.parent.glob(f"{glob.escape(path.name)}.new-*"):
        if other.stat().st_ino == status.st_ino:
            other.unlink()
    return path.stat()


def _is_mounted(path: Path) -> bool:
    """Whether another name of the file was mounted here, as for a container, without its folder (Linux)."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    name = str(path)
    for special in "\\ \t\n":
        name = name.replace(special, f"\\{ord(special):03o}")
    return any(line.split(" ", 5)[4:5] == [name] for line in mounts.splitlines())
