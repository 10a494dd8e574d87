"""The open file of a store: checked when opened, watched while in use.

Everything here is synchronous and belongs to one thread.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..._runtime import forks
from ...errors import CustomerSMSError, QuotaStoreError
from .file_place import StoreKind, identity, look, make
from .file_time import file_time_us
from .key_rows import KeyRows
from .schema import APPLICATION_ID, CHANGES, SCHEMA, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..host_clock import Moment
    from .cap_rows import CapRows

_MISCOUNTED: Final = """
SELECT count(*) FROM keys
WHERE held <> (SELECT count(*) FROM held WHERE held.key = keys.key)
   OR end - first <> (SELECT count(*) FROM settled WHERE settled.key = keys.key AND number >= first AND number < end)
   OR first < (SELECT coalesce(max(steps.end), 0) FROM steps WHERE steps.key = keys.key)
"""

_MISCOUNTED_CAPS: Final = """
SELECT (SELECT count(*) FROM cap_texts) <> (SELECT coalesce(sum(texts), 0) FROM cap_scopes) OR EXISTS (
    SELECT * FROM cap_scopes WHERE texts <> (SELECT count(*) FROM cap_texts WHERE cap_texts.scope = cap_scopes.scope)
)
"""

_REASONS: Final = {
    sqlite3.SQLITE_READONLY: "can't be written",
    sqlite3.SQLITE_PERM: "can't be written",
    sqlite3.SQLITE_FULL: "can't be written, as the disk is full",
    sqlite3.SQLITE_IOERR: "can't be read or written, as the disk is full or fails",
    sqlite3.SQLITE_CANTOPEN: "can't be opened, or its folder can't be written",
}
_UNUSABLE: Final = "can't be used"
_LOCKED: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_PASSING: Final = {*_LOCKED, sqlite3.SQLITE_FULL}
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}


QUOTA_FILE: Final = StoreKind(
    "quota file",
    lambda message, passing: QuotaStoreError(message),  # noqa: ARG005 - none of its errors is said to pass
    "Restore it; or delete it, with its -wal and -shm files, to start with an unused quota.",
    APPLICATION_ID,
    VERSION,
    SCHEMA,
    CHANGES,
)


class StoreFile:
    """An open file; each block of ``transaction`` is one, and every failure an error of its kind.

    ``lock_timeout`` is in seconds. Mutable state: the connection, and how safely it writes at the moment.
    """

    kind: StoreKind

    def __init__(self, path: Path, clock: Callable[[], Moment], lock_timeout: float) -> None:
        self._path, self._clock, self._lock_timeout = path, clock, lock_timeout
        self._durable = True
        with self._explained():
            self._real = Path(os.path.realpath(path))
            self._db = self._opened(self._real)

    def close(self) -> None:
        """Close the file; the last one to do so, in any process, empties and removes its -wal and -shm files.

        Not where others may have begun their own: what they wrote would be overwritten.
        """
        with self._explained():
            if self._is_in_place or not self._is_here:
                self._db.close()
                return
            with closing(sqlite3.connect(f"{self._real.as_uri()}?mode=ro", uri=True)) as reading:
                reading.execute(
                    "SELECT count(*) FROM sqlite_master"
                ).fetchone()  # while it reads, nobody is the last one
                self._db.close()

    def let_go(self) -> bool:
        """Close the file before a fork; between two jobs that is always possible."""
        try:
            self.close()
        except CustomerSMSError:
            return False
        return True

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[tuple[sqlite3.Connection, int]]:
        """One transaction, for the length of a ``with`` block, and the file's time, read when it has the lock.

        It survives the end of the process, and if ``durable`` a loss of power too. Whether the file is at its place is
        looked at last: only the COMMIT writes to it.
        """
        with self._explained():
            if durable is not self._durable:
                self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db, file_time_us(self._db, self._clock())
                self._check_place()
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _opened(self, real: Path) -> sqlite3.Connection:
        if (before := look(real, self.kind)) is None:
            make(real, self._clock(), self.kind)
            before = look(real, self.kind)
        if before is not None and forks.is_disowned(before):
            raise self._error(
                f"The {self.kind.words} {self._path} was in use when this process was forked, and can't be used here: "
                "fork first, or start the process anew (multiprocessing's spawn)."
            )
        db = sqlite3.connect(f"{real.as_uri()}?mode=rw", uri=True, timeout=self._lock_timeout, isolation_level=None)
        try:
            self._check(db)
            self._places = [self._path, Path(f"{real}-wal"), Path(f"{real}-shm")]  # each holds a part of the truth
            self._files = [identity(place) for place in self._places]
            if self._files[0] != before:
                raise self._error(f"The {self.kind.words} {self._path} was replaced while it was being opened.")
        except BaseException:
            db.close()
            raise
        return db

    def _check(self, db: sqlite3.Connection) -> None:
        """Refuse what is not ours or not whole; reads all of it."""
        kind = self.kind
        if _pragma(db, "application_id") != kind.application_id:
            raise self._error(f"{self._path} is not {_a(kind.words)}: it is another application's database.")
        if (version := _pragma(db, "user_version")) not in (kind.version, *kind.changes):
            raise self._error(
                f"The {kind.words} {self._path} has version {version}, and this customersms_async knows "
                f"{kind.version} only: update customersms_async."
            )
        if _pragma(db, "journal_mode = WAL") != "wal":
            raise self._error(f"The {kind.words} {self._path} needs a disk on which SQLite can keep a -wal file.")
        for setting in ("synchronous = FULL", "fullfsync = ON", "trusted_schema = OFF"):
            db.execute(f"PRAGMA {setting}")
        if (found := _pragma(db, "integrity_check(1)")) != "ok":
            raise sqlite3.DataError(" ".join(str(found).split()))
        if version != kind.version:
            self._upgrade(db)
        self._check_rows(db)

    def _upgrade(self, db: sqlite3.Connection) -> None:
        """Bring a file of an earlier version to this one, unless another process is first; all of it or nothing."""
        db.execute("BEGIN IMMEDIATE")
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            for statement in self.kind.changes.get(version, "").split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {self.kind.version}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _check_rows(self, db: sqlite3.Connection) -> None:
        """Refuse a file whose rows can't be."""

    def _error(self, message: str, *, passing: bool = False) -> Exception:
        return self.kind.error(message, passing)

    def _check_place(self) -> None:
        """Refuse a file that is no longer at its place, as nobody else would see what is counted in it."""
        if self._is_in_place:
            return
        raise self._error(
            f"The {self.kind.words} {self._path} (or its -wal or -shm file) was deleted, moved or replaced while in"
            " use: put it back, or restart every program that uses it."
        )

    @property
    def _is_in_place(self) -> bool:
        with suppress(OSError):
            return [identity(place) for place in self._places] == self._files
        return False

    @property
    def _is_here(self) -> bool:
        """Whether the main file is still at its place, whatever became of the two beside it."""
        with suppress(OSError):
            return identity(self._places[0]) == self._files[0]
        return False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(
                f"The {self.kind.words} {self._path} can't be used: {error.strerror or error}."
            ) from error
        except sqlite3.DatabaseError as error:
            passing = _code(error) in _PASSING
            raise self._error(f"The {self.kind.words} {self._path} {self._reason(error)}", passing=passing) from error

    def _reason(self, error: sqlite3.DatabaseError) -> str:
        code = _code(error)
        if code in _LOCKED:
            return f"is locked: another program has kept it so for {self._lock_timeout:g} seconds."
        if code == sqlite3.SQLITE_NOTADB:
            return f"is not {_a(self.kind.words)}, or is damaged: {error}. {self.kind.start_anew}"
        if code in _DAMAGED:
            return f"is damaged: {error}. {self.kind.start_anew}"
        return f"{_REASONS.get(code, _UNUSABLE)}: {error}."


class QuotaFile(StoreFile):
    """The open file of a ``SQLiteQuota``."""

    kind = QUOTA_FILE

    @contextmanager
    def key(self, key_id: str, *, durable: bool = False) -> Iterator[KeyRows]:
        """One transaction over one key, for the length of a ``with`` block.

        One that only lets go of tokens need not be ``durable``: without it they come back later, never earlier. That
        halves the waits for the disk.
        """
        with self.transaction(durable=durable) as (db, now_us):
            rows = KeyRows(db, key_id, now_us)
            yield rows
            rows.save()

    @contextmanager
    def caps(self, space: bytes, *, durable: bool = False) -> Iterator[CapRows]:
        """One transaction over the caps of one space, for the length of a ``with`` block."""
        from .cap_rows import CapRows  # few use caps

        with self.transaction(durable=durable) as (db, now_us):
            yield CapRows(db, space, now_us)

    def _check_rows(self, db: sqlite3.Connection) -> None:
        """Refuse a file whose counts are wrong: all of it takes some 10 ms for a day of 50,000 requests."""
        if any(db.execute(query).fetchone() != (0,) for query in (_MISCOUNTED, _MISCOUNTED_CAPS)):
            raise sqlite3.DataError("its counts and its rows disagree")


def _code(error: sqlite3.DatabaseError) -> int:
    found_here = sqlite3.SQLITE_CORRUPT if type(error) is sqlite3.DataError else sqlite3.SQLITE_INTERNAL
    code: int = getattr(error, "sqlite_errorcode", found_here)
    return code & 0xFF  # the rest says more than anybody could act on


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _pragma(db: sqlite3.Connection, name: str) -> object:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
