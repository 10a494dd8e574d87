"""What a ledger's file says of the campaign's moves: read, and one row appended with each step.

Runs in the ledger's own thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..move_states import LedgerMove, MoveState, follows, why_away
from ..refusals import CHANGED, refusal, still_sent_to
from ..rows import Microseconds, Number
from ..states import State
from .move_schema import LATER, MOVED
from .typed_rows import typed

if TYPE_CHECKING:
    import sqlite3

    from .file import LedgerFile

_FOUND: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'moves'"
_ROWS: Final = "SELECT move, state, place, at_us, by{} FROM moves"
_COLUMNS: Final = "SELECT name FROM pragma_table_info('moves')"


def moves(connection: sqlite3.Connection) -> list[LedgerMove]:
    """All that was ever said, the oldest first."""
    if connection.execute(_FOUND).fetchone() is None:
        return []
    later = "".join(f", {name}" for name in LATER if name in _columns(connection))
    return typed(connection.execute(f"{_ROWS.format(later)} ORDER BY id"), LedgerMove)


def away(connection: sqlite3.Connection) -> str | None:
    """Why the ledger may only be read; ``None`` if it may be run and changed. Takes some 5 µs."""
    if connection.execute(_FOUND).fetchone() is None:
        return None
    last = connection.execute(f"{_ROWS.format('')} ORDER BY id DESC LIMIT 1")
    return why_away(next(iter(typed(last, LedgerMove)), None))


def say(file: LedgerFile, said: LedgerMove, now_us: int) -> None:
    """Append what is said of a move from now on: see ``MovingLedger.say_of_move``."""
    with file.transaction(moving=True) as db:
        before = moves(db)
        if not follows(before, said):
            raise refusal(file.path, CHANGED)
        if said.state is MoveState.LEAVING:
            _refuse_while_sent_to(file, db)
        append(db, said._replace(at_us=now_us))


def append(db: sqlite3.Connection, said: LedgerMove) -> None:
    """Append one row, within the caller's transaction."""
    for statement in MOVED:
        db.execute(statement)
    for name in LATER.keys() - _columns(db):
        db.execute(LATER[name])
    db.execute(
        "INSERT INTO moves (at_us, move, state, place, by, database, copy) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (said.at_us, said.move, said.state, said.place, said.by, said.database, said.copy),
    )


def _columns(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute(_COLUMNS)}


def _refuse_while_sent_to(file: LedgerFile, db: sqlite3.Connection) -> None:
    sending = db.execute(
        "SELECT count(*), coalesce(max(deadline_us), 0) FROM recipients LEFT JOIN attempts AS a ON a.id = attempt_id"
        " WHERE state = ?",
        (State.SENDING,),
    )
    ((count, until_us),) = typed(sending, tuple[Number, Microseconds])
    if count:
        raise still_sent_to(file.path, count, until_us)
