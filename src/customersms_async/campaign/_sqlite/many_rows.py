"""Changes of many recipients in one statement: twice as fast as one for each, and the event loop has its turns.

Between any two statements SQLite's thread has to wait for Python's lock, which the event loop may hold for
milliseconds. The numbers go in as one JSON text: SQLite takes no lists. Rejected: a temporary table, which has to be
filled by one statement for each.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from ..states import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .ledger_repeats import RecipientRow

Fate: TypeAlias = tuple[str, str, "str | None"]
"""What became of recipients: their state, code and error."""

TAKES_LISTS: Final = sqlite3.sqlite_version_info >= (3, 38)
"""Whether this SQLite reads JSON, whoever built it, and updates from what it reads."""

_MANY: Final = 8
"""Recipients who differ by their numbers alone, from which on one statement is faster."""

_INSERT: Final = "INSERT INTO recipients (id, phone, text_id, segments, state, code, error, updated_us)"
_ADD: Final = f"{_INSERT} VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_ALIKE: Final = f"{_INSERT} SELECT ? + key, value, ?, ?, ?, ?, ?, ? FROM json_each(?)"  # noqa: S608 - ours alone
_BEGIN: Final = (
    "UPDATE recipients SET state = ?, attempts = attempts + 1, attempt_id = ?, updated_us = ? WHERE state = ?"
)
_NOT_SUPPRESSED: Final = "NOT EXISTS (SELECT 1 FROM suppressed AS s WHERE s.phone = recipients.phone)"
_BEGIN_ONE: Final = f"{_BEGIN} AND id = ? AND {_NOT_SUPPRESSED}"
_BEGIN_ALL: Final = f"{_BEGIN} AND id IN (SELECT value FROM json_each(?)) AND {_NOT_SUPPRESSED}"  # noqa: S608 - ours alone
_END: Final = "UPDATE recipients SET state = ?, code = ?, error = ?, updated_us = ?, message_id = "
_END_ONE: Final = f"{_END}? WHERE id = ? AND attempt_id = ? AND state = ?"
_END_ALL: Final = (
    f"{_END}o.value FROM json_each(?) AS o"
    " WHERE recipients.id = CAST(o.key AS INTEGER) AND recipients.attempt_id = ? AND recipients.state = ?"
)


def add(db: sqlite3.Connection, rows: Sequence[RecipientRow]) -> None:
    """Write these recipients, whose numbers follow each other."""
    few: list[RecipientRow] = []
    for alike, run in groupby(rows, itemgetter(slice(2, None))):
        some = list(run)
        if TAKES_LISTS and len(some) >= _MANY and some[0][4] == State.PLANNED:  # whose phones hold no odd characters
            db.execute(_ADD_ALIKE, (some[0][0], *alike, json.dumps([row[1] for row in some])))
        else:
            few += some
    db.executemany(_ADD, few)


def begin(db: sqlite3.Connection, change: tuple[object, ...], ids: Sequence[int]) -> int:
    """Have those of these recipients be sent to who are planned, and not suppressed; gives how many.

    ``change`` is the state, the attempt's id, and the time.
    """
    if TAKES_LISTS:
        return db.execute(_BEGIN_ALL, (*change, State.PLANNED, json.dumps(list(ids)))).rowcount
    return db.executemany(_BEGIN_ONE, [(*change, State.PLANNED, number) for number in ids]).rowcount


def end(
    db: sqlite3.Connection, fate: Fate, message_ids: Mapping[int, str | None], attempt_id: int | None, now_us: int
) -> int:
    """Make it known what became of those of these recipients who are being sent to by this attempt; gives how many.

    ``message_ids`` has the id of each one's text, by the recipient's number.
    """
    change, condition = (*fate, now_us), (attempt_id, State.SENDING)
    is_odd = any(message_id and "\0" in message_id for message_id in message_ids.values())
    if TAKES_LISTS and not is_odd:  # SQLite ends a text of JSON at its first NUL
        return db.execute(_END_ALL, (*change, json.dumps(message_ids), *condition)).rowcount
    rows = [(*change, message_id, number, *condition) for number, message_id in message_ids.items()]
    return db.executemany(_END_ONE, rows).rowcount
