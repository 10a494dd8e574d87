"""The open file of a ``SQLiteQuota``: checked when opened, watched while in use.

Everything here is synchronous and belongs to one thread.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..._runtime import forks
from ...errors import QuotaStoreError
from .file_time import file_time_us
from .key_rows import KeyRows
from .place import START_ANEW, identity, look, make
from .schema import APPLICATION_ID, VERSION, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..host_clock import Moment

_MISCOUNTED: Final = """
SELECT count(*) FROM keys
WHERE held <> (SELECT count(*) FROM held WHERE held.key = keys.key)
   OR end - first <> (SELECT count(*) FROM settled WHERE settled.key = keys.key AND number >= first AND number < end)
   OR first < (SELECT coalesce(max(steps.end), 0) FROM steps WHERE steps.key = keys.key)
"""

_REASONS: Final = {
    sqlite3.SQLITE_READONLY: "can't be written",
    sqlite3.SQLITE_PERM: "can't be written",
    sqlite3.SQLITE_FULL: "can't be written, as the disk is full",
    sqlite3.SQLITE_IOERR: "can't be read or written, as the disk failed",
    sqlite3.SQLITE_CANTOPEN: "can't be opened, or its folder can't be written",
}
_UNUSABLE: Final = "can't be used"
_LOCKED: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}


class QuotaFile:
    """The open file; each ``key`` block is one transaction, and every failure a ``QuotaStoreError``.

    ``lock_timeout`` is in seconds. Mutable state: the connection, and how safely it writes at the moment.
    """

    def __init__(self, path: Path, clock: Callable[[], Moment], lock_timeout: float) -> None:
        self._path, self._clock, self._lock_timeout = path, clock, lock_timeout
        self._durable = True
        with self._explained():
            self._db = self._opened(Path(os.path.realpath(path)))

    def close(self) -> None:
        """Close the file; the last one to do so, in any process, empties and removes its -wal and -shm files."""
        with self._explained():
            self._db.close()

    def let_go(self) -> bool:
        """Close the file before a fork; between two jobs that is always possible."""
        try:
            self.close()
        except QuotaStoreError:
            return False
        return True

    @contextmanager
    def key(self, key_id: str, *, durable: bool = False) -> Iterator[KeyRows]:
        """One transaction over one key, for the length of a ``with`` block; time is read when it has the lock.

        It survives the end of the process, and if ``durable`` a loss of power too. A transaction that only lets go of
        tokens need not: without it they come back later, never earlier. That halves the waits for the disk.
        """
        with self._explained():
            if durable is not self._durable:
                self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._check_place()
                rows = KeyRows(self._db, key_id, file_time_us(self._db, self._clock()))
                yield rows
                rows.save()
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _opened(self, real: Path) -> sqlite3.Connection:
        if (before := look(real)) is None:
            make(real, self._clock())
            before = look(real)
        if before is not None and forks.is_disowned(before):
            raise QuotaStoreError(
                f"The quota file {self._path} was in use when this process was forked, and can't be used here: "
                "fork first, or start the process anew (multiprocessing's spawn)."
            )
        db = sqlite3.connect(f"{real.as_uri()}?mode=rw", uri=True, timeout=self._lock_timeout, isolation_level=None)
        try:
            self._check(db)
            self._places = [self._path, Path(f"{real}-wal"), Path(f"{real}-shm")]  # each holds a part of the truth
            self._files = [identity(place) for place in self._places]
            if self._files[0] != before:
                raise QuotaStoreError(f"The quota file {self._path} was replaced while it was being opened.")
        except BaseException:
            db.close()
            raise
        return db

    def _check(self, db: sqlite3.Connection) -> None:
        """Refuse what is not ours or not whole; reads all of it, some 10 ms for a day of 50,000 requests."""
        if _pragma(db, "application_id") != APPLICATION_ID:
            raise QuotaStoreError(f"{self._path} is not a quota file: it is another application's database.")
        if (version := _pragma(db, "user_version")) not in (1, VERSION):
            raise QuotaStoreError(
                f"The quota file {self._path} has version {version}, and this customersms_async knows {VERSION} only: "
                "update customersms_async."
            )
        if _pragma(db, "journal_mode = WAL") != "wal":
            raise QuotaStoreError(f"The quota file {self._path} needs a disk on which SQLite can keep a -wal file.")
        for setting in ("synchronous = FULL", "fullfsync = ON", "trusted_schema = OFF"):
            db.execute(f"PRAGMA {setting}")
        if (found := _pragma(db, "integrity_check(1)")) != "ok":
            raise sqlite3.DataError(" ".join(str(found).split()))
        if version == 1:
            upgrade(db)
        if db.execute(_MISCOUNTED).fetchone() != (0,):
            raise sqlite3.DataError("its counts and its rows disagree")

    def _check_place(self) -> None:
        """Refuse a file that is no longer at its place, as nobody else would see what is counted in it."""
        with suppress(OSError):
            if [identity(place) for place in self._places] == self._files:
                return
        raise QuotaStoreError(
            f"The quota file {self._path} (or its -wal or -shm file) was deleted, moved or replaced while in use:"
            " put it back, or restart every program that uses it."
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise QuotaStoreError(f"The quota file {self._path} can't be used: {error.strerror}.") from error
        except sqlite3.DatabaseError as error:
            raise QuotaStoreError(f"The quota file {self._path} {self._reason(error)}") from error

    def _reason(self, error: sqlite3.DatabaseError) -> str:
        found_here = sqlite3.SQLITE_CORRUPT if type(error) is sqlite3.DataError else sqlite3.SQLITE_INTERNAL
        code = getattr(error, "sqlite_errorcode", found_here) & 0xFF  # the rest says more than anybody could act on
        if code in _LOCKED:
            return f"is locked: another program has kept it so for {self._lock_timeout:g} seconds."
        if code == sqlite3.SQLITE_NOTADB:
            return f"is not a quota file, or is damaged: {error}. {START_ANEW}"
        if code in _DAMAGED:
            return f"is damaged: {error}. {START_ANEW}"
        return f"{_REASONS.get(code, _UNUSABLE)}: {error}."


def _pragma(db: sqlite3.Connection, name: str) -> object:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
