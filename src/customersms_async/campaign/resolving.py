"""A person's decision about recipients whose fate nobody knew, or who were rejected: one transaction.

Runs in the ledger's own thread.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .._core.plural import counted
from ..models import Code
from .refusals import refusal
from .states import Event, State, after, sources
from .transitions import counted_ranges, now_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from .file import LedgerFile

CUT_OFF_US: Final = 600_000_000
"""How long after its deadline an attempt without an answer may not be made again, whatever a person says: its process
may be a stopped one that goes on, on a machine whose clock is minutes behind."""


def resolve(file: LedgerFile, event: Event, states: Sequence[State], phones: Iterable[str] | None, by: str) -> int:
    """Do what the person ``by`` says to everyone in ``states``, or to those of them with these numbers.

    Gives how many that were. Nobody who is suppressed is planned again. Raises ``LedgerError``, and does nothing, while
    any of them may still be sent to by a process that was taken for dead.
    """
    possible = [state for state in states if state in sources(event)]
    now, becomes = now_us(), after(possible[0], event)
    with file.transaction() as db, _named(db, phones or ()):
        among = "" if phones is None else " AND phone IN (SELECT phone FROM named)"
        if becomes is State.PLANNED:
            _refuse_who_may_be_sent_to(file, db, among, now)
            among += " AND phone NOT IN (SELECT phone FROM suppressed)"
        marks = ", ".join("?" * len(possible))
        ids = db.execute(
            f"SELECT id FROM recipients WHERE state IN ({marks}){among} ORDER BY id",  # noqa: S608 - marks only
            possible,
        )
        listed, count = counted_ranges(number for (number,) in ids)
        if not count:
            return 0
        for state in possible:
            db.execute(
                "UPDATE recipients SET state = ?, code = '', error = NULL, updated_us = ?"  # noqa: S608 - ours alone
                f" WHERE state = ?{among}",
                (after(state, event), now, state),
            )
        db.execute(
            "INSERT INTO resolutions (at_us, by, becomes, recipients, ids) VALUES (?, ?, ?, ?, ?)",
            (now, by, becomes, count, listed),
        )
    return count


def _refuse_who_may_be_sent_to(file: LedgerFile, db: sqlite3.Connection, among: str, at_us: int) -> None:
    count, last_us = db.execute(
        "SELECT count(*), max(a.deadline_us) FROM recipients JOIN attempts AS a ON a.id = attempt_id"  # noqa: S608 - ours alone
        f" WHERE state = ? AND code = ? AND a.deadline_us > ?{among}",
        (State.UNKNOWN, Code.INTERRUPTED, at_us - CUT_OFF_US),
    ).fetchone()
    if count:
        until = datetime.fromtimestamp((last_us + CUT_OFF_US) / 1e6).astimezone()
        raise refusal(
            file.path,
            f"{counted(count, 'of these recipients was', 'of these recipients were')} being sent to by a process that"
            " was cut off, and that may be stopped and go on: they can be planned again from"
            f" {until:%Y-%m-%d %H:%M:%S} on ({CUT_OFF_US // 60_000_000} minutes after their request's time is over)",
        )


@contextlib.contextmanager
def _named(connection: sqlite3.Connection, phones: Iterable[str]) -> Iterator[None]:
    """The table ``named`` with these numbers, on disk if they are many."""
    connection.execute("CREATE TEMP TABLE named (phone TEXT PRIMARY KEY) WITHOUT ROWID")
    try:
        connection.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((phone,) for phone in phones))
        yield
    finally:
        if connection.in_transaction:
            connection.execute("DROP TABLE named")
