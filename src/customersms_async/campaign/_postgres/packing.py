"""All that a campaign of a database holds into a new ledger's file, by COPY: see ``copying`` for the way back.

The file's attempts are numbered anew from 1 on, in the order of their times, as a file numbers its own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..._postgres.session import problem_of
from ..._postgres.wire import unhexed
from .._sqlite.errors import translated
from .._sqlite.move_schema import MOVED
from .._sqlite.schema import ORIGINS, SCHEMA, ZONES
from ..refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from psycopg import Connection, Cursor

_ROWS: Final = 5_000
"""Rows that are written at a time."""

_NUMBERED: Final = (
    "(SELECT attempt, row_number() OVER (ORDER BY began_us, attempt) AS n FROM customersms.campaign_attempts"
    " WHERE campaign = {campaign})"
)
_OF: Final = "WHERE r.id >= {base} AND r.id < {end}"


class PackedTable(NamedTuple):
    """A table that is copied: of the file with its columns, and the server's words for each; bytes are marked so.

    ``needs`` makes the table where the file has none yet.
    """

    target: str
    columns: Sequence[str]
    source: str
    needs: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """The query that gives the rows of one campaign."""
        columns = ", ".join(each.removeprefix(_BYTES) for each in self.columns)
        return f"COPY (SELECT {columns} FROM {self.source}) TO STDOUT"  # noqa: S608 - ours alone

    @property
    def insert(self) -> str:
        """The statement that takes a row in."""
        return f"INSERT INTO {self.target} VALUES ({', '.join('?' * len(self.columns))})"  # noqa: S608 - ours alone


_BYTES: Final = "bytes:"


def _words(*columns: str) -> tuple[str, ...]:
    return tuple(f"{_BYTES}{column}" for column in columns)


_TABLES: Final = (
    PackedTable(
        "input",
        ("1", "hash", *_words("template"), "recipients", "added_us", "rehearsal::integer"),
        "customersms.campaigns WHERE campaign = {campaign}",
    ),
    PackedTable("texts", ("number", *_words("text")), "customersms.campaign_texts WHERE campaign = {campaign}"),
    PackedTable(
        "recipients",
        (
            *("r.id - {base}", *_words("r.phone"), "r.text", "r.segments", "r.state", *_words("r.code", "r.error")),
            *(*_words("r.message_id"), "r.attempts", "a.n", "r.updated_us"),
        ),
        f"customersms.campaign_recipients r LEFT JOIN {_NUMBERED} a USING (attempt) {_OF}",
    ),
    PackedTable(
        "origins", ("r.id - {base}", "r.line", *_words("r.kept")), f"customersms.campaign_origins r {_OF}", ORIGINS
    ),
    PackedTable("zones", ("r.id - {base}", *_words("r.zone")), f"customersms.campaign_zones r {_OF}", ZONES),
    PackedTable(
        "additions",
        ("number", *_words("source"), "hash", "added_us", *_words("added_by"), "recipients", "first_place"),
        "customersms.campaign_additions WHERE campaign = {campaign} ORDER BY number",
    ),
    PackedTable(
        "suppressed",
        (*_words("phone", "source"), "at_us"),
        "customersms.campaign_suppressed WHERE campaign = {campaign}",
    ),
    PackedTable(
        "attempts",
        ("n.n", "a.began_us", "a.recipients", "a.ids", "a.credits_before", "a.deadline_us"),
        f"customersms.campaign_attempts a JOIN {_NUMBERED} n USING (attempt) WHERE a.campaign = {{campaign}}",
    ),
    PackedTable(
        "answers",
        (
            *("n.n", "w.ended_us", "w.status_code", "w.accepted", "w.rejected", "w.unknown", "w.unsent"),
            *(*_words("w.error"), "w.credits_after"),
        ),
        f"customersms.campaign_answers w JOIN {_NUMBERED} n USING (attempt)",
    ),
    PackedTable(
        "doubles",
        ("n.n", "r.id - {base}", "r.ended_us"),
        f"customersms.campaign_doubles r JOIN {_NUMBERED} n USING (attempt) {_OF}",
    ),
    PackedTable(
        "resolutions",
        ("number", "at_us", *_words("decided_by"), "becomes", "recipients", "ids"),
        "customersms.campaign_resolutions WHERE campaign = {campaign} ORDER BY number",
    ),
    PackedTable(
        "terms",
        ("number", "at_us", *_words("terms")),
        "customersms.campaign_terms WHERE campaign = {campaign} ORDER BY number",
    ),
    PackedTable(
        "wanted",
        ("number", "at_us", "state", "event", *_words("decided_by", "guard", "why"), "terms"),
        "customersms.campaign_wanted WHERE campaign = {campaign} ORDER BY number",
    ),
    PackedTable(
        "moves",
        ("number", "at_us", "move", "state", *_words("place", "decided_by"), "database", "copy"),
        "customersms.campaign_moves WHERE campaign = {campaign} ORDER BY number",
        MOVED,
    ),
)


def pack(connection: Connection[Any], campaign: int, ledger: str, name: str, to: Path) -> None:
    """Write all of ``campaign``, whose id is ``ledger``, into the file ``to``, which is empty or not there.

    It is as it was at one moment. Raises ``PostgresError``, and ``LedgerError`` for what no file can hold.
    """
    import psycopg

    try:
        with translated(to), contextlib.closing(sqlite3.connect(to, isolation_level=None)) as file:
            file.executescript(f"PRAGMA synchronous = OFF; {SCHEMA}")  # whoever gives it its place syncs it
            file.execute("BEGIN")
            with connection.transaction():
                cursor = connection.cursor()
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                for table in _TABLES:
                    _copy(cursor, file, table, campaign)
            file.execute(
                "INSERT INTO counts SELECT state, code, count(*), sum(segments) FROM recipients GROUP BY state, code"
            )
            file.execute("UPDATE session SET ledger = ?", (ledger,))
            file.execute("COMMIT")
    except psycopg.Error as error:
        raise problem_of(error, "") from None
    except UnicodeDecodeError as error:
        raise refusal(name, f"it holds what no campaign writes there ({error})") from None


def _copy(cursor: Cursor[tuple[Any, ...]], file: sqlite3.Connection, table: PackedTable, campaign: int) -> None:
    base = campaign << 32
    query = table.query.format(campaign=campaign, base=base, end=base + (1 << 32))
    read = _reader(table.columns)
    is_there = not table.needs
    with cursor.copy(query.encode()) as copy:
        for some in _slices(read(bytes(line)) for line in copy):
            if not is_there:
                for statement in table.needs:
                    file.execute(statement)
                is_there = True
            file.executemany(table.insert, some)


def _reader(columns: Sequence[str]) -> Callable[[bytes], list[str | None]]:
    """A function that reads a line of COPY; each number comes as text, of which SQLite makes a number in its column."""
    kinds = [each.startswith(_BYTES) for each in columns]
    known: dict[bytes, str] = {}

    def words(value: bytes) -> str:
        text = known.get(value)
        if text is None:
            text = unhexed(value.replace(rb"\\", b"\\")).decode()
            if len(known) < _ROWS:  # texts and codes come again and again
                known[value] = text
        return text

    def read(line: bytes) -> list[str | None]:
        values = line[:-1].split(b"\t")
        return [
            None if value == b"\\N" else words(value) if is_bytes else value.decode()
            for value, is_bytes in zip(values, kinds, strict=True)
        ]

    return read


def _slices(rows: Iterable[list[str | None]]) -> Iterator[list[list[str | None]]]:
    some: list[list[str | None]] = []
    for row in rows:
        some.append(row)
        if len(some) >= _ROWS:
            yield some
            some = []
    if some:
        yield some
