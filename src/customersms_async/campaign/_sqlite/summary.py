"""Figures of a ledger that a report shows beside its counts. Runs in the ledger's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import figures
from ..figures import TimeSpan
from ..rows import MOST_LISTED, MOST_RESOLUTIONS, Activity, Doubt, KnownDouble, Microseconds, Resolution, SeenAttempt
from ..states import State
from .queries import has_table
from .typed_rows import only, typed

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter
    from collections.abc import Sequence

    from ...models import Limit
    from ..rows import Timeline

_LEFT: Final = """
    FROM attempts LEFT JOIN answers ON attempt_id = id
    WHERE status_code IS NOT NULL OR unsent IS NULL OR unsent < recipients
"""
"""The attempts whose request may have reached the gateway."""


def activity(connection: sqlite3.Connection, since_us: int) -> Activity:
    """What was attempted from that time on, among the last attempts, and the answer to the last that has ended."""
    row = connection.execute(
        "SELECT count(*), coalesce(sum(recipients), 0), min(began_us), max(began_us)"
        " FROM (SELECT began_us, recipients FROM attempts ORDER BY id DESC LIMIT ?) WHERE began_us >= ?",
        (_MOST_ATTEMPTS, since_us),
    ).fetchone()
    last = connection.execute("SELECT status_code, error FROM answers ORDER BY attempt_id DESC LIMIT 1").fetchone()
    return only([(*row, *(last or (None, None)))], Activity)


_MOST_ATTEMPTS: Final = 100_000
"""Attempts that are looked through for what was done lately."""


def timeline(connection: sqlite3.Connection, limits: Sequence[Limit]) -> Timeline | None:
    """Requests over time, in the windows of the shortest limit that gives few enough; ``None`` if there are none."""
    found = connection.execute(f"SELECT min(began_us), max(began_us) {_LEFT}").fetchone()
    if found[0] is None:
        return None
    first, last = typed([found], tuple[Microseconds, Microseconds])[0]
    span = TimeSpan.of(first, last, limits)
    each = (first, span.limit.window_us)
    return span.timeline(connection.execute(f"SELECT (began_us - ?) / ? AS bar, count(*) {_LEFT} GROUP BY bar", each))


def attempts(connection: sqlite3.Connection, after: SeenAttempt | None, most: int) -> list[SeenAttempt]:
    """The attempts that follow one, in the order in which they began."""
    rows = connection.execute(
        "SELECT id, began_us, ids, CASE WHEN attempt_id IS NULL THEN NULL"
        " ELSE status_code IS NOT NULL OR unsent < recipients END"
        " FROM attempts LEFT JOIN answers ON attempt_id = id WHERE id > ? ORDER BY id LIMIT ?",
        (0 if after is None else after.number, most),
    )
    return [
        SeenAttempt(number, began_us, ids, None if left is None else bool(left))
        for number, began_us, ids, left in typed(rows, tuple[int, Microseconds, str, int | None])
    ]


def by_calling_code(connection: sqlite3.Connection, places: range | None) -> list[tuple[str, Counter[State]]]:
    """For every calling code that was sent to, its recipients by state; those with the most failures first."""
    rows = connection.execute(
        "SELECT substr(phone, 1, 4) AS start, state, count(*) FROM recipients WHERE id >= ? AND id < ? AND state <> ?"
        " GROUP BY start, state",
        (*_bounds(places), State.SKIPPED),
    )
    return figures.by_calling_code(typed(rows, tuple[str, State, int]))


def _bounds(places: range | None) -> tuple[int, int]:
    return (0, _BEYOND_ALL) if places is None else (places.start, places.stop)


_BEYOND_ALL: Final = 2**62


def doubts(connection: sqlite3.Connection, places: range | None) -> list[Doubt]:
    """The first unknown recipients, in the input's order, each with its last attempt."""
    rows = connection.execute(
        "SELECT r.phone, r.code, r.error, r.attempts, a.began_us, a.credits_before, w.credits_after, a.recipients"
        " FROM recipients r LEFT JOIN attempts a ON a.id = r.attempt_id LEFT JOIN answers w ON w.attempt_id = a.id"
        " WHERE r.id >= ? AND r.id < ? AND r.state = ? ORDER BY r.id LIMIT ?",
        (*_bounds(places), State.UNKNOWN, MOST_LISTED),
    )
    return typed(rows, Doubt)


def doubles(connection: sqlite3.Connection) -> list[KnownDouble]:
    """The first known doubles, in the input's order; a ledger of an older version has none."""
    if not has_table(connection, "doubles"):
        return []
    rows = connection.execute(
        "SELECT recipient, phone, ended_us FROM doubles JOIN recipients ON id = recipient ORDER BY 1, 3 LIMIT ?",
        (MOST_LISTED,),
    )
    return typed(rows, KnownDouble)


def resolutions(connection: sqlite3.Connection) -> list[Resolution]:
    """People's decisions, the latest first."""
    rows = connection.execute(
        "SELECT at_us, by, becomes, recipients FROM resolutions ORDER BY id DESC LIMIT ?", (MOST_RESOLUTIONS,)
    )
    return typed(rows, Resolution)
