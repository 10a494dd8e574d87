"""Errors of a PostgreSQL server: which may pass by themselves, and for which a person must mend something.

The rule, from top to bottom; the first line that fits decides:

| what is wrong | passes by itself |
|---|---|
| no connection, no answer, a name that is not found, a connection that is lost | yes |
| the server starts, stops, recovers, is full (connections, memory, disk), cancels a call or waits for a lock | yes |
| two calls at once that only one can win (serialization, deadlock); they were tried again before that | yes |
| it is a standby, and the program has written to it before: a fail-over is under way | yes |
| it is a standby, or a setting has its transactions only read, and the program never wrote to it | no |
| the TLS certificate is refused, or the two sides can't agree on TLS; a file for it is missing | no |
| the password, the user, the database or a permission is refused; the schema is missing, or newer | no |
| all else that it says | no |
"""

from __future__ import annotations

import re
from typing import Final, final

_PASSING: Final = re.compile(r"08|53|57P0[1235]|57014|40|55P03|58|01000|25006")
"""SQLSTATEs, by their beginnings: connection, resources, operator, rollback, lock, system, standby."""

_STANDBY: Final = "25006"
_DENIED: Final = "42501"
_RETRIED: Final = ("40001", "40P01")
_LOST: Final = ("57P01", "57P02", "57P03", "57P05", "08")
_MISSING: Final = ("3F000", "42883", "42P01", "42703")

_MENDED_BY_A_PERSON: Final = re.compile(
    r"authentication|password|no pg_hba|does not exist|permission denied|certificate|SSL|TLS|no such database"
    r"|no such user|not allowed|invalid connection option|is not a socket|root\.crt|private key|login failed|role",
    re.IGNORECASE,
)
"""Words of servers, poolers and libpq while connecting, where there is no SQLSTATE."""

_PASSES_ALL_THE_SAME: Final = re.compile(
    r"starting up|shutting down|recovery|too many|connection slots|no more connections|timeout|timed out|refused"
    r"|could not translate host name|Name or service not known|closed the connection|unreachable|reset by peer"
    r"|SYSCALL|EOF detected|pgbouncer cannot connect|server_login_retry|query_wait_timeout|failed to resolve",
    re.IGNORECASE,
)

_NEVER_PASSES: Final = re.compile(
    r"certificate verify failed|does not support SSL|password authentication failed|is already closed"
)

_SHORT: Final = 3
"""Letters of a short password: it stands in many a word, and would be told by its absence."""


@final
class PostgresError(Exception):
    """A server that can't be used as it is: ``temporary`` if it may be asked again, ``sqlstate`` if it said so."""

    def __init__(self, problem: str, *, temporary: bool, sqlstate: str = "") -> None:
        super().__init__(problem)
        self.temporary = temporary
        self.sqlstate = sqlstate

    @property
    def is_lost(self) -> bool:
        """Whether the connection is not to be used any more."""
        return not self.sqlstate or self.sqlstate.startswith(_LOST) or self.sqlstate == _STANDBY

    @property
    def is_retried(self) -> bool:
        """Whether the same call may succeed at once."""
        return self.sqlstate in _RETRIED

    @property
    def is_standby(self) -> bool:
        """Whether nothing can be written there."""
        return self.sqlstate == _STANDBY

    @property
    def lacks_schema(self) -> bool:
        """Whether the server has none of what was called."""
        return self.sqlstate in _MISSING


def server_error(sqlstate: str, message: str, *, secret: str = "") -> PostgresError:
    """The error for what a server said to a call."""
    if sqlstate == _DENIED:
        message += ", so this user may not use it: see customersms ledger migrate --grant"
    return PostgresError(
        without_secret(message, secret), temporary=_PASSING.match(sqlstate) is not None, sqlstate=sqlstate or "XX000"
    )


def connection_error(message: str, *, secret: str = "") -> PostgresError:
    """The error for what libpq or the server said while a connection was made, or as it was lost."""
    passes = _PASSES_ALL_THE_SAME.search(message) is not None or _MENDED_BY_A_PERSON.search(message) is None
    if _NEVER_PASSES.search(message) is not None:
        passes = False
    return PostgresError(without_secret(message, secret), temporary=passes)


def without_secret(message: str, secret: str) -> str:
    """The message in one line, and without the password."""
    words = " ".join(message.split())
    return words.replace(secret, "***") if len(secret) > _SHORT else words
