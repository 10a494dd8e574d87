"""All that a ledger's file holds into a campaign of a database: in one transaction, by COPY.

An input is judged in a file first, as repeats can't be looked up while COPY runs; so a file is all that ever comes in.
SQLite itself makes the lines, so that a million recipients take seconds.

A file numbers its attempts from 1 on, and a database has one number for each attempt of all its campaigns: theirs go on
from a number that is drawn at random among 2**61, as those of single attempts are.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..._postgres import wire
from ..._postgres.server import DATABASE_ID
from ..._postgres.session import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from psycopg import Connection, Cursor

    from ..move_states import LedgerMove

_LINES: Final = 20_000
"""Lines that are handed over at a time."""


class NamedCampaign(NamedTuple):
    """The campaign that has a name in the database: its number, and how many rows it has said of its moves."""

    campaign: int
    said: int


class BroughtTable(NamedTuple):
    """A table that is copied: where to, from which table of the file, and SQLite's words for each column."""

    target: str
    source: str
    columns: tuple[str, ...]

    @property
    def query(self) -> str:
        """The query that gives the lines of COPY."""
        return f"SELECT {' || char(9) || '.join(self.columns)} FROM {self.source}"  # noqa: S608 - ours alone


def _bytes(column: str) -> str:
    return rf"iif({column} IS NULL, '\N', '\\x' || hex({column}))"


def _may_be_null(column: str) -> str:
    return rf"coalesce({column}, '\N')"


def _text(column: str) -> str:
    """A column of plain words, whatever stands in it, as COPY reads it."""
    escaped = rf"replace(replace(replace({column}, '\', '\\'), char(9), '\t'), char(10), '\n')"
    return _may_be_null(escaped)


_ID: Final = "(:base + id)"
_TABLES: Final = (
    BroughtTable("campaign_texts (campaign, number, text)", "texts", (":campaign", "id", _bytes("text"))),
    BroughtTable(
        "campaign_recipients"
        " (id, phone, text, segments, state, code, error, message_id, attempts, attempt, updated_us)",
        "recipients",
        (
            *(_ID, _bytes("phone"), _may_be_null("text_id"), "segments", "state", _bytes("code"), _bytes("error")),
            *(_bytes("message_id"), "attempts", _may_be_null("(:drawn + attempt_id)"), "updated_us"),
        ),
    ),
    BroughtTable("campaign_origins (id, line, kept)", "origins", (_ID, "line", _bytes("kept"))),
    BroughtTable("campaign_zones (id, zone)", "zones", (_ID, _bytes("zone"))),
    BroughtTable(
        "campaign_additions (campaign, number, source, hash, added_us, added_by, recipients, first_place)",
        "additions ORDER BY id",
        (
            *(":campaign", "row_number() OVER (ORDER BY id)", _bytes("source"), _text("hash"), "added_us"),
            *(_bytes("by"), "recipients", "first"),
        ),
    ),
    BroughtTable(
        "campaign_suppressed (campaign, phone, source, at_us)",
        "suppressed",
        (":campaign", _bytes("phone"), _bytes("source"), "at_us"),
    ),
    BroughtTable(
        "campaign_attempts (attempt, campaign, began_us, recipients, ids, credits_before, deadline_us)",
        "attempts",
        (
            *("(:drawn + id)", ":campaign", "began_us", "recipients", _text("ids"), _text("credits_before")),
            "deadline_us",
        ),
    ),
    BroughtTable(
        "campaign_answers (attempt, ended_us, status_code, accepted, rejected, unknown, unsent, error, credits_after)",
        "answers",
        (
            *("(:drawn + attempt_id)", "ended_us", _may_be_null("status_code"), "accepted", "rejected", "unknown"),
            *("unsent", _bytes("error"), _text("credits_after")),
        ),
    ),
    BroughtTable(
        "campaign_doubles (id, attempt, ended_us)",
        "doubles",
        ("(:base + recipient)", "(:drawn + attempt_id)", "ended_us"),
    ),
    BroughtTable(
        "campaign_resolutions (campaign, number, at_us, decided_by, becomes, recipients, ids)",
        "resolutions",
        (":campaign", "id", "at_us", _bytes("by"), _text("becomes"), "recipients", _text("ids")),
    ),
    BroughtTable(
        "campaign_terms (campaign, number, at_us, terms)", "terms", (":campaign", "id", "at_us", _bytes("terms"))
    ),
    BroughtTable(
        "campaign_wanted (campaign, number, at_us, state, event, decided_by, guard, why, terms)",
        "wanted ORDER BY id",
        (
            *(":campaign", "row_number() OVER (ORDER BY id)", "at_us", _text("state"), _text("event"), _bytes("by")),
            *(_bytes("guard"), _bytes("why"), _may_be_null("terms_id")),
        ),
    ),
    BroughtTable(
        "campaign_moves (campaign, number, at_us, move, state, place, decided_by, database, copy)",
        "moves ORDER BY id",
        (
            *(":campaign", "row_number() OVER (ORDER BY id)", "at_us", _text("move"), _text("state")),
            *(_bytes("place"), _bytes("by"), _text("database"), _text("copy")),
        ),
    ),
)
"""What is copied, of what there is in the file: one that was never moved has no ``moves``, and so on."""

_MOST_DRAWN: Final = 61
"""Bits of the number from which on a file's attempts are numbered: with a billion of them it is still a bigint."""


def bring(connection: Connection[Any], draft: Path, campaign: int) -> bool:
    """Bring all that is in the file ``draft`` into an empty ``campaign``; false if somebody was faster.

    Raises ``PostgresError``; then nothing was brought.
    """
    with contextlib.closing(sqlite3.connect(draft)) as source, one_transaction(connection) as cursor:
        cursor.execute("SELECT customersms.campaign_is_here(%s)", (campaign,))
        found = cursor.execute(
            "SELECT hash FROM customersms.campaigns WHERE campaign = %s FOR NO KEY UPDATE", (campaign,)
        ).fetchone()
        if found is None or found[0] is not None:
            return False
        _fill(cursor, source, campaign)
    return True


def reserve(
    connection: Connection[Any], name: bytes, ledger: str, rows: Sequence[LedgerMove], over: NamedCampaign | None
) -> bool:
    """Make a campaign of that name and id without anybody, which says ``rows`` of its moves, in place of ``over``.

    False if that is not what is there. Raises ``PostgresError``, also if there is one of that name; then nothing has
    changed.
    """
    with one_transaction(connection) as cursor:
        if over is not None:
            _let_go(cursor, over, name, None)
        campaign = _make(cursor, name, ledger)
        for number, row in enumerate(rows, 1):
            cursor.execute(
                "INSERT INTO customersms.campaign_moves"
                " (campaign, number, at_us, move, state, place, decided_by, database, copy)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    *(campaign, number, row.at_us, row.move, row.state.value, _said(row.place), _said(row.by)),
                    *(row.database, row.copy),
                ),
            )
        return True
    return False


def bring_new(
    connection: Connection[Any], packed: Path, name: bytes, over: NamedCampaign, aside: bytes | None, database: str
) -> bool:
    """Bring all that is in the file ``packed`` into a new campaign, with the same id, which takes the name of ``over``.

    That one is called ``aside`` from then on, or is removed. False if it is not what is there by then, or this is not
    that ``database``. Raises ``PostgresError``; then nothing has changed, either. The name changes hands at the end:
    whoever opens it waits for no more than that.
    """
    with contextlib.closing(sqlite3.connect(packed)) as source, one_transaction(connection) as cursor:
        if cursor.execute(DATABASE_ID).fetchone() != (database,):  # an address can lead to several servers
            return False
        (ledger,) = source.execute("SELECT ledger FROM session").fetchone()
        campaign = _make(cursor, b"arriving " + secrets.token_hex(16).encode(), ledger)
        _fill(cursor, source, campaign)
        _let_go(cursor, over, name, aside)
        cursor.execute("UPDATE customersms.campaigns SET name = %s WHERE campaign = %s", (name, campaign))
        return True
    return False


def free(connection: Connection[Any], name: bytes, over: NamedCampaign) -> bool:
    """Let go of a name that was reserved; false if that is not what is there."""
    with one_transaction(connection) as cursor:
        _let_go(cursor, over, name, None)
        return True
    return False


def _said(words: str) -> bytes:
    return words.encode("utf-8", "surrogatepass")


def _make(cursor: Cursor[tuple[Any, ...]], name: bytes, ledger: str) -> int:
    made = cursor.execute(
        "INSERT INTO customersms.campaigns (name, ledger, made_us) VALUES (%s, %s, customersms.wall_us())"
        " RETURNING campaign",
        (name, ledger),
    ).fetchone()
    assert made is not None  # noqa: S101 - it was inserted
    return int(made[0])


def _let_go(cursor: Cursor[tuple[Any, ...]], over: NamedCampaign, name: bytes, aside: bytes | None) -> None:
    """Rename what has the name, or remove it if nobody is in it; undo the transaction if it is another one by now.

    What it said of its moves stays, as that is only ever appended: so whoever has it open still is refused.
    """
    import psycopg

    cursor.execute("SELECT pg_advisory_xact_lock(1129536340, %s)", (over.campaign,))  # nothing is said of it meanwhile
    change = (
        b"DELETE FROM customersms.campaigns" if aside is None else b"UPDATE customersms.campaigns SET name = %(aside)s"
    )
    cursor.execute(
        change + b" WHERE campaign = %(campaign)s AND name = %(name)s AND (%(filled)s OR hash IS NULL) AND %(said)s ="
        b" (SELECT count(*) FROM customersms.campaign_moves m WHERE m.campaign = %(campaign)s)",
        {**over._asdict(), "name": name, "aside": aside, "filled": aside is not None},
    )
    if cursor.rowcount != 1:
        raise psycopg.Rollback


@contextlib.contextmanager
def one_transaction(connection: Connection[Any]) -> Iterator[Cursor[tuple[Any, ...]]]:
    """A transaction, on the disk and on a synchronous standby when the block ends. Raises ``PostgresError``."""
    import psycopg

    try:
        with wire.warnings_heard(connection) as warned, connection.transaction():
            cursor = connection.cursor()
            cursor.execute("SELECT customersms.commit_durably(true)")
            yield cursor
    except psycopg.Error as error:
        raise problem_of(error, "") from None
    wire.refuse_warned(warned)


def _fill(cursor: Cursor[tuple[Any, ...]], source: sqlite3.Connection, campaign: int) -> None:
    base = campaign << 32
    copy_tables(cursor, source, campaign)
    cursor.execute(
        "INSERT INTO customersms.campaign_counts SELECT %s, state, code, count(*), sum(segments)"
        " FROM customersms.campaign_recipients WHERE id >= %s AND id < %s GROUP BY state, code",
        (campaign, base, base + (1 << 32)),
    )
    digest, template, recipients, added_us, rehearsal = source.execute(
        "SELECT hash, template, recipients, added_us, rehearsal FROM input"
    ).fetchone()
    words = None if template is None else template.encode("utf-8", "surrogatepass")
    cursor.execute(
        "UPDATE customersms.campaigns SET hash = %s, template = %s, recipients = %s, added_us = %s, rehearsal = %s"
        " WHERE campaign = %s",
        (digest, words, recipients, added_us, bool(rehearsal), campaign),
    )


def copy_tables(cursor: Cursor[tuple[Any, ...]], source: sqlite3.Connection, campaign: int) -> None:
    """Bring the rows of all tables that are there in ``source`` into the campaign."""
    values = {"campaign": campaign, "base": campaign << 32, "drawn": secrets.randbits(_MOST_DRAWN)}
    there = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in _TABLES:
        if table.source.split()[0] in there:
            with cursor.copy(f"COPY customersms.{table.target} FROM STDIN".encode()) as copy:
                for lines in _lines(source, table.query, values):
                    copy.write(lines)


def _lines(source: sqlite3.Connection, query: str, values: dict[str, int]) -> Iterator[bytes]:
    rows = source.execute(query, {name: value for name, value in values.items() if f":{name}" in query})
    while some := rows.fetchmany(_LINES):
        yield "".join(f"{line}\n" for (line,) in some).encode()
