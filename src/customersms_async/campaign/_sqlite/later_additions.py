"""Additions to a ledger's file that holds recipients already: what is there is read, they are fitted in, and added.

What is read is read in pages, between which a run has the file; only the last step keeps it: some seconds for a
million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..rows import Count
from ..states import State
from ..wanted import WantedChange
from ..wanted_states import WantedEvent
from . import queries, transitions, wanted_rows
from .schema import ORIGINS, ZONES
from .typed_rows import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from .file import LedgerFile
    from .fitted_addition import FittedAddition

PAGE: Final = 50_000
"""Rows that are read at a time: some 50 ms."""


class GrownMeanwhileError(Exception):
    """Raised if others were added since the addition was fitted in; nothing is changed then."""


def recipients(
    connection: sqlite3.Connection, start: int, end: int, phones: Sequence[str] | None
) -> list[tuple[str, int]]:
    """Who has a text, from place ``start`` to before ``end``: phone and the text's number; only those of ``phones``."""
    some, values = _among("phone", phones)
    query = f"SELECT phone, text_id FROM recipients WHERE id >= ? AND id < ? AND text_id IS NOT NULL{some}"  # noqa: S608
    return typed(connection.execute(query, (start, end, *values)), tuple[str, int])


def texts(connection: sqlite3.Connection, start: int, end: int, among: Sequence[str] | None) -> list[tuple[int, str]]:
    """The texts of which the first recipient is in these places, each with its number; only those of ``among``."""
    some, values = _among("text", among)
    query = f"SELECT id, text FROM texts WHERE id >= ? AND id < ?{some}"  # noqa: S608 - question marks only
    return typed(connection.execute(query, (start, end, *values)), tuple[int, str])


def _among(column: str, values: Sequence[str] | None) -> tuple[str, Sequence[str]]:
    if values is None or len(values) > _MOST_NAMED:
        return "", ()
    return f" AND {column} IN ({', '.join('?' * len(values))})", values


_MOST_NAMED: Final = 900
"""Values that a query can name, in all versions of SQLite."""


def is_there(connection: sqlite3.Connection, digest: str) -> bool:
    """Whether an addition with this hash was made already."""
    return any(one.hash == digest for one in queries.additions(connection))


def add(
    file: LedgerFile,
    fitted: FittedAddition,
    offset: int,
    suppressed: Iterable[str],
    source: str,
    *,
    name: str,
    by: str,
    now_us: int,
) -> list[Count] | None:
    """Add everyone who was fitted in behind ``offset`` others; gives how many are in which state.

    ``None`` if the same addition was made already. Raises ``GrownMeanwhileError`` if there are more by now.
    """
    with file.beside(fitted.path), file.transaction() as db:
        if is_there(db, fitted.hash):
            transitions.suppress(db, suppressed, source, now_us)
            return None
        given = queries.added(db)
        if given is None or given.recipients != offset:
            raise GrownMeanwhileError
        for table, statements in (("texts", ()), ("recipients", ()), ("origins", ORIGINS), ("zones", ZONES)):
            if db.execute(f"SELECT 1 FROM beside.{table}").fetchone():  # noqa: S608 - our own names
                for statement in statements:
                    db.execute(statement)
                db.execute(f"INSERT INTO main.{table} SELECT * FROM beside.{table}")  # noqa: S608 - our own names
        db.execute(
            "INSERT INTO counts SELECT state, code, count(*), sum(segments) FROM beside.recipients WHERE true"
            " GROUP BY state, code ON CONFLICT DO UPDATE"
            " SET recipients = recipients + excluded.recipients, segments = segments + excluded.segments"
        )
        db.execute(
            "INSERT INTO additions (source, hash, added_us, by, recipients, first) VALUES (?, ?, ?, ?, ?, ?)",
            (name, fitted.hash, now_us, by, fitted.recipients, offset),
        )
        transitions.suppress(db, suppressed, source, now_us)
        found = db.execute(
            "SELECT state, code, count(*), sum(segments) FROM recipients WHERE id >= ? GROUP BY state, code", (offset,)
        )
        counts = typed(found, Count)
        if any(count.state is State.PLANNED for count in counts):
            wanted_rows.append(db, WantedChange(event=WantedEvent.PLAN, by=by), now_us)
    return counts
