"""All that a ledger holds, in a new ledger's file that nobody has open: what a move carries, and what it leaves there.

A file is packed by SQLite itself, and a packed one becomes the ledger at a place when it is complete.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final

from ..._runtime.new_files import give_place, sync_folder
from ..refusals import refusal
from . import move_rows, opening
from .errors import translated
from .lock import RunLock
from .typed_rows import only

if TYPE_CHECKING:
    from pathlib import Path

    from ..moving import LedgerMove

_SIDES: Final = ("-wal", "-shm", "-journal")
"""The ends of the names of files that belong to a ledger which is in use, or was not closed in order."""


def pack(connection: sqlite3.Connection, to: Path) -> None:
    """Write all that this connection sees into the file ``to``, which is empty or not there."""
    connection.execute("VACUUM INTO ?", (str(to),))


def say_it_arrives(packed: Path, said: LedgerMove, changes: int = 0) -> None:
    """Make what was packed a ledger that was never open, in which ``said`` is the last word, and make it durable.

    ``changes`` is how often it counts as changed at least, so that nobody takes it for an older copy of what was there.
    """
    with translated(packed), contextlib.closing(sqlite3.connect(packed, isolation_level=None)) as db:
        for setting in opening.DURABLE:
            db.execute(setting)
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE session SET closed = 1, place = NULL, era = ''")
        db.execute("UPDATE progress SET era = '', changes = max(changes, ?) + 1", (changes,))
        move_rows.append(db, said)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")


def changes_known(path: Path, ledger: str) -> int:
    """How often the ledger of this id was changed when it was at ``path`` before, by what stands beside it there."""
    witness = RunLock(path).witness()
    return witness.changes if witness is not None and witness.ledger == ledger else 0


def ledger_in(packed: Path) -> str:
    """The id of the ledger that was packed."""
    with translated(packed), contextlib.closing(sqlite3.connect(packed)) as db:
        return only(db.execute("SELECT ledger FROM session"), tuple[str])[0]


def place(packed: Path, path: Path) -> None:
    """Give what was packed its place, unless there is something by now; durable when it returns."""
    _refuse_leftovers(path)
    lock = RunLock(path)
    lock.take()
    try:
        with translated(path):
            give_place(packed, path)
            packed.unlink(missing_ok=True)
            sync_folder(path.parent)
    finally:
        lock.free()


def put_aside(path: Path, identity: opening.Identity, name: str) -> None:
    """Give the ledger at ``path``, which was that file, another name, so that its place is free."""
    lock = RunLock(path)
    lock.take()
    try:
        _refuse_leftovers(path)
        with translated(path):
            if opening.identity(path) != identity:
                raise refusal(path, "it was replaced by another file while in use")
            path.rename(path.with_name(name))
            sync_folder(path.parent)
    finally:
        lock.free()


def _refuse_leftovers(path: Path) -> None:
    for end in _SIDES:
        if path.with_name(path.name + end).exists():
            raise refusal(
                path,
                f"there is a {path.name}{end} beside it: another program has the ledger open, or did not close it in"
                " order; end that program, then open the ledger once and close it",
            )
