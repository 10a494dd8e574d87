"""The check of a ledger that is to be opened: all that was ever written to it is in it, or in its ``-wal``.

``file`` says what is written where, so that this can be told.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from ..refusals import refusal
from ..rows import Number
from . import opening
from .lock import RunLock
from .schema import SESSIONS_SINCE, UPGRADE, VERSION
from .typed_rows import file_named, only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOOKS: Final = 20
_LOOK_SECONDS: Final = 0.05
"""A ``-wal`` that is missing is looked for so often, so long apart: another process may just be opening the file."""

UNKNOWN_BOOT: Final = "-"
"""The name of a machine's run that can't be known."""


class CheckedConnection(NamedTuple):
    """A connection that reads a ledger from which nothing is missing.

    ``lags``: the ledger has been further than what is seen through it, so nothing may be written.
    """

    reading: sqlite3.Connection
    lags: bool = False


def open_checked(path: Path, lock: RunLock, boot: str, writer: Callable[[], sqlite3.Connection]) -> CheckedConnection:
    """A look at the ledger at ``path``, from which nothing is missing.

    ``lock`` is its run lock, ``boot`` the name of this machine's run; ``writer`` gives the connection that writes, for
    version 1 that is brought up to this one. Raises ``LedgerError`` if something is missing, or the version is
    a newer one.

    Whoever looks through SQLite makes a ``-shm`` that says what the ``-wal`` holds, and holds on to it: a ``-wal`` that
    is brought meanwhile is taken for empty, overwritten and deleted. So nobody looks that way at a main file that lacks
    its ``-wal``, and what is seen must not be less than what the lock says was written.
    """
    for left in reversed(range(_LOOKS)):
        has_wal = _has_wal(path)
        if left and not has_wal and not _stands_alone(path, boot):
            time.sleep(_LOOK_SECONDS)
            continue
        reading = opening.connect(path, writing=False)
        try:
            version = opening.version_of(reading, path)
            if version < SESSIONS_SINCE:
                _upgrade(path, lock, writer)
            whole = _belong_together(reading)
            if has_wal and not whole:
                raise refusal(
                    path,
                    "the -wal file beside it belongs to another ledger, or to another time of this one: bring the"
                    " one that was beside it when it was last written to",
                )
            if whole and _was_emptied(reading):
                writer()  # which wants a -wal again
                return CheckedConnection(reading)
            witnessed = _is_witnessed(reading, boot)
            if whole and (version < SESSIONS_SINCE or is_closed(reading) or witnessed):
                return CheckedConnection(reading)
            if whole and has_wal and (witnessed is None or not left):
                return CheckedConnection(reading, lags=witnessed is not None)
        except BaseException:
            reading.close()
            raise
        (place,) = only(reading.execute("SELECT place FROM session"), tuple[str | None])
        reading.close()
        if left:
            time.sleep(_LOOK_SECONDS)
    raise refusal(
        path,
        f"it was not closed in order, and what was sent last stands in its -wal file, which is not here: bring"
        f" {opening.wal_of(path).name} beside it (it was last written to as {place}, so look for {place}-wal);"
        " if that is lost, nobody can know from this file who was sent to: see docs/campaigns.md",
    )


def is_closed(connection: sqlite3.Connection) -> bool:
    """Whether the main file says that nothing of it is elsewhere."""
    return bool(only(connection.execute("SELECT closed FROM session"), tuple[int])[0])


def checkpoint(connection: sqlite3.Connection) -> bool:
    """Bring everything into the main file, synced; false if somebody reads something older for too long."""
    busy, written, brought = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
    return not busy and written == brought


def changes_of(connection: sqlite3.Connection) -> int:
    """How often the ledger was changed, as far as this file knows."""
    return only(connection.execute("SELECT changes FROM progress"), tuple[Number])[0]


def _has_wal(path: Path) -> bool:
    """Whether there is a ``-wal`` with something in it: SQLite makes an empty one whenever it looks."""
    try:
        return opening.wal_of(path).stat().st_size > 0
    except FileNotFoundError:
        return False


def _stands_alone(path: Path, boot: str) -> bool:
    """Whether the main file says by itself that nothing is missing; false as well while somebody writes to it."""
    try:
        with contextlib.closing(opening.main_file(path)) as main:
            sessions = SESSIONS_SINCE <= opening.schema_of(main) <= VERSION
            if not sessions or opening.foreign_program(main) is not None:
                return True  # what it is then, is said by whoever opens it
            return is_closed(main) or bool(_is_witnessed(main, boot))
    except (sqlite3.Error, UnicodeDecodeError):  # the second for SQLite's own words, which quote a damaged file
        return False


def _is_witnessed(reading: sqlite3.Connection, boot: str) -> bool | None:
    """Whether every change that was made is seen; ``None`` if there is nobody to tell.

    Only the lock of the place that the main file names can: whoever writes to the ledger at another one says so there
    first.
    """
    ledger, place = only(reading.execute("SELECT ledger, place FROM session"), tuple[str, str | None])
    witness = None if place is None else RunLock(file_named(place)).witness()
    if witness is None or (witness.ledger, witness.boot) != (ledger, boot) or boot == UNKNOWN_BOOT:
        return None
    return witness.changes <= changes_of(reading)


def _upgrade(path: Path, lock: RunLock, writer: Callable[[], sqlite3.Connection]) -> None:
    if not lock.try_to_take():
        raise refusal(path, "an older version of customersms_async is running it")
    try:
        connection = writer()
        try:
            if opening.version_of(connection, path) < SESSIONS_SINCE:
                connection.executescript(f"BEGIN IMMEDIATE; {UPGRADE} COMMIT;")
                checkpoint(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    finally:
        lock.free()


def _belong_together(connection: sqlite3.Connection) -> bool:
    """Whether the ``-wal`` is of this main file, and of its last session."""
    query = "SELECT session.era = progress.era FROM session, progress"
    return bool(only(connection.execute(query), tuple[int | None])[0])


def _was_emptied(connection: sqlite3.Connection) -> bool:
    """Whether somebody has told SQLite to do without a ``-wal``, for which it brings all into the main file."""
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal")
