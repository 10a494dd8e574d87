"""An answer that comes when its recipients are not being sent to any more, as its process was taken for dead.

Runs in the ledger's own thread, within the transaction that records the attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models import Code, Status
from ..id_ranges import ranges
from ..refusals import refusal
from ..states import ANSWERS, State, after, late
from .typed_rows import typed

if TYPE_CHECKING:
    import sqlite3

    from ...models import Outcome
    from ..rows import Intent
    from .file import LedgerFile


def take_in(db: sqlite3.Connection, file: LedgerFile, intent: Intent, outcomes: list[Outcome], now_us: int) -> None:
    """Have each recipient be what ``states.late`` says; note who may have got the text twice.

    Raises ``LedgerError`` for a ledger that does not know the attempt, as one that was changed.
    """
    if db.execute("SELECT ids FROM attempts WHERE id = ?", (intent.attempt_id,)).fetchone() != (ranges(intent.ids),):
        raise _changed(file)
    for outcome in outcomes:
        state, code, attempt_id = _recipient(db, file, outcome.index)
        if attempt_id is None or attempt_id < (intent.attempt_id or 0):
            raise _changed(file)
        if attempt_id == intent.attempt_id or (state is State.PLANNED and outcome.status is Status.ACCEPTED):
            _move(db, outcome, state, code, now_us)
        elif outcome.status is Status.ACCEPTED:
            db.execute("INSERT INTO doubles VALUES (?, ?, ?)", (intent.attempt_id, outcome.index, now_us))


def _recipient(db: sqlite3.Connection, file: LedgerFile, number: int) -> tuple[State, str, int | None]:
    found = typed(
        db.execute("SELECT state, code, attempt_id FROM recipients WHERE id = ?", (number,)),
        tuple[State, str, int | None],
    )
    if not found:
        raise _changed(file)
    return found[0]


def _move(db: sqlite3.Connection, outcome: Outcome, state: State, code: str, now_us: int) -> None:
    event = ANSWERS[outcome.status] if state is State.SENDING else late(state, code, outcome.status)
    said, error = ("", None) if outcome.status is Status.UNSENT else (outcome.code or "", outcome.error)
    if event is not None:
        db.execute(
            "UPDATE recipients SET state = ?, code = ?, error = ?, message_id = ?, updated_us = ? WHERE id = ?",
            (after(state, event), said, error, outcome.message_id, now_us, outcome.index),
        )
    elif (state, code) == (State.UNKNOWN, Code.INTERRUPTED):  # its own words are worth more than that there were none
        db.execute(
            "UPDATE recipients SET code = ?, error = ?, updated_us = ? WHERE id = ?",
            (said, error, now_us, outcome.index),
        )


def _changed(file: LedgerFile) -> Exception:
    return refusal(file.path, "recipients that were being sent to are not so any more: the ledger was changed")
