"""One thread's connection to the server: opened when first used, for one call at a time, dropped when it is lost."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import time
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from . import server_url, wire
from .errors import PostgresError, connection_error, server_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection
    from psycopg_pool import ConnectionPool

_LONGEST_PAUSE_MS: Final = 64
"""The pause, at most, of a call against which another one won, before it is made again: each time one of them wins."""

_ONLY_READ: Final = (b"in_hot_standby", b"default_transaction_read_only")
"""What a server of version 14 or later says of itself with each change."""

_ALIVE: Final = b"SELECT 1"

_STALE: Final = 3
"""How many connections in a row may turn out to be dead."""


class ConnectionSource(Protocol):
    """Where connections come from, and go when they are not in use."""

    secret: str

    def take(self, deadline: float) -> Connection[Any]:
        """A connection that commits by itself. Raises what psycopg raises."""

    def give_back(self, connection: Connection[Any]) -> bool:
        """Whether it went back to where it came from; else it stays with its thread."""


@final
class OwnConnections:
    """Makes connections from an address; each stays with its thread."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url, self._timeout = url, timeout
        self.secret = server_url.password_of(url)

    def take(self, deadline: float) -> Connection[Any]:
        return server_url.connect(self._url, self._timeout, deadline - time.monotonic())

    def give_back(self, connection: Connection[Any]) -> bool:  # noqa: ARG002 - it is kept
        return False


@final
class PoolConnections:
    """Takes connections from the caller's pool, and leaves them as they were.

    A forked child has its parent's sockets in the pool, so there the pool can't be used.
    """

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self._pool = pool
        self._process = os.getpid()
        self.secret = ""

    def take(self, deadline: float) -> Connection[Any]:
        if os.getpid() != self._process:
            raise PostgresError(
                "its pool was made before this process was forked: make it after the fork, or give a URL",
                temporary=False,
            )
        connection: Connection[Any] = self._pool.getconn(timeout=max(0.001, deadline - time.monotonic()))
        return connection

    def give_back(self, connection: Connection[Any]) -> bool:
        self._pool.putconn(connection)
        return True


@final
class ServerSession:
    """Asks the server over one connection at a time.

    Mutable state: the connection, if it is open and stays with this thread; and whether the last one that was asked
    said of itself that nothing can be written there, which a pooler may keep from us.
    """

    def __init__(self, source: ConnectionSource) -> None:
        self._source = source
        self._kept: Connection[Any] | None = None
        self.only_reads = False

    def ask(self, command: bytes, given: Sequence[bytes | None], deadline: float) -> list[wire.Row]:
        """The rows that one call gives. Raises ``PostgresError``.

        A connection that was open before may have died unnoticed, so the call is made again on a new one: no harm is
        done if it arrives twice.
        """
        if time.monotonic() >= deadline:  # it waited for its turn so long, and nobody waits for it any more
            raise PostgresError("no answer in time", temporary=True)
        for number in itertools.count():
            may_be_stale = self._kept is not None or isinstance(self._source, PoolConnections)
            try:
                rows = self._ask_once(command, given, deadline)
            except PostgresError as error:
                pause = secrets.randbelow(min(_LONGEST_PAUSE_MS, 1 << number)) / 1e3 if error.is_retried else 0.0
                again = error.is_retried or (error.is_lost and may_be_stale and number < _STALE)
                if again and time.monotonic() + pause < deadline:
                    time.sleep(pause)
                    continue
                raise
            return rows
        raise AssertionError  # pragma: no cover - the last try returns or raises

    def close(self) -> None:
        """Close the connection."""
        kept, self._kept = self._kept, None
        if kept is not None:
            with contextlib.suppress(Exception):
                kept.close()

    @contextlib.contextmanager
    def lent(self, deadline: float, *, alive: bool = False) -> Iterator[Connection[Any]]:
        """A connection, for the length of a ``with`` block in which nothing else is asked. Raises ``PostgresError``.

        It is closed if the block ends with an error after which it can't be used. ``alive``: one that was open before
        is asked whether it has died unnoticed, and another one taken then; for a block that can't be repeated.
        """
        if alive:
            self._drop_dead(deadline)
        connection, self._kept = self._kept or self._opened(deadline), None
        try:
            yield connection
        except BaseException as error:
            if not isinstance(error, PostgresError) or error.is_lost:
                connection.close()
            raise
        finally:
            if not self._source.give_back(connection) and not connection.closed:
                self._kept = connection

    def _ask_once(self, command: bytes, given: Sequence[bytes | None], deadline: float) -> list[wire.Row]:
        with self.lent(deadline) as connection:
            self.only_reads = any(connection.pgconn.parameter_status(name) == b"on" for name in _ONLY_READ)
            if connection.autocommit:
                return wire.ask(connection, command, given, deadline, self._source.secret)
            connection.autocommit = True  # a pool's connection goes back as it was
            try:
                return wire.ask(connection, command, given, deadline, self._source.secret)
            finally:
                with contextlib.suppress(Exception):  # it is lost, and will be closed
                    connection.autocommit = False

    def _drop_dead(self, deadline: float) -> None:
        """Drop the connections that have died, and keep the first that has not. Raises ``PostgresError``."""
        for _ in range(_STALE):
            if self._kept is None and isinstance(self._source, OwnConnections):
                return  # a new one is made
            try:
                self._ask_once(_ALIVE, (), deadline)
            except PostgresError as error:
                if not error.is_lost:
                    raise
            else:
                return

    def _opened(self, deadline: float) -> Connection[Any]:
        try:
            return self._source.take(deadline)
        except PostgresError:
            raise
        except Exception as error:  # noqa: BLE001 - of psycopg, of its pool, or of the system
            raise problem_of(error, self._source.secret) from None


def problem_of(error: Exception, secret: str) -> PostgresError:
    """The error of ours for what psycopg or its pool raised."""
    state = getattr(error, "sqlstate", None)
    if state:
        message = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
        return server_error(state, message, secret=secret)
    return connection_error(str(error) or type(error).__name__, secret=secret)
