"""The changes that a run makes in a ledger, each one transaction: it has happened and is durable, or it has not.

Runs in the ledger's own thread. Every statement names the state that it moves from, by the table in ``states``.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ..._core.outcomes import ON_THE_LIST
from ...models import Code, Status
from ..id_ranges import ranges
from ..refusals import refusal
from ..rows import CRASHED, Number, SuppressedMeanwhileError
from ..states import ANSWERS, SKIPS, RecipientEvent, State, after
from ..wanted import WantedChange
from ..wanted_states import WantedEvent
from . import late_answers, many_rows, wanted_rows
from .typed_rows import only

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from ..._core.rulings import Ruling
    from ...models import Outcome
    from ..rows import Intent
    from .file import LedgerFile


def begin(file: LedgerFile, intent: Intent, now_us: int) -> None:
    """Make it durable that a request to these recipients is about to leave.

    Raises ``SuppressedMeanwhileError``, ``CampaignStoppedError`` unless *run* is wanted, and ``LedgerError`` unless
    every one of them is planned and the file is where it was opened; then nothing may leave.
    """
    try:
        with file.transaction() as db:
            attempt_id = _begin(db, intent, file, now_us)
    except SuppressedMeanwhileError as error:
        with file.transaction() as db:
            _skip(db, [(number, Code.SUPPRESSED, ON_THE_LIST) for number in error.ids], now_us)
        raise
    intent.attempt_id = attempt_id
    file.check_place()  # once more: what was written to a file that went away meanwhile is not durable


def _begin(db: sqlite3.Connection, intent: Intent, file: LedgerFile, now_us: int) -> int:
    state = after(State.PLANNED, RecipientEvent.LEAVING)
    deadline_us, figure = now_us + round(intent.timeout * 1e6), _figure(intent.credits_before)
    attempt_id = db.execute(
        "INSERT INTO attempts (began_us, recipients, ids, credits_before, deadline_us) VALUES (?, ?, ?, ?, ?)",
        (now_us, len(intent.ids), ranges(intent.ids), figure, deadline_us),
    ).lastrowid
    moved = many_rows.begin(db, (state, attempt_id, now_us), intent.ids)
    if moved != len(intent.ids):
        if done := _done_among(db, intent.ids):
            raise SuppressedMeanwhileError(done)
        raise refusal(file.path, "recipients that were to be sent to are not planned any more: the ledger was changed")
    if (stop := wanted_rows.stop(db)) is not None:
        raise stop
    assert attempt_id is not None  # noqa: S101 - it was inserted
    return attempt_id


def record(file: LedgerFile, intent: Intent, ruling: Ruling, now_us: int) -> None:
    """Make durable what became of an attempt; nothing, if it never came to be one, or was recorded before.

    Where its recipients are not being sent to any more, what the answer proves counts: see ``late_answers``.
    """
    if intent.attempt_id is None:
        return
    try:
        _record(file, intent, ruling, now_us, is_late=False)
    except _LateAnswerError:
        _record(file, intent, ruling, now_us, is_late=True)


class _LateAnswerError(Exception):
    """Raised where not all recipients of an attempt are being sent to by it; nothing is changed then."""


def _record(file: LedgerFile, intent: Intent, ruling: Ruling, now_us: int, *, is_late: bool) -> None:
    with file.transaction(anywhere=True) as db:
        if db.execute("SELECT 1 FROM answers WHERE attempt_id = ?", (intent.attempt_id,)).fetchone() is not None:
            return
        if is_late:
            late_answers.take_in(db, file, intent, ruling.outcomes, now_us)
            if any(o.status is Status.UNSENT for o in ruling.outcomes):  # the run may have ended before that was known
                wanted_rows.append(db, WantedChange(event=WantedEvent.LATE), now_us)
        else:
            _move_all(db, intent, ruling.outcomes, now_us)
        _answer(db, intent, ruling, now_us)


def _move_all(db: sqlite3.Connection, intent: Intent, outcomes: Sequence[Outcome], now_us: int) -> None:
    fates: dict[many_rows.Fate, dict[int, str | None]] = {}
    for o in outcomes:
        state = after(State.SENDING, ANSWERS[o.status])
        code, error = ("", None) if o.status is Status.UNSENT else (o.code or "", o.error)
        fates.setdefault((state, code, error), {})[o.index] = o.message_id
    moved = sum(many_rows.end(db, fate, ids, intent.attempt_id, now_us) for fate, ids in fates.items())
    if moved != len(outcomes):
        raise _LateAnswerError


def _answer(db: sqlite3.Connection, intent: Intent, ruling: Ruling, now_us: int) -> None:
    counts = Counter(o.status for o in ruling.outcomes)
    worst = next((o.error for o in ruling.outcomes if o.status is not Status.ACCEPTED), None)
    db.execute(
        "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            intent.attempt_id,
            now_us,
            ruling.status_code,
            counts[Status.ACCEPTED],
            counts[Status.REJECTED],
            counts[Status.UNKNOWN],
            counts[Status.UNSENT],
            worst,
            _figure(ruling.remaining_credits),
        ),
    )


def recover(file: LedgerFile, now_us: int) -> int:
    """Make unknown who was being sent to when a process ended; gives how many. Only for the holder of the run lock."""
    state, sending = after(State.SENDING, RecipientEvent.CRASHED), file.read(being_sent_to)
    if sending:
        with file.transaction() as db:
            db.execute(
                "UPDATE recipients SET state = ?, code = ?, error = ?, updated_us = ? WHERE state = ?",
                (state, Code.INTERRUPTED, CRASHED, now_us, State.SENDING),
            )
    return sending


def being_sent_to(connection: sqlite3.Connection) -> int:
    """How many recipients are being sent to, or were when a process ended."""
    counted = connection.execute("SELECT coalesce(sum(recipients), 0) FROM counts WHERE state = ?", (State.SENDING,))
    return only(counted, tuple[Number])[0]


def suppress(connection: sqlite3.Connection, phones: Iterable[str], source: str, now_us: int) -> int:
    """Suppress these numbers (E.164) for good, and skip everyone planned who is suppressed; gives how many.

    Within the caller's transaction. ``source`` says where the numbers come from; a number that the same source has
    named before is not kept twice.
    """
    connection.executemany(
        "INSERT OR IGNORE INTO suppressed VALUES (?, ?, ?)", ((phone, source, now_us) for phone in phones)
    )
    if connection.execute("SELECT 1 FROM suppressed LIMIT 1").fetchone() is None:
        return 0
    return connection.execute(
        f"{_SKIP} WHERE state = ? AND phone IN (SELECT phone FROM suppressed)",  # noqa: S608 - ours alone
        (*_skipped(Code.SUPPRESSED, ON_THE_LIST, now_us), State.PLANNED),
    ).rowcount


def skip(file: LedgerFile, outcomes: Iterable[Outcome], now_us: int) -> None:
    """Skip those of these recipients who are planned, with the code and the words of their outcomes."""
    with file.transaction() as db:
        _skip(db, [(o.index, Code(o.code or ""), o.error) for o in outcomes], now_us)


_SKIP: Final = "UPDATE recipients SET state = ?, code = ?, error = ?, updated_us = ?"


def _skipped(code: Code, error: str | None, now_us: int) -> tuple[str, str, str | None, int]:
    return after(State.PLANNED, SKIPS[code]), code, error, now_us


def _skip(connection: sqlite3.Connection, recipients: Iterable[tuple[int, Code, str | None]], now_us: int) -> None:
    connection.executemany(
        f"{_SKIP} WHERE id = ? AND state = ?",
        [(*_skipped(code, error, now_us), number, State.PLANNED) for number, code, error in recipients],
    )


def _done_among(connection: sqlite3.Connection, ids: Iterable[int]) -> list[int]:
    """Recipients among them who are not to be sent to any more: suppressed, or accepted by a late answer."""
    query = "SELECT 1 FROM recipients WHERE id = ? AND (state = ? OR phone IN (SELECT phone FROM suppressed))"
    return [number for number in ids if connection.execute(query, (number, State.ACCEPTED)).fetchone()]


def _figure(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
