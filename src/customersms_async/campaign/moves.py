"""Every change of a ledger after the adding, each one transaction: it happened and is durable, or it did not happen.

Runs in the ledger's own thread. Every statement names the state that it moves from, by the table in ``states``.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

import msgspec

from ..errors import LedgerError
from ..models import Code, Status
from .states import ANSWERS, Event, State, after, sources

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from decimal import Decimal

    from ..wire import Ruling

CRASHED: Final = "the process ended before the answer was recorded"


class Intent(msgspec.Struct, eq=False):
    """An attempt about to be made: to whom, and the credits known before. ``attempt_id`` once that is durable."""

    ids: Sequence[int]
    credits_before: Decimal | None
    attempt_id: int | None = None


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors, such as a full disk, have already undone it
            connection.execute("ROLLBACK")
        raise


def begin(connection: sqlite3.Connection, intent: Intent) -> None:
    """Make it durable that a request to these recipients is about to leave.

    Raises ``LedgerError`` unless every one of them is planned.
    """
    state, now = after(State.PLANNED, Event.LEAVING), _now()
    with transaction(connection):
        attempt_id = connection.execute(
            "INSERT INTO attempts (began_us, recipients, ids, credits_before) VALUES (?, ?, ?, ?)",
            (now, len(intent.ids), ranges(intent.ids), _figure(intent.credits_before)),
        ).lastrowid
        moved = connection.executemany(
            "UPDATE recipients SET state = ?, attempts = attempts + 1, attempt_id = ?, updated_us = ?"
            " WHERE id = ? AND state = ?",
            [(state, attempt_id, now, number, State.PLANNED) for number in intent.ids],
        ).rowcount
        if moved != len(intent.ids):
            raise LedgerError("recipients that were to be sent to are not planned any more: the ledger was changed")
    intent.attempt_id = attempt_id


def record(connection: sqlite3.Connection, intent: Intent, ruling: Ruling) -> None:
    """Make durable what became of an attempt; nothing, if it never came to be one."""
    if intent.attempt_id is None:
        return
    now = _now()
    counts = dict.fromkeys(Status, 0)
    changes = []
    for o in ruling.outcomes:
        counts[o.status] += 1
        state = after(State.SENDING, ANSWERS[o.status])
        code, error = ("", None) if o.status is Status.UNSENT else (o.code or "", o.error)
        changes.append((state, code, error, o.message_id, now, o.index, intent.attempt_id, State.SENDING))
    worst = next((o.error for o in ruling.outcomes if o.status is not Status.ACCEPTED), None)
    with transaction(connection):
        moved = connection.executemany(
            "UPDATE recipients SET state = ?, code = ?, error = ?, message_id = ?, updated_us = ?"
            " WHERE id = ? AND attempt_id = ? AND state = ?",
            changes,
        ).rowcount
        if moved != len(changes):
            raise LedgerError("recipients that were being sent to are not so any more: the ledger was changed")
        connection.execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                intent.attempt_id,
                now,
                ruling.status_code,
                counts[Status.ACCEPTED],
                counts[Status.REJECTED],
                counts[Status.UNKNOWN],
                counts[Status.UNSENT],
                worst,
                _figure(ruling.remaining_credits),
            ),
        )


def recover(connection: sqlite3.Connection) -> int:
    """Who was being sent to when a process ended is unknown; gives how many. Only for the holder of the run lock."""
    state = after(State.SENDING, Event.CRASHED)
    (sending,) = connection.execute(
        "SELECT coalesce(sum(recipients), 0) FROM counts WHERE state = ?", (State.SENDING,)
    ).fetchone()
    if sending:
        with transaction(connection):
            connection.execute(
                "UPDATE recipients SET state = ?, code = ?, error = ?, updated_us = ? WHERE state = ?",
                (state, Code.INTERRUPTED, CRASHED, _now(), State.SENDING),
            )
    return int(sending)


def suppress(connection: sqlite3.Connection, phones: Iterable[str]) -> int:
    """Skip everyone planned whose number (E.164) is among these, within the caller's transaction; gives how many."""
    state = after(State.PLANNED, Event.SUPPRESSED)
    with _numbers(connection, phones):
        return connection.execute(
            "UPDATE recipients SET state = ?, code = ?, error = ?, updated_us = ?"
            " WHERE state = ? AND phone IN (SELECT phone FROM named)",
            (state, Code.SUPPRESSED, "the number is on the list of suppressed numbers", _now(), State.PLANNED),
        ).rowcount


def resolve(
    connection: sqlite3.Connection, event: Event, states: Sequence[State], phones: Iterable[str] | None, by: str
) -> int:
    """Do what the person ``by`` says to everyone in ``states``, or to those of them with these numbers.

    Gives how many that were.
    """
    possible = [state for state in states if state in sources(event)]
    now = _now()
    with transaction(connection), _numbers(connection, phones or ()):
        marks = ", ".join("?" * len(possible))
        among = "" if phones is None else " AND phone IN (SELECT phone FROM named)"
        ids = connection.execute(
            f"SELECT id FROM recipients WHERE state IN ({marks}){among} ORDER BY id",  # noqa: S608 - marks only
            possible,
        )
        listed, count = _listed(number for (number,) in ids)
        if not count:
            return 0
        for state in possible:
            connection.execute(
                "UPDATE recipients SET state = ?, code = '', error = NULL, updated_us = ?"  # noqa: S608 - ours alone
                f" WHERE state = ?{among}",
                (after(state, event), now, state),
            )
        connection.execute(
            "INSERT INTO resolutions (at_us, by, becomes, recipients, ids) VALUES (?, ?, ?, ?, ?)",
            (now, by, after(possible[0], event), count, listed),
        )
    return count


def ranges(ids: Iterable[int]) -> str:
    """Numbers that mostly follow each other, as text: ``0-99 105 107-110``."""
    return _listed(ids)[0]


def _listed(ids: Iterable[int]) -> tuple[str, int]:
    found: list[list[int]] = []
    count = 0
    for number in ids:
        count += 1
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in found), count


@contextlib.contextmanager
def _numbers(connection: sqlite3.Connection, phones: Iterable[str]) -> Iterator[None]:
    """The table ``named`` with these numbers, on disk if they are many."""
    connection.execute("CREATE TEMP TABLE named (phone TEXT PRIMARY KEY) WITHOUT ROWID")
    try:
        connection.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((phone,) for phone in phones))
        yield
    finally:
        if connection.in_transaction:
            connection.execute("DROP TABLE named")


def _now() -> int:
    return time.time_ns() // 1_000


def _figure(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
