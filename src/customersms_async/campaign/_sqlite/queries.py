"""Questions to a ledger, with answers of bounded size. They run in its own thread, and see what is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..rows import PAGE, Addition, Count, Entry, Input, Number, PlacedText, PlannedRecipient
from ..states import State
from .typed_rows import only, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

_FIELDS: Final = Entry.__struct_fields__


def added(connection: sqlite3.Connection) -> Input | None:
    """The input, with how many recipients there are by now, or ``None`` if nothing was added yet."""
    row = connection.execute("SELECT hash, template, recipients, added_us, rehearsal FROM input").fetchone()
    if row is None:
        return None
    first = typed([row], Input)[0]
    if not has_table(connection, "additions"):
        return first
    (recipients,) = only(connection.execute("SELECT coalesce(sum(recipients), 0) FROM additions"), tuple[Number])
    return first._replace(recipients=recipients)


def additions(connection: sqlite3.Connection) -> list[Addition]:
    """All additions, the first input as the first; of an older version that is the only one, of which less is known."""
    if has_table(connection, "additions"):
        query = "SELECT source, hash, added_us, by, recipients, first FROM additions ORDER BY id"
    else:
        query = "SELECT '', hash, added_us, '', recipients, 0 FROM input"
    return typed(connection.execute(query), Addition)


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
    zone, zones = ("z.zone", " LEFT JOIN zones z ON z.id = r.id") if has_table(connection, "zones") else ("NULL", "")
    rows = connection.execute(
        f"SELECT r.id, r.phone, t.text, r.segments, {zone} FROM recipients r CROSS JOIN texts t ON t.id = r.text_id"  # noqa: S608
        f"{zones} WHERE r.id >= ? AND r.state = ? ORDER BY r.id LIMIT ?",
        (start, State.PLANNED, PAGE),
    )
    return typed(rows, PlannedRecipient)


def requests(connection: sqlite3.Connection, batch_size: int) -> int:
    """The number of requests that all who are planned come to, if all equal texts find together."""
    (found,) = connection.execute(
        "SELECT coalesce(sum((n + :size - 1) / :size), 0) FROM"
        " (SELECT count(*) AS n FROM recipients WHERE state = :planned GROUP BY text_id)",
        {"size": batch_size, "planned": State.PLANNED},
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
    line, kept, origins = _ORIGINS if has_table(connection, "origins") else _NO_ORIGINS
    rows = connection.execute(
        "SELECT id, phone, state, nullif(code, ''), error, message_id, attempts, updated_us,"  # noqa: S608
        f" {line}, {kept} FROM recipients{origins} WHERE id >= ? AND state IN ({marks}) ORDER BY id LIMIT ?",
        [start, *states, PAGE],
    )
    return typed((dict(zip(_FIELDS, row, strict=True)) for row in rows), Entry)


def texts(connection: sqlite3.Connection, places: Iterable[int]) -> list[PlacedText]:
    """The texts of the recipients at these places, in their order."""
    query = "SELECT r.id, t.text, r.segments FROM recipients r LEFT JOIN texts t ON t.id = r.text_id WHERE r.id = ?"
    return typed((row for place in places for row in connection.execute(query, (place,))), PlacedText)


_ORIGINS: Final = ("o.line", "o.kept", " LEFT JOIN origins o USING (id)")
_NO_ORIGINS: Final = ("NULL", "NULL", "")
"""Columns and table of a query, with a file that filled the ledger and without."""


def first_kept(connection: sqlite3.Connection) -> list[str]:
    """What was kept of the first row of each addition's file, of those that have one."""
    if not has_table(connection, "origins"):
        return []
    query = "SELECT kept FROM origins WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
    rows = [
        row
        for each in additions(connection)
        for row in connection.execute(query, (each.first, each.first + each.recipients))
    ]
    return [kept for (kept,) in typed(rows, tuple[str | None]) if kept is not None]


def among(connection: sqlite3.Connection, phones: Collection[str]) -> int:
    """How many of these numbers recipients have, by one look at all recipients."""
    wanted = frozenset(phones)
    if not wanted:
        return 0
    return len({phone for (phone,) in connection.execute("SELECT phone FROM recipients") if phone in wanted})


def has_table(connection: sqlite3.Connection, name: str, *, schema: str = "main") -> bool:
    """Whether the ledger has the table of that name: some only come with what needs them."""
    query = f"SELECT 1 FROM {schema}.sqlite_master WHERE type = 'table' AND name = ?"  # noqa: S608 - ours alone
    return connection.execute(query, (name,)).fetchone() is not None
