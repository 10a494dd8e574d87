"""The clients through which a ``RedisQuota`` asks its server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, final
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from .errors import store_error, unusable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis, RedisCluster

T = TypeVar("T")


@final
class RedisClients:
    """Asks one server: through the caller's own client, or through one of ours for each event loop.

    ``timeout`` (seconds) is for one question with its answer, whatever time-outs a caller's client has. Raises
    ``ConfigurationError`` for a server that can't be asked.

    Mutable state: the clients of our own, by event loop.
    """

    def __init__(self, server: str | Redis | RedisCluster, timeout: float) -> None:
        _check(server)
        self._server = server
        self._timeout = timeout
        self.by_loop: dict[asyncio.AbstractEventLoop, Redis] = {}

    @property
    def is_cluster(self) -> bool:
        """Whether the caller's client is that of a cluster."""
        from redis.asyncio import RedisCluster

        return isinstance(self._server, RedisCluster)

    async def ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """The answer to what ``question`` asks the client that it is given.

        Raises ``QuotaStoreError``, temporary unless a person must mend something.
        """
        from redis.exceptions import RedisClusterException, RedisError

        try:
            async with asyncio.timeout(self._timeout):
                return await question(self._client())
        except TimeoutError:
            failed = unusable(f"no answer within {self._timeout:g} s", temporary=True)
        except (RedisError, RedisClusterException, OSError) as error:
            failed = store_error(error)
        raise failed

    async def aclose(self) -> None:
        """Close the connections of the running event loop, unless the client is the caller's."""
        client = self.by_loop.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def _client(self) -> Any:
        if not isinstance(self._server, str):
            return self._server
        loop = asyncio.get_running_loop()
        client = self.by_loop.get(loop)
        if client is None:
            for other in list(self.by_loop):
                if other.is_closed():
                    self.by_loop.pop(other, None)
            client = self.by_loop[loop] = _new_client(self._server, self._timeout)
        return client


def _new_client(url: str, timeout: float) -> Redis:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError, TimeoutError  # noqa: A004 - not the built-in ones

    half = timeout / 2  # so that a connection that died unnoticed leaves time to try another
    return Redis.from_url(
        url,
        socket_timeout=half,
        socket_connect_timeout=half,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[ConnectionError, TimeoutError],  # redis-py 5 retries none by itself
    )


def _check(server: object) -> None:
    try:
        import redis
    except ImportError:
        raise ConfigurationError("RedisQuota needs redis: pip install 'customersms-async[redis]'") from None
    if isinstance(server, redis.Redis | redis.RedisCluster):
        raise ConfigurationError("RedisQuota needs a client of redis.asyncio, not one that blocks")
    if isinstance(server, str) and not _is_readable(server):
        raise ConfigurationError(
            "RedisQuota can't read its URL: redis://, rediss:// or unix://, with a password's special characters "
            "percent-encoded"
        )


def _is_readable(url: str) -> bool:
    """Whether redis-py can read the URL; its own error is not shown, as it may quote a password."""
    from redis.asyncio.connection import parse_url

    try:
        parse_url(url)
        parts = urlsplit(url)
    except ValueError:
        return False
    return "@" not in parts.path + parts.fragment or parts.scheme == "unix"
