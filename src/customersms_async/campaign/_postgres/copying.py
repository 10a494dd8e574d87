"""An input from a ledger's file into a campaign of a database: all of it in one transaction, by COPY.

It is judged in a file first, as repeats can't be looked up while COPY runs. SQLite itself makes the lines, so that a
million recipients take seconds.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..._postgres.session import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import Connection

_LINES: Final = 20_000
"""Lines that are handed over at a time."""


class _Table(NamedTuple):
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


_ID: Final = "(:base + id)"
_TABLES: Final = (
    _Table("campaign_texts (campaign, number, text)", "texts", (":campaign", "id", _bytes("text"))),
    _Table(
        "campaign_recipients (id, phone, text, segments, state, code, error, updated_us)",
        "recipients",
        (
            *(_ID, _bytes("phone"), r"coalesce(text_id, '\N')", "segments"),
            *("state", _bytes("code"), _bytes("error"), "updated_us"),
        ),
    ),
    _Table(
        "campaign_suppressed (campaign, phone, source, at_us)",
        "suppressed",
        (":campaign", _bytes("phone"), _bytes("source"), "at_us"),
    ),
)
_ORIGINS: Final = _Table("campaign_origins (id, line, kept)", "origins", (_ID, "line", _bytes("kept")))


def bring(connection: Connection[Any], draft: Path, campaign: int, by: bytes) -> bool:
    """Bring the input of the ledger's file ``draft`` into an empty ``campaign``; false if somebody was faster.

    Raises ``PostgresError``; then nothing was brought.
    """
    import psycopg

    base = campaign << 32
    try:
        with contextlib.closing(sqlite3.connect(draft)) as source, connection.transaction():
            cursor = connection.cursor()
            found = cursor.execute(
                "SELECT hash FROM customersms.campaigns WHERE campaign = %s FOR NO KEY UPDATE", (campaign,)
            ).fetchone()
            if found is None or found[0] is not None:
                return False
            cursor.execute("SELECT customersms.commit_durably(true)")
            for table in _tables(source):
                with cursor.copy(f"COPY customersms.{table.target} FROM STDIN".encode()) as copy:
                    for lines in _lines(source, table.query, campaign, base):
                        copy.write(lines)
            cursor.execute(
                "INSERT INTO customersms.campaign_counts SELECT %s, state, code, count(*), sum(segments)"
                " FROM customersms.campaign_recipients WHERE id >= %s AND id < %s GROUP BY state, code",
                (campaign, base, base + (1 << 32)),
            )
            digest, template, recipients, added_us, rehearsal = source.execute(
                "SELECT hash, template, recipients, added_us, rehearsal FROM input"
            ).fetchone()
            cursor.execute(
                "UPDATE customersms.campaigns SET hash = %s, template = %s, recipients = %s, added_us = %s,"
                " rehearsal = %s WHERE campaign = %s",
                (
                    digest,
                    None if template is None else template.encode("utf-8", "surrogatepass"),
                    recipients,
                    added_us,
                    bool(rehearsal),
                    campaign,
                ),
            )
            cursor.execute(
                "INSERT INTO customersms.campaign_wanted VALUES (%s, 1, %s, 'draft', 'added', %s, '', '', NULL)",
                (campaign, added_us, by),
            )
    except psycopg.Error as error:
        raise problem_of(error, "") from None
    return True


def _tables(source: sqlite3.Connection) -> Iterator[_Table]:
    yield from _TABLES
    if source.execute("SELECT 1 FROM sqlite_master WHERE name = 'origins'").fetchone() is not None:
        yield _ORIGINS


def _lines(source: sqlite3.Connection, query: str, campaign: int, base: int) -> Iterator[bytes]:
    rows = source.execute(query, {"campaign": campaign, "base": base})
    while some := rows.fetchmany(_LINES):
        yield "".join(f"{line}\n" for (line,) in some).encode()
