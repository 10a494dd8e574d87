"""A PostgreSQL server as a store asks it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from ..errors import ConfigurationError
from . import migrations, server_url
from .errors import PostgresError
from .session import OwnConnections, PoolConnections, ServerSession
from .session_threads import SessionThreads, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from psycopg import Connection
    from psycopg_pool import ConnectionPool

    from .wire import Row

T = TypeVar("T")

DEFAULT_TIMEOUT: Final = 5.0
"""Seconds for one call with its answer: a commit may wait for another machine's disk."""

DATABASE_ID: Final = b"SELECT customersms.database_id()"
"""Which database it is, as no other is: addresses can lead to several, and several addresses to one."""

_READS: Final = b"SELECT pg_is_in_recovery(), current_setting('transaction_read_only')"

FAILOVERS: Final = ("stop", "trust")
"""What is made of a fail-over that may have lost commits: nothing is done until a person says so, or it is trusted."""


@final
class PostgresServer:
    """Asks one server, over connections of ours or over the caller's pool, for a ``store`` of that name.

    ``timeout`` (seconds) is for one call with its answer. Raises ``ConfigurationError`` for what can't be asked. Bound
    to no event loop, and used from several threads; a forked child makes connections of its own.

    Mutable state: whether the schema was looked at, whether anything was ever done at a server that writes, and that of
    the threads.
    """

    def __init__(self, server: str | ConnectionPool[Any], store: str, timeout: float, failover: str) -> None:
        check(server, store)
        if failover not in FAILOVERS:
            raise ConfigurationError(f"{store}'s failover must be 'stop' or 'trust'")
        if not timeout > 0:
            raise ConfigurationError(f"{store}'s timeout must be a number of seconds above 0")
        self._given = server
        self._store, self.timeout, self.failover = store, timeout, failover
        source = OwnConnections(server, timeout) if isinstance(server, str) else PoolConnections(server)
        self._threads = SessionThreads(store, lambda: ServerSession(source))
        self._knows_schema = False
        self._has_worked = False

    @property
    def trusts(self) -> bool:
        """Whether a fail-over is trusted to have lost nothing."""
        return self.failover == "trust"

    @property
    def url(self) -> str:
        """The address, with its password. Raises ``TypeError`` for a pool of the caller's."""
        if not isinstance(self._given, str):
            raise TypeError(f"a {self._store} with a pool of your own can't be pickled or copied: make it from a URL")
        return self._given

    def __repr__(self) -> str:
        return repr(server_url.shown(self._given)) if isinstance(self._given, str) else "a pool of the caller's"

    async def ask(self, command: bytes, *given: bytes | None, seconds: float | None = None) -> list[Row]:
        """The rows that a call gives. Raises ``PostgresError``; after a cancel it takes effect, or does not.

        ``seconds``: for one that may take longer than others.
        """
        timeout = self.timeout if seconds is None else seconds
        deadline = time.monotonic() + timeout
        return await self.run(lambda session: self._asked(session, command, given, deadline), timeout)

    def ask_and_wait(self, command: bytes, *given: bytes | None, seconds: float | None = None) -> list[Row]:
        """The rows that a call gives, as from ``ask``, for which the calling thread waits."""
        deadline = time.monotonic() + (self.timeout if seconds is None else seconds)
        return self._submit(lambda session: self._asked(session, command, given, deadline)).result()

    def close(self) -> None:
        """Do what was asked for, and close the connections; waits for that. A closed store stays closed."""
        for thread in self._threads.stop():
            thread.join(self.timeout)

    def give_up(self) -> None:
        """Have everything that is asked from now on fail at once, as the process ends; waits for nothing."""
        self._threads.stop()

    async def aclose(self) -> None:
        """Close as ``close`` does; a cancel only ends the waiting.

        A thread of its own waits, not one of the loop's: for these the program's end would wait once more.
        """
        if threads := self._threads.stop():
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()

            def wait() -> None:
                for thread in threads:
                    thread.join(self.timeout)
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(ended.set)

            threading.Thread(target=wait, name=f"{self._store} closes", daemon=True).start()
            await ended.wait()

    async def run(self, job: Callable[[ServerSession], T], timeout: float) -> T:
        """What ``job`` gives, which ends by itself within ``timeout`` seconds; after a cancel it goes on to its end."""
        future = self._submit(job)
        try:
            # The thread has the same deadline, unless it waits for a name or for a turn.
            async with asyncio.timeout(2 * timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise PostgresError("no answer in time", temporary=True) from None

    async def lend(self, work: Callable[[Connection[Any]], T], seconds: float) -> T:
        """What ``work`` gives over a connection of its own, for at most ``seconds``. Raises ``PostgresError``."""

        def job(session: ServerSession) -> T:
            with session.lent(time.monotonic() + seconds, alive=True) as connection:
                return work(connection)

        return await self.run(job, seconds)

    def _submit(self, job: Callable[[ServerSession], T]) -> Future[T]:
        try:
            return self._threads.submit(job)
        except StoppedError:
            raise PostgresError("it was closed by this program", temporary=False) from None

    def _asked(
        self, session: ServerSession, command: bytes, given: Sequence[bytes | None], deadline: float
    ) -> list[Row]:
        try:
            rows = self._asked_with_schema(session, command, given, deadline)
        except PostgresError as error:
            if error.is_standby and not self._has_worked:
                why = why_it_only_reads(session, deadline)
                words = str(error) if why is None else f"{why}: {error}"
                raise PostgresError(words, temporary=False, sqlstate=error.sqlstate) from None
            raise
        if not session.only_reads:
            self._has_worked = True
        return rows

    def _asked_with_schema(
        self, session: ServerSession, command: bytes, given: Sequence[bytes | None], deadline: float
    ) -> list[Row]:
        if not self._knows_schema:
            migrations.prepare(session, deadline)
            self._knows_schema = True
        try:
            return session.ask(command, given, deadline)
        except PostgresError as error:
            if not error.lacks_schema:
                raise
        migrations.prepare(session, deadline)  # it may be another server, or an empty one
        return session.ask(command, given, deadline)


def why_it_only_reads(session: ServerSession, deadline: float) -> str | None:
    """Why nothing can be written there, for people; ``None`` if something can. Raises ``PostgresError``."""
    ((recovers, reads),) = session.ask(_READS, (), deadline)
    if recovers == b"t":
        return "it is a standby, which only reads"
    if reads == b"on":
        return "its transactions only read: see default_transaction_read_only of the user, the database and the server"
    return None


def check(server: object, store: str) -> None:
    """Raise ``ConfigurationError`` for what is no server that can be asked."""
    try:
        import psycopg  # noqa: F401 - an ImportError of libpq's, too
    except ImportError as error:
        missing = "" if isinstance(error, ModuleNotFoundError) else f" ({error})"
        raise ConfigurationError(f"{store} needs psycopg: pip install 'customersms-async[postgres]'{missing}") from None
    if isinstance(server, str):
        server_url.check(server, store)
        return
    try:
        from psycopg_pool import ConnectionPool
    except ImportError:
        pass
    else:
        if isinstance(server, ConnectionPool):
            return
    raise ConfigurationError(
        f"{store} needs a URL or a psycopg_pool.ConnectionPool; not an AsyncConnectionPool, whose calls are cancelled"
        " on the wire when their tasks are"
    )
