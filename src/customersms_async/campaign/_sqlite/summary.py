"""Figures of a ledger that a report shows beside its counts. Runs in the ledger's own thread."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ..._core.calling_codes import calling_code
from ..rows import MOST_BARS, MOST_LISTED, MOST_RESOLUTIONS, Doubt, KnownDouble, Microseconds, Resolution, Timeline
from ..states import State
from .typed_rows import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ...models import Limit

_LEFT: Final = """
    FROM attempts LEFT JOIN answers ON attempt_id = id
    WHERE status_code IS NOT NULL OR unsent IS NULL OR unsent < recipients
"""
"""The attempts whose request may have reached the gateway."""


def timeline(connection: sqlite3.Connection, limits: Sequence[Limit]) -> Timeline | None:
    """Requests over time, in the windows of the shortest limit that gives few enough; ``None`` if there are none."""
    found = connection.execute(f"SELECT min(began_us), max(began_us) {_LEFT}").fetchone()
    if found[0] is None:
        return None
    first, last = typed([found], tuple[Microseconds, Microseconds])[0]
    by_length = sorted(limits, key=lambda limit: limit.window_us)
    fitting = [limit for limit in by_length if (last - first) // limit.window_us < MOST_BARS]
    limit = fitting[0] if fitting else by_length[-1]
    window = limit.window_us
    bars = [0] * min(MOST_BARS, (last - first) // window + 1)
    rows = connection.execute(f"SELECT (began_us - ?) / ? AS bar, count(*) {_LEFT} GROUP BY bar", (first, window))
    for bar, count in rows:
        if isinstance(bar, int) and 0 <= bar < len(bars):  # what no campaign writes has no bar
            bars[bar] = count
    return Timeline(limit, first, bars)


def by_calling_code(connection: sqlite3.Connection) -> list[tuple[str, Counter[State]]]:
    """For every calling code that was sent to, its recipients by state; those with the most failures first."""
    found: dict[str, Counter[State]] = {}
    rows = connection.execute(
        "SELECT substr(phone, 1, 4) AS start, state, count(*) FROM recipients WHERE state <> ? GROUP BY start, state",
        (State.SKIPPED,),
    )
    for start, state, count in typed(rows, tuple[str, State, int]):
        found.setdefault(calling_code(start), Counter())[state] += count
    return sorted(found.items(), key=lambda item: (-item[1][State.REJECTED] - item[1][State.UNKNOWN], item[0]))


def doubts(connection: sqlite3.Connection) -> list[Doubt]:
    """The first unknown recipients, in the input's order, each with its last attempt."""
    rows = connection.execute(
        "SELECT r.phone, r.code, r.error, r.attempts, a.began_us, a.credits_before, w.credits_after, a.recipients"
        " FROM recipients r LEFT JOIN attempts a ON a.id = r.attempt_id LEFT JOIN answers w ON w.attempt_id = a.id"
        " WHERE r.state = ? ORDER BY r.id LIMIT ?",
        (State.UNKNOWN, MOST_LISTED),
    )
    return typed(rows, Doubt)


def doubles(connection: sqlite3.Connection) -> list[KnownDouble]:
    """The first known doubles, in the input's order; a ledger of an older version has none."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'doubles'").fetchone() is None:
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
