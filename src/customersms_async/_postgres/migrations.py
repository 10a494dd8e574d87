"""The schema ``customersms`` of the database: made, and brought to this version, forward only."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import wire
from .errors import PostgresError, server_error
from .session import problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from .session import ServerSession

VERSION: Final = 6
"""The schema's version that this package knows."""

PARTS: Final = {
    1: ("base", "quota", "idempotency", "suppression", "caps"),
    2: (
        *("ledger_tables", "ledger_rules", "ledger_campaigns"),
        *("ledger_attempts", "ledger_runners", "ledger_recipients"),
    ),
    3: ("ledger_additions",),
    4: ("durability", "quota_call", "ledger_moves"),
    5: (),
    6: ("ledger_requests",),
}
"""The files of SQL that make each version from the one before.

A function, or a trigger, stands in the latest of them that has made it anew: of version 5 nothing stands as it was.
What calls it may stand in an earlier one, as the server looks for it with the first call. Functions in SQL ask for it
when they are made, so ``wall_us`` stands twice.
"""

LOCK_TIMEOUT: Final = b"SET LOCAL lock_timeout = '30s'"
"""What a migration begins with, so that the server gives up a lock by itself: a back-up may hold one for hours."""

_LOCK: Final = b"SELECT pg_advisory_xact_lock(4854276180216214097)"

_FOUND: Final = b"""
SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'customersms' AND c.relname = 'version')
"""
_READ: Final = b"SELECT version FROM customersms.version"
_BEGIN: Final = """
CREATE SCHEMA IF NOT EXISTS customersms;
CREATE TABLE IF NOT EXISTS customersms.version (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL
);
"""
GRANTS: Final = (
    "GRANT USAGE ON SCHEMA customersms TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA customersms TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON customersms.version FROM {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA customersms TO {role}",
)
"""What a role needs that uses the schema and has not made it."""


class Migrated(NamedTuple):
    """What became of a schema: the version before (0: there was none) and after.

    ``jobs``: of which procrastinate there are tables for workers; ``None``: of none.
    """

    before: int
    after: int
    jobs: str | None = None


def prepare(session: ServerSession, deadline: float) -> None:
    """See that the schema is there, in this version; make it if this user may. Raises ``PostgresError``."""
    found = version(session, deadline)
    if found == VERSION:
        return
    refuse_newer(found)
    try:
        with session.lent(deadline, alive=True) as connection:
            migrate(connection)
    except PostgresError as error:
        if error.sqlstate != "42501":
            raise
        if version(session, deadline) == VERSION:
            return  # somebody else has made it meanwhile
        what = "is missing" if not found else f"has version {found}, and {VERSION} is needed"
        raise PostgresError(
            f"the schema customersms {what}, and this user may not change that ({error}): give"
            " customersms ledger migrate as one who may",
            temporary=False,
        ) from None


def version(session: ServerSession, deadline: float) -> int:
    """The version of the schema, 0 if there is none."""
    ((there,),) = session.ask(_FOUND, (), deadline)
    if there != b"t":
        return 0
    rows = session.ask(_READ, (), deadline)
    return int(rows[0][0] or 0) if rows else 0


def migrate(connection: Connection[Any], roles: Sequence[str] = ()) -> Migrated:
    """Bring the schema to this version, all of it or nothing, and let ``roles`` use it. Raises ``PostgresError``."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    try:
        with connection.transaction():
            connection.execute(LOCK_TIMEOUT)
            connection.execute(_LOCK)
            before = version_over(connection)
            refuse_newer(before)
            if before < VERSION:
                if not before:
                    connection.execute(_BEGIN.encode())
                    connection.execute(b"INSERT INTO customersms.version (version) VALUES (0)")
                for number in range(before + 1, VERSION + 1):
                    for part in PARTS[number]:
                        connection.execute(_source(part))
                connection.execute(b"UPDATE customersms.version SET version = %d" % VERSION)
            for role in roles:
                for grant in GRANTS:
                    connection.execute(SQL(grant).format(role=Identifier(role)))
    except psycopg.Error as error:
        raise problem_of(error, "") from None
    return Migrated(before, VERSION)


def version_over(connection: Connection[Any]) -> int:
    """The version of the schema, 0 if there is none, as this connection sees it. Raises ``PostgresError``."""
    deadline = time.monotonic() + 60
    ((there,),) = wire.ask(connection, _FOUND, (), deadline)
    rows = wire.ask(connection, _READ, (), deadline) if there == b"t" else []
    return int(rows[0][0] or 0) if rows else 0


def refuse_newer(found: int) -> None:
    """Raise ``PostgresError`` for a version that this package does not know."""
    if found > VERSION:
        raise server_error(
            "",
            f"the schema customersms has version {found}, and this customersms_async knows {VERSION}: update"
            " customersms_async",
        )


def _source(part: str) -> bytes:
    return files(__package__).joinpath(f"schema/{part}.sql").read_bytes()
