"""The tables of procrastinate, whose jobs tell workers of campaigns: in a schema of their own, ``customersms_jobs``.

They are made by ``customersms ledger migrate``. Nothing is kept in them that does not stand in the schema
``customersms`` as well, so those of another version of procrastinate are dropped and made anew. Their functions look
into this schema alone, and so must whoever asks them: ``SETTINGS``, within each transaction. An application's own
procrastinate, in another schema, neither sees these jobs nor shows its own.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import wire
from .errors import PostgresError, server_error
from .migrations import LOCK_TIMEOUT
from .session import problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from .session import ServerSession

SCHEMA: Final = "customersms_jobs"

SET_PATH: Final = b"SET LOCAL search_path = customersms_jobs, pg_catalog"
"""What a transaction begins with that makes these tables; none of it is left for whoever has the connection next."""

SETTINGS: Final = (
    b"SELECT set_config('search_path', 'customersms_jobs, pg_catalog', true), set_config('lock_timeout', '2s', true)"
)
"""What a transaction of a worker begins with: it waits no longer for a lock, as jobs are not worth waiting for."""

_LOCK: Final = b"SELECT pg_advisory_xact_lock(4854276180216214098)"
_THERE: Final = b"SELECT to_regclass('customersms_jobs.made_for') IS NOT NULL"
_READ: Final = b"SELECT version, digest FROM customersms_jobs.made_for"
_MAKE: Final = b"CREATE TABLE made_for (one boolean PRIMARY KEY DEFAULT true CHECK (one), version text, digest text)"
_NOTE: Final = b"INSERT INTO made_for (version, digest) VALUES ($1, $2)"
_PATHS: Final = b"""
DO $$
DECLARE
  one regprocedure;
BEGIN
  FOR one IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'customersms_jobs'::regnamespace LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = customersms_jobs, pg_catalog', one);
  END LOOP;
END $$
"""
_GRANTS: Final = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON {schema}.made_for FROM {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
)
_WAY: Final = "customersms ledger migrate as one who may makes them"


class JobTables(NamedTuple):
    """The tables that the installed procrastinate needs; ``digest`` is that of the SQL."""

    version: str
    digest: str
    sql: bytes


def installed() -> JobTables | None:
    """The tables of the procrastinate that is installed; ``None`` if there is none."""
    try:
        from procrastinate import __version__
        from procrastinate.schema import SchemaManager
    except ImportError:
        return None
    sql = SchemaManager.get_schema().encode()
    return JobTables(str(__version__), hashlib.sha256(sql).hexdigest(), sql)


def make(connection: Connection[Any], roles: Sequence[str]) -> str | None:
    """Make the tables, unless they are there, and let ``roles`` use them; all of it or nothing.

    Gives the version of procrastinate, ``None`` if it is not installed. Raises ``PostgresError``.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    tables = installed()
    if tables is None:
        return None
    deadline = time.monotonic() + 60
    try:
        with connection.transaction():
            connection.execute(LOCK_TIMEOUT)
            connection.execute(_LOCK)
            rows = _found(wire.ask(connection, _THERE, (), deadline)) and wire.ask(connection, _READ, (), deadline)
            if not rows or rows[0][1] != tables.digest.encode():
                if rows:
                    connection.execute(b"DROP SCHEMA customersms_jobs CASCADE")
                connection.execute(b"CREATE SCHEMA customersms_jobs")
                connection.execute(SET_PATH)
                connection.execute(tables.sql)
                connection.execute(_PATHS)
                connection.execute(_MAKE)
                wire.ask(connection, _NOTE, (tables.version.encode(), tables.digest.encode()), deadline)
            for role in roles:
                for grant in _GRANTS:
                    connection.execute(SQL(grant).format(schema=Identifier(SCHEMA), role=Identifier(role)))
    except psycopg.Error as error:
        raise problem_of(error, "") from None
    return tables.version


def check(session: ServerSession, deadline: float) -> None:
    """See that the tables are there, and those of this procrastinate. Raises ``PostgresError``."""
    tables = installed()
    if tables is None:
        raise server_error("", "customersms worker needs procrastinate: pip install 'customersms-async[postgres]'")
    if not _found(session.ask(_THERE, (), deadline)):
        raise PostgresError(f"it has no tables of jobs for workers: {_WAY}", temporary=False)
    ((version, digest),) = session.ask(_READ, (), deadline)
    if digest != tables.digest.encode():
        theirs, ours = (version or b"").decode(), tables.version
        raise PostgresError(
            f"its tables of jobs are those of procrastinate {theirs}, and {ours} is installed here: {_WAY} anew,"
            " which loses nothing",
            temporary=False,
        )


def _found(rows: Sequence[wire.Row]) -> bool:
    return rows[0][0] == b"t"
