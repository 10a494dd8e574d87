"""The clients through which a store asks its Redis server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, final

from ...errors import ConfigurationError
from . import server_url
from .errors import is_replica, store_error, unusable
from .server_url import CONNECTIONS
from .turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis, RedisCluster

T = TypeVar("T")


class _Asked(NamedTuple):
    """The client of one event loop, the turns of those who ask it, and how often it is asked for each answer."""

    client: Any
    turns: Turns
    tries: int


@final
class RedisClients:
    """Asks one server: through the caller's own client, or through one of ours for each event loop.

    ``timeout`` (seconds) is for one question with its answer, whatever time-outs a caller's client has; a wait for a
    connection comes before it. A client of ours asks twice in that time: a connection may have died unnoticed, and a
    question that is cancelled closes its own. Raises ``ConfigurationError`` for a server that can't be asked.

    Mutable state: the clients, by event loop.
    """

    def __init__(self, server: str | Redis | RedisCluster, timeout: float, *, store: str = "RedisQuota") -> None:
        _check(server, store)
        self._server = server
        self._timeout = timeout
        self._secret = server_url.password_of(server) if isinstance(server, str) else ""
        self.by_loop: dict[asyncio.AbstractEventLoop, _Asked] = {}

    @property
    def url(self) -> str | None:
        """The URL, or None if the client is the caller's."""
        return self._server if isinstance(self._server, str) else None

    @property
    def is_cluster(self) -> bool:
        """Whether the caller's client is that of a cluster."""
        from redis.asyncio import RedisCluster

        return isinstance(self._server, RedisCluster)

    async def ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """The answer to what ``question`` asks the client that it is given.

        Raises ``QuotaStoreError``, temporary unless a person must mend something.
        """
        asked = self._asked()
        try:
            async with asked.turns:
                answer = await self._answer(asked, question)
        except TimeoutError:  # the server gave no answer, to this one or to anybody for whose turn it waited
            failed = unusable(f"no answer within {self._timeout:g} s", temporary=True)
        except Exception as error:  # noqa: BLE001 - redis-py lets some errors through as they are
            await self._leave_replica(error, asked)
            failed = store_error(error, secret=self._secret)
        else:
            asked.turns.hear_answer()
            return answer
        raise failed

    async def _answer(self, asked: _Asked, question: Callable[[Any], Awaitable[T]]) -> T:
        """The answer, asked for as often as may be. Rejected: redis-py's time-outs, each a task and a timer more."""
        tries, seconds = asked.tries, self._timeout / asked.tries
        while True:
            tries -= 1
            try:
                async with asyncio.timeout(seconds):
                    return await question(asked.client)
            except TimeoutError:
                if not tries:
                    raise

    async def aclose(self) -> None:
        """Close the connections of the running event loop, unless the client is the caller's."""
        asked = self.by_loop.pop(asyncio.get_running_loop(), None)
        if asked is not None and asked.client is not self._server:
            await asked.client.aclose()

    async def _leave_replica(self, error: Exception, asked: _Asked) -> None:
        """Use no connection again that leads to a server which is a replica now.

        Where a fail-over gives the server's name to another one, the old one keeps its connections open.
        """
        if is_replica(error) and asked.client is not self._server:
            with suppress(Exception):
                await asked.client.connection_pool.disconnect(inuse_connections=False)

    def _asked(self) -> _Asked:
        loop = asyncio.get_running_loop()
        asked = self.by_loop.get(loop)
        if asked is None:
            for other in list(self.by_loop):
                if other.is_closed():
                    self.by_loop.pop(other, None)
            asked = self.by_loop[loop] = self._new(self._server)
        return asked

    def _new(self, server: str | Redis | RedisCluster) -> _Asked:
        if isinstance(server, str):
            client, most = server_url.new_client(server, self._timeout), server_url.most_connections(server)
            return _Asked(client, Turns(most, self._timeout), server_url.TRIES)
        pool = getattr(server, "connection_pool", None)  # a cluster's client has one for each node
        most = min(CONNECTIONS, getattr(pool, "max_connections", CONNECTIONS))
        return _Asked(server, Turns(most, self._timeout), 1)


def _check(server: object, store: str) -> None:
    try:
        import redis
    except ImportError:
        raise ConfigurationError(f"{store} needs redis: pip install 'customersms-async[redis]'") from None
    if isinstance(server, redis.Redis | redis.RedisCluster):
        raise ConfigurationError(f"{store} needs a client of redis.asyncio, not one that blocks")
    if isinstance(server, str):
        server_url.check(server, store)
