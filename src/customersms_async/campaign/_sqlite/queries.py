"""Questions to a ledger, with answers of bounded size. They run in its own thread, and see what is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..rows import PAGE, Count, Entry, Input, Number, PlannedRecipient
from ..states import State
from .typed_rows import only, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_FIELDS: Final = Entry.__struct_fields__


def added(connection: sqlite3.Connection) -> Input | None:
    """The input, or ``None`` if nothing was added yet."""
    row = connection.execute("SELECT hash, template, recipients, added_us, rehearsal FROM input").fetchone()
    return None if row is None else typed([row], Input)[0]


def ledger_id(connection: sqlite3.Connection) -> str:
    """The ledger's own id, made at random, whatever its file is called."""
    return only(connection.execute("SELECT ledger FROM session"), tuple[str])[0]


def version(connection: sqlite3.Connection) -> str:
    """A word that is another one after each change: an era of its own, and how often the ledger was changed."""
    era, changes = only(connection.execute("SELECT era, changes FROM progress"), tuple[str, Number])
    return f"{era} {changes}"


def counts(connection: sqlite3.Connection) -> list[Count]:
    """Numbers of recipients by state (in the table's order) and code; kept by the ledger, so they cost nothing."""
    rows = connection.execute("SELECT * FROM counts WHERE recipients > 0").fetchall()
    found = typed(rows, Count)
    order = list(State)
    return sorted(found, key=lambda count: (order.index(count.state), count.code))


def planned(connection: sqlite3.Connection, start: int) -> list[PlannedRecipient]:
    """The next recipients to be sent to, from number ``start`` on, in the input's order."""
    rows = connection.execute(
        "SELECT r.id, r.phone, t.text, r.segments FROM recipients r CROSS JOIN texts t ON t.id = r.text_id"
        " WHERE r.id >= ? AND r.state = ? ORDER BY r.id LIMIT ?",
        (start, State.PLANNED, PAGE),
    )
    return typed(rows, PlannedRecipient)


def requests(connection: sqlite3.Connection, batch_size: int) -> int:
    """The number of requests that all who are planned come to, if all equal texts find together."""
    (found,) = connection.execute(
        "SELECT coalesce(sum((n + ?1 - 1) / ?1), 0) FROM"
        " (SELECT count(*) AS n FROM recipients WHERE state = ?2 GROUP BY text_id)",
        (batch_size, State.PLANNED),
    ).fetchone()
    return int(found)  # counted here, whatever the rows hold


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
    line, kept, origins = _ORIGINS if _has_origins(connection) else _NO_ORIGINS
    rows = connection.execute(
        "SELECT id, phone, state, nullif(code, ''), error, message_id, attempts, updated_us,"  # noqa: S608
        f" {line}, {kept} FROM recipients{origins} WHERE id >= ? AND state IN ({marks}) ORDER BY id LIMIT ?",
        [start, *states, PAGE],
    )
    return typed((dict(zip(_FIELDS, row, strict=True)) for row in rows), Entry)


_ORIGINS: Final = ("o.line", "o.kept", " LEFT JOIN origins o USING (id)")
_NO_ORIGINS: Final = ("NULL", "NULL", "")
"""Columns and table of a query, with a file that filled the ledger and without."""


def first_kept(connection: sqlite3.Connection) -> str | None:
    """What was kept of the first row of the input's file, if there is a file."""
    if not _has_origins(connection):
        return None
    row = connection.execute("SELECT kept FROM origins ORDER BY id LIMIT 1").fetchone()
    return None if row is None else only([row], tuple[str | None])[0]


def among(connection: sqlite3.Connection, phones: Collection[str]) -> int:
    """How many of these numbers recipients have, by one look at all recipients."""
    wanted = frozenset(phones)
    if not wanted:
        return 0
    return len({phone for (phone,) in connection.execute("SELECT phone FROM recipients") if phone in wanted})


def _has_origins(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'origins'"
    return connection.execute(query).fetchone() is not None
