"""Questions to a ledger, with answers of bounded size. They run in its own thread, and see what is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from .states import State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

PAGE: Final = 2_000
"""Recipients that are read at a time: a few milliseconds, and less than a megabyte."""


class Input(NamedTuple):
    """The input of a campaign: its hash, the template, how many recipients, and when (microseconds since 1970).

    ``rehearsal``: added to be sent to a sandbox.
    """

    hash: str
    template: str | None
    recipients: int
    added_us: int
    rehearsal: int


class PlannedRecipient(NamedTuple):
    """A recipient who is to be sent to; ``id`` is the place in the input, from 0."""

    id: int
    phone: str
    text: str
    segments: int


class Count(NamedTuple):
    """How many recipients are in one state with one code (empty: none), and their segments."""

    state: State
    code: str
    recipients: int
    segments: int


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One recipient as the ledger has it. ``updated_us``: microseconds since 1970."""

    index: int
    phone: str
    state: State
    code: str | None
    error: str | None
    message_id: str | None
    attempts: int
    updated_us: int


def added(connection: sqlite3.Connection) -> Input | None:
    """The input, or ``None`` if nothing was added yet."""
    row = connection.execute("SELECT hash, template, recipients, added_us, rehearsal FROM input").fetchone()
    return None if row is None else Input(*row)


def counts(connection: sqlite3.Connection) -> list[Count]:
    """Numbers of recipients by state (in the table's order) and code; kept by the ledger, so they cost nothing."""
    rows = connection.execute("SELECT * FROM counts WHERE recipients > 0").fetchall()
    found = [Count(State(state), *rest) for state, *rest in rows]
    order = list(State)
    return sorted(found, key=lambda count: (order.index(count.state), count.code))


def planned(connection: sqlite3.Connection, start: int) -> list[PlannedRecipient]:
    """The next recipients to be sent to, from number ``start`` on, in the input's order."""
    rows = connection.execute(
        "SELECT r.id, r.phone, t.text, r.segments FROM recipients r CROSS JOIN texts t ON t.id = r.text_id"
        " WHERE r.id >= ? AND r.state = ? ORDER BY r.id LIMIT ?",
        (start, State.PLANNED, PAGE),
    )
    return [PlannedRecipient(*row) for row in rows]


def requests(connection: sqlite3.Connection, batch_size: int) -> int:
    """The number of requests that all who are planned come to, if all equal texts find together."""
    (found,) = connection.execute(
        "SELECT coalesce(sum((n + ?1 - 1) / ?1), 0) FROM"
        " (SELECT count(*) AS n FROM recipients WHERE state = ?2 GROUP BY text_id)",
        (batch_size, State.PLANNED),
    ).fetchone()
    return int(found)


def outside(connection: sqlite3.Connection, prefixes: Collection[str]) -> tuple[int, int | None]:
    """How many planned numbers begin with none of ``prefixes``, and the first one's place in the input."""
    others = " AND ".join("substr(phone, 1, ?) <> ?" for _ in prefixes)
    values = [value for prefix in prefixes for value in (len(prefix), prefix)]
    count, first = connection.execute(
        f"SELECT count(*), min(id) FROM recipients WHERE state = ? AND {others}",  # noqa: S608 - question marks only
        [State.PLANNED, *values],
    ).fetchone()
    return count, first


def entries(connection: sqlite3.Connection, start: int, states: Collection[State]) -> list[Entry]:
    """The next recipients in any of ``states``, from number ``start`` on, in the input's order."""
    marks = ", ".join("?" * len(states))
    rows = connection.execute(
        "SELECT id, phone, state, code, error, message_id, attempts, updated_us FROM recipients"  # noqa: S608 - marks
        f" WHERE id >= ? AND state IN ({marks}) ORDER BY id LIMIT ?",
        [start, *states, PAGE],
    )
    return [Entry(number, phone, State(state), code or None, *rest) for number, phone, state, code, *rest in rows]
