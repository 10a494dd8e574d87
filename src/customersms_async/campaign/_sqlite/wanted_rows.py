"""What is wanted of a campaign, in a ledger's file: read, and changed by one appended row each time.

Runs in the ledger's own thread.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from ..rows import Microseconds, Number
from ..states import State
from ..wanted import STARTS, WantedNow, WantedRow, next_wanted, stop_of
from ..wanted_states import Wanted, WantedEvent
from .typed_rows import typed

if TYPE_CHECKING:
    from ...errors import CampaignStoppedError
    from ..wanted import WantedChange
    from .file import LedgerFile


_LAST: Final = (
    "SELECT state, event, at_us, by, guard, why, (SELECT terms FROM terms WHERE terms.id = terms_id)"
    " FROM wanted ORDER BY id DESC LIMIT 1"
)


def current(connection: sqlite3.Connection) -> WantedNow | None:
    """What is wanted now; ``None`` if nobody was added yet. In a ledger of an older version, that is a draft."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'wanted'").fetchone() is None:
        rows = typed(connection.execute("SELECT added_us FROM input"), tuple[Microseconds])
        return WantedNow(state=Wanted.DRAFT, event=WantedEvent.ADDED, since_us=rows[0][0], by="") if rows else None
    found = typed(connection.execute(_LAST), WantedRow)
    try:
        return found[0].now() if found else None
    except ValueError as error:
        raise sqlite3.DataError(f"it holds what no campaign writes there ({error})") from None


def want(file: LedgerFile, change: WantedChange, now_us: int) -> bool:
    """Make a change of what is wanted durable: see ``WantedLedger.want``."""
    with file.transaction() as db:
        return append(db, change, now_us)


def append(db: sqlite3.Connection, change: WantedChange, now_us: int) -> bool:
    """Append a change of what is wanted, within the caller's transaction; false if nothing is to be changed."""
    following = next_wanted(current(db), change, anyone_left=_is_anyone_left(db))
    if following is None:
        return False
    db.execute(
        "INSERT INTO wanted (at_us, state, event, by, guard, why, terms_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            now_us,
            following.state,
            following.event,
            change.by,
            following.guard,
            following.why,
            _terms_id(db, change, now_us),
        ),
    )
    return True


def stop(db: sqlite3.Connection) -> CampaignStoppedError | None:
    """Why no request may begin, or ``None``; within the transaction that makes its intent. Takes some 5 µs."""
    row = db.execute("SELECT state FROM wanted ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is not None and row[0] in STARTS else stop_of(current(db))


def _is_anyone_left(connection: sqlite3.Connection) -> bool:
    """Whether anyone is planned, or being sent to."""
    query = "SELECT coalesce(sum(recipients), 0) FROM counts WHERE state IN (?, ?)"
    (row,) = typed(connection.execute(query, (State.PLANNED, State.SENDING)), tuple[Number])
    return bool(row[0])


def _terms_id(db: sqlite3.Connection, change: WantedChange, now_us: int) -> int | None:
    """The row of the terms that stand from now on: the last ones, unless the change brings others."""
    last = db.execute("SELECT id, terms FROM terms ORDER BY id DESC LIMIT 1").fetchone()
    if change.terms is None:
        return None if last is None else int(last[0])
    text = change.terms.encode()
    if last is not None and last[1] == text:
        return int(last[0])
    return db.execute("INSERT INTO terms (at_us, terms) VALUES (?, ?)", (now_us, text)).lastrowid
