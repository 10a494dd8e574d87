"""A person's decision about recipients whose fate nobody knew, or who got nothing: one transaction.

Runs in the ledger's own thread.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from ...models import Code
from ..id_ranges import counted_ranges
from ..refusals import CUT_OFF_US, may_be_sent_to
from ..states import State, after
from ..wanted import WantedChange
from ..wanted_states import WantedEvent
from . import wanted_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from ..states import Choice
    from .file import LedgerFile


def resolve(file: LedgerFile, choices: Sequence[Choice], phones: Iterable[str] | None, by: str, now_us: int) -> int:
    """Do what the person ``by`` says to everyone of these ``choices``, or to those of them with these numbers.

    All choices lead to one state. Gives how many recipients that were. Nobody who is suppressed is planned again.
    Raises ``LedgerError``, and does nothing, while any of them may still be sent to by a process that was taken for
    dead.
    """
    becomes = after(choices[0].state, choices[0].event)
    with file.transaction() as db, _named(db, phones or ()):
        among = "" if phones is None else " AND phone IN (SELECT phone FROM named)"
        if becomes is State.PLANNED:
            among += " AND phone NOT IN (SELECT phone FROM suppressed)"
        who = f"({' OR '.join(_WHO for _ in choices)}){among}"
        values = [value for choice in choices for value in (choice.state, choice.code, choice.code)]
        if becomes is State.PLANNED:
            _refuse_who_may_be_sent_to(file, db, who, values, now_us)
        ids = db.execute(f"SELECT id FROM recipients WHERE {who} ORDER BY id", values)  # noqa: S608 - marks only
        listed, count = counted_ranges(number for (number,) in ids)
        if not count:
            return 0
        db.execute(
            f"UPDATE recipients SET state = ?, code = '', error = NULL, updated_us = ? WHERE {who}",  # noqa: S608 - marks only
            (becomes, now_us, *values),
        )
        db.execute(
            "INSERT INTO resolutions (at_us, by, becomes, recipients, ids) VALUES (?, ?, ?, ?, ?)",
            (now_us, by, becomes, count, listed),
        )
        if becomes is State.PLANNED:
            wanted_rows.append(db, WantedChange(event=WantedEvent.PLAN, by=by), now_us)
    return count


_WHO: Final = "(state = ? AND (code = ? OR ? = ''))"


def _refuse_who_may_be_sent_to(
    file: LedgerFile, db: sqlite3.Connection, who: str, values: Sequence[str], at_us: int
) -> None:
    count, last_us = db.execute(
        "SELECT count(*), max(a.deadline_us) FROM recipients JOIN attempts AS a ON a.id = attempt_id"  # noqa: S608 - ours alone
        f" WHERE {who} AND state = ? AND code = ? AND a.deadline_us > ?",
        (*values, State.UNKNOWN, Code.INTERRUPTED, at_us - CUT_OFF_US),
    ).fetchone()
    if count:
        raise may_be_sent_to(file.path, count, last_us + CUT_OFF_US)


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
