"""All that a ledger holds, in a new ledger's file that nobody has open: what a move carries, and what it leaves there.

A file is packed by SQLite itself, and a packed one becomes the ledger at a place when it is complete.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._runtime.new_files import give_place, sync_folder
from ..refusals import CHANGED, JUST_TAKEN, refusal
from . import move_rows, opening
from .errors import translated
from .lock import RunLock
from .schema import SCHEMA
from .typed_rows import only

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..move_states import LedgerMove

COPIED: Final = ".copy"
"""The end of the name of a copy that is not complete yet."""

_SIDES: Final = ("-wal", "-shm", "-journal")
"""The ends of the names of files that belong to a ledger which is in use, or was not closed in order."""


class FoundLedgerFile(NamedTuple):
    """A ledger that was found at a place: which file, and all that it said of its moves."""

    identity: opening.Identity
    moves: tuple[LedgerMove, ...]


def pack(connection: sqlite3.Connection, to: Path) -> None:
    """Write all that this connection sees into the file ``to``, which is empty or not there."""
    connection.execute("VACUUM INTO ?", (str(to),))


def make_empty(path: Path, ledger: str) -> None:
    """Make of the empty file at ``path`` a ledger of that id that nobody was added to."""
    with translated(path), contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(SCHEMA)
        db.execute("UPDATE session SET ledger = ?", (ledger,))


def say_it_arrives(packed: Path, rows: Sequence[LedgerMove], changes: int = 0) -> None:
    """Make what was packed a ledger that was never open, in which ``rows`` are the last words, and make it durable.

    ``changes`` is how often it counts as changed at least, so that nobody takes it for an older copy of what was there.
    """
    with translated(packed), contextlib.closing(sqlite3.connect(packed, isolation_level=None)) as db:
        for setting in opening.DURABLE:
            db.execute(setting)
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE session SET closed = 1, place = NULL, era = ''")
        db.execute("UPDATE progress SET era = '', changes = max(changes, ?) + 1", (changes,))
        for said in rows:
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
    """Give what was packed its place. Raises ``LedgerError`` if there is something by then; durable when it returns."""
    lock = RunLock(path)
    lock.take()
    try:
        _refuse_leftovers(path)
        with translated(path):
            identity = opening.identity(packed)
            give_place(packed, path)
            packed.unlink(missing_ok=True)
            sync_folder(path.parent)
            if opening.identity(path) != identity:
                raise refusal(path, JUST_TAKEN)
    finally:
        lock.free()


def replace(packed: Path, path: Path, over: FoundLedgerFile, *, keep: bool) -> str | None:
    """Put what was packed in the place of the ledger that is ``over``; gives the other name that this has, if kept.

    In one step: at no moment is there nothing at ``path``, and what is there can't be run, neither before nor after. So
    what is kept gets its other name first, and has two until it is replaced, which ``opening.look`` lets pass. Where a
    file can't have two names, it is copied. Raises ``LedgerError`` if there is another ledger by then.
    """
    lock = RunLock(path)
    lock.take()
    try:
        _refuse_unless(path, over)
        with translated(path):
            aside = _named_aside(path, over, packed) if keep else None
            sync_folder(path.parent)
            _refuse_unless(path, over)  # as late as can be: whoever opens it just now sees that it was replaced
            os.replace(packed, path)  # noqa: PTH105 - as the word says
            sync_folder(path.parent)
        return None if aside is None else str(aside)
    finally:
        lock.free()


def free(path: Path, over: FoundLedgerFile) -> None:
    """Remove the ledger that only held a name."""
    lock = RunLock(path)
    lock.take()
    try:
        _refuse_unless(path, over)
        with translated(path):
            path.unlink()
            sync_folder(path.parent)
    finally:
        lock.free()


def _named_aside(path: Path, over: FoundLedgerFile, packed: Path) -> Path:
    """Another name for the ledger that is to be replaced, by which it can be read from then on."""
    for name in opening.names_aside(path, over.identity):
        return name  # of a move that was killed here
    aside = opening.name_aside(path, over.identity)
    try:
        os.link(path, aside)
    except (AttributeError, OSError):  # no links (some builds of Python, exFAT, many a network folder)
        copy = packed.with_name(f"{packed.name}{COPIED}")
        copy.unlink(missing_ok=True)
        with contextlib.closing(opening.main_file(path)) as connection:
            pack(connection, copy)
        copy.chmod(0o600)
        give_place(copy, aside)
        copy.unlink(missing_ok=True)
    return aside


def _refuse_unless(path: Path, over: FoundLedgerFile) -> None:
    """Raise ``LedgerError`` unless the ledger at ``path`` is that one still, as it was, and nobody has it open."""
    _refuse_leftovers(path)
    with translated(path):
        with contextlib.closing(opening.main_file(path)) as connection:
            said = tuple(move_rows.moves(connection))
        if opening.identity(path) != over.identity or said != over.moves:
            raise refusal(path, CHANGED)
    _refuse_leftovers(path)


def _refuse_leftovers(path: Path) -> None:
    for end in _SIDES:
        if path.with_name(path.name + end).exists():
            raise refusal(
                path,
                f"there is a {path.name}{end} beside it: another program has the ledger open, or did not close it in"
                " order; end that program, then open the ledger once and close it",
            )
