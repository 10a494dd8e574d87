"""Additions to a campaign of a database that holds recipients already: each in one transaction, by COPY.

Additions to one campaign come one after the other, under a lock of their own. Requests go on meanwhile: only at the
end, when all is there but not to be seen yet, nobody can begin one, or say that the campaign is done.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..._core.outcomes import ON_THE_LIST
from .._sqlite.fitted_addition import FittedAddition
from ..rows import Count
from ..states import State
from .copying import copy_tables, one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from psycopg import Connection, Cursor

_ROWS: Final = 50_000
"""Rows that are read at a time."""

_LOCK: Final = "SELECT pg_advisory_xact_lock(1129536341, %s)"
_FOUND: Final = (
    "SELECT coalesce(max(number), 0), coalesce(sum(recipients), 0), count(*) FILTER (WHERE hash = %s)"
    " FROM customersms.campaign_additions WHERE campaign = %s"
)
_RECIPIENTS: Final = (
    "SELECT r.phone, r.text FROM customersms.campaign_recipients r WHERE r.id >= %(base)s AND r.id < %(end)s"
    " AND r.text IS NOT NULL"
)
_TEXTS: Final = "SELECT t.number, t.text FROM customersms.campaign_texts t WHERE t.campaign = %(campaign)s"
_COUNTED: Final = (
    "SELECT state, code, count(*), sum(segments) FROM customersms.campaign_recipients WHERE id >= %s AND id < %s"
    " GROUP BY state, code ORDER BY state, code"
)
_COUNT: Final = (
    "INSERT INTO customersms.campaign_counts AS k VALUES (%s, %s, %s, %s, %s) ON CONFLICT (campaign, state, code)"
    " DO UPDATE SET recipients = k.recipients + excluded.recipients, segments = k.segments + excluded.segments"
)
_ADDITION: Final = (
    "INSERT INTO customersms.campaign_additions"
    " VALUES (%s, %s, %s, %s, coalesce(%s::bigint, customersms.wall_us()), %s, %s, %s)"
)
_PLAN: Final = (
    "INSERT INTO customersms.campaign_wanted SELECT w.campaign, w.number + 1,"
    " coalesce(%(now_us)s::bigint, customersms.wall_us()), 'draft', 'plan', %(by)s, '', '', w.terms"
    " FROM customersms.campaign_wanted_last(%(campaign)s) w WHERE w.state = 'done'"
)


class LaterAddition(NamedTuple):
    """What is to be added: judged in the file ``judged``, to be fitted in by another one, ``fitted``.

    ``suppressed`` are numbers that nobody is sent to, as told by ``source``; ``file`` and ``by`` say where the
    recipients are from, and who adds them. ``now_us``: in place of the server's clock.
    """

    judged: Path
    fitted: Path
    one_per_number: bool
    suppressed: Sequence[str]
    source: str
    file: str
    by: str
    now_us: int | None


def add(connection: Connection[Any], campaign: int, addition: LaterAddition) -> list[Count] | None:
    """Add everyone; gives how many are in which state, or ``None`` if the same addition was made already.

    Raises ``PostgresError``; then nothing was added.
    """
    with (
        FittedAddition(addition.judged, addition.fitted, one_per_number=addition.one_per_number) as fitted,
        one_transaction(connection) as cursor,
    ):
        cursor.execute("SELECT customersms.campaign_is_here(%s)", (campaign,))
        cursor.execute(_LOCK, (campaign,))
        number, offset, is_there = _one(cursor, _FOUND, (fitted.hash, campaign))
        if is_there:
            _suppress(cursor, campaign, addition)
            return None
        _tell(connection, fitted, campaign)
        fitted.fit(int(offset))
        base = campaign << 32
        with contextlib.closing(sqlite3.connect(fitted.path)) as source:
            copy_tables(cursor, source, campaign)
        behind = (base + offset, base + (1 << 32))
        added = cursor.execute(_COUNTED, behind).fetchall()
        cursor.execute("SELECT customersms.campaign_lock(%s, true)", (campaign,))
        _suppress(cursor, campaign, addition)  # which keeps the counts of those whom it skips
        for state, code, recipients, segments in added:
            cursor.execute(_COUNT, (campaign, state, code, recipients, segments))
        counted = cursor.execute(_COUNTED, behind).fetchall()
        words = _bytes(addition.file), fitted.hash, addition.now_us, _bytes(addition.by)
        cursor.execute(_ADDITION, (campaign, number + 1, *words, fitted.recipients, offset))
        counts = [Count(State(state), code.decode(), n, int(segments)) for state, code, n, segments in counted]
        if any(count.state is State.PLANNED for count in counts):
            cursor.execute(_PLAN, {"campaign": campaign, "now_us": addition.now_us, "by": _bytes(addition.by)})
        return counts
    return None


def _tell(connection: Connection[Any], fitted: FittedAddition, campaign: int) -> None:
    """Tell what the campaign holds that the addition may have in common with it."""
    base = campaign << 32
    values: dict[str, Any] = {"campaign": campaign, "base": base, "end": base + (1 << 32)}
    phones, texts = fitted.phones(), fitted.texts()
    query = _RECIPIENTS if phones is None else f"{_RECIPIENTS} AND r.phone = ANY(%(asked)s)"
    asked = {} if phones is None else {"asked": [phone.encode() for phone in phones]}
    for rows in _pages(connection, query, {**values, **asked}):
        fitted.know((phone.decode(), text) for phone, text in rows)
    query = _TEXTS if texts is None else f"{_TEXTS} AND t.text = ANY(%(asked)s)"
    asked = {} if texts is None else {"asked": [_bytes(text) for text in texts]}
    for rows in _pages(connection, query, {**values, **asked}):
        fitted.know_texts((text_id, text.decode("utf-8", "surrogatepass")) for text_id, text in rows)


def _pages(connection: Connection[Any], query: str, values: dict[str, Any]) -> Iterator[list[Any]]:
    with connection.cursor(name="customersms_known") as cursor:
        cursor.execute(query.encode(), values)
        while rows := cursor.fetchmany(_ROWS):
            yield rows


def _suppress(cursor: Cursor[tuple[Any, ...]], campaign: int, addition: LaterAddition) -> None:
    cursor.execute(
        "SELECT customersms.campaign_suppress(%s, %s, %s, %s, %s)",
        (
            *(campaign, addition.now_us, [_bytes(phone) for phone in addition.suppressed], _bytes(addition.source)),
            _bytes(ON_THE_LIST),
        ),
    )


def _one(cursor: Cursor[tuple[Any, ...]], query: str, values: Sequence[object]) -> tuple[Any, ...]:
    row = cursor.execute(query.encode(), values).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    return row


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
