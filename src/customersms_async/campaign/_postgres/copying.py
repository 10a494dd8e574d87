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

from ..._postgres.session import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import Connection, Cursor

_LINES: Final = 20_000
"""Lines that are handed over at a time."""


class BroughtTable(NamedTuple):
    """A table that is copied: where to, from which table of the file, and SQLite's words for each column."""

    target: str
    source: str
    columns: tuple[str, ...]

    @property
    def query(self) -> str:
        """What gives the lines of COPY."""
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
        "campaign_moves (campaign, number, at_us, move, state, place, decided_by)",
        "moves ORDER BY id",
        (
            *(":campaign", "row_number() OVER (ORDER BY id)", "at_us", _text("move"), _text("state")),
            *(_bytes("place"), _bytes("by")),
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
    with _in_one_transaction(connection, draft) as (cursor, source):
        found = cursor.execute(
            "SELECT hash FROM customersms.campaigns WHERE campaign = %s FOR NO KEY UPDATE", (campaign,)
        ).fetchone()
        if found is None or found[0] is not None:
            return False
        _fill(cursor, source, campaign)
    return True


def bring_new(connection: Connection[Any], packed: Path, name: bytes) -> None:
    """Bring all that is in the file ``packed`` into a new campaign of that name, with the same id.

    Raises ``PostgresError``, also if there is one of that name; then nothing was brought.
    """
    with _in_one_transaction(connection, packed) as (cursor, source):
        (ledger,) = source.execute("SELECT ledger FROM session").fetchone()
        made = cursor.execute(
            "INSERT INTO customersms.campaigns (name, ledger, made_us) VALUES (%s, %s, customersms.wall_us())"
            " RETURNING campaign",
            (name, ledger),
        ).fetchone()
        assert made is not None  # noqa: S101 - it was inserted
        _fill(cursor, source, made[0])


@contextlib.contextmanager
def _in_one_transaction(
    connection: Connection[Any], file: Path
) -> Iterator[tuple[Cursor[tuple[Any, ...]], sqlite3.Connection]]:
    import psycopg

    try:
        with contextlib.closing(sqlite3.connect(file)) as source, connection.transaction():
            cursor = connection.cursor()
            cursor.execute("SELECT customersms.commit_durably(true)")
            yield cursor, source
    except psycopg.Error as error:
        raise problem_of(error, "") from None


def _fill(cursor: Cursor[tuple[Any, ...]], source: sqlite3.Connection, campaign: int) -> None:
    base = campaign << 32
    values = {"campaign": campaign, "base": base, "drawn": secrets.randbits(_MOST_DRAWN)}
    there = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in _TABLES:
        if table.source.split()[0] in there:
            with cursor.copy(f"COPY customersms.{table.target} FROM STDIN".encode()) as copy:
                for lines in _lines(source, table.query, values):
                    copy.write(lines)
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


def _lines(source: sqlite3.Connection, query: str, values: dict[str, int]) -> Iterator[bytes]:
    rows = source.execute(query, {name: value for name, value in values.items() if f":{name}" in query})
    while some := rows.fetchmany(_LINES):
        yield "".join(f"{line}\n" for (line,) in some).encode()
