"""The quota of a fleet, in a Redis or Valkey server."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import weakref
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Self, final

from ..buckets import Forecast, Usage, Wait
from ..errors import ConfigurationError, QuotaStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from redis.asyncio import Redis, RedisCluster

    from ..buckets import Layer

log = logging.getLogger("customersms_async")

SCRIPT: Final = files(__package__).joinpath("redis.lua").read_text(encoding="utf-8")
SHA: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

TIMEOUT: Final = 2.0
"""Seconds for one call, whatever time-outs the client itself has: a server that does not answer is out of reach."""


@final
class RedisQuota:
    """Shares each key's quota between all processes that name the same server and ``prefix``.

    ``server``: a URL (``redis://``, ``rediss://``, ``unix://``), or your own ``redis.asyncio`` client, of a cluster
    too; it stays yours to close. Needs the extra ``redis``, and a server of version 5 or later. One script decides, in
    one round trip, on the server's own clock; each key's state is three Redis keys in one hash slot,
    ``<prefix>{<fingerprint>}:state``, ``:held`` and ``:log``, that expire by themselves.

    A server out of reach: sends wait for it, up to ``max_wait``, and nothing goes out without a grant. What no client
    can see: a fail-over to a replica that lags, or a restart, may forget the latest grants (run the server with
    ``appendonly yes``), and a server's clock that is set forward brings tokens back early by as much. ``clock`` gives
    integer microseconds in place of the server's time, and is for tests.

    Mutable state: a client of our own for each event loop, and whether the server's settings were looked at.
    """

    in_process = False

    def __init__(
        self,
        server: str | Redis | RedisCluster,
        prefix: str = "customersms:",
        *,
        clock: Callable[[], int] | None = None,
    ) -> None:
        try:
            from redis.asyncio.connection import parse_url
        except ImportError:
            raise ConfigurationError("RedisQuota needs redis: pip install 'customersms-async[redis]'") from None
        if isinstance(server, str):
            try:
                parse_url(server)
            except ValueError as error:  # names the schemes or the part, and not the password
                raise ConfigurationError(f"RedisQuota can't read its URL: {error}") from None
        self._server = server
        self._prefix = prefix
        self._clock = clock
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = weakref.WeakKeyDictionary()
        self._looked = False

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """See ``QuotaStore.take``."""
        if not self._looked:
            await self._look_at_settings()
        request = secrets.randbits(62)
        return self._granted(request, await self._call(key_id, "take", request, hold_us, *_flat(layers)))

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """See ``QuotaStore.renew``."""
        renewed = secrets.randbits(62)
        return self._granted(renewed, await self._call(key_id, "renew", request, renewed, hold_us, *_flat(layers)))

    async def settle(self, key_id: str, request: int) -> None:
        """See ``QuotaStore.settle``."""
        await self._call(key_id, "settle", request)

    async def give_back(self, key_id: str, request: int) -> None:
        """See ``QuotaStore.give_back``."""
        await self._call(key_id, "give_back", request)

    async def pause(self, key_id: str, pause_us: int) -> None:
        """See ``QuotaStore.pause``."""
        await self._call(key_id, "pause", pause_us)

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """See ``QuotaStore.forecast_us``; a second round trip where the log matters."""
        now_us, paused_us, cut, known, held = await self._call(key_id, "look")
        forecast = Forecast(line, known, held)
        positions = [cut + position for position in forecast.positions]
        settled_us = await self._call(key_id, "settled_at", *positions) if positions else []
        return forecast.wait_us(now_us, paused_us, settled_us)

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """See ``QuotaStore.usage``."""
        paused_us, *pairs = await self._call(key_id, "usage", *_flat(layers))
        return tuple(map(Usage, pairs[::2], pairs[1::2])), paused_us

    async def aclose(self) -> None:
        """Close the connections of the running event loop, unless the client is yours."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @staticmethod
    def _granted(request: int, answer: list[int]) -> int | Wait:
        return request if answer[0] else Wait(answer[1])

    async def _call(self, key_id: str, *arguments: str | int) -> list[int]:
        """Run the script, and load it where the server does not know it (any more)."""
        from redis.exceptions import NoScriptError

        keys = [f"{self._prefix}{{{key_id}}}:{name}" for name in ("state", "held", "log")]
        call, *rest = arguments
        given = (call, "" if self._clock is None else self._clock(), *rest)

        async def run(client: Any) -> list[int]:
            try:
                answer: list[int] = await client.evalsha(SHA, len(keys), *keys, *given)
            except NoScriptError:
                answer = await client.eval(SCRIPT, len(keys), *keys, *given)
            return answer

        return await self._ask(run)

    async def _ask(self, question: Callable[[Any], Any]) -> Any:
        """Put a question to the server; raises ``QuotaStoreError``, temporary unless a person must mend something."""
        from redis import exceptions

        try:
            async with asyncio.timeout(TIMEOUT):
                return await question(self._client())
        except TimeoutError:
            problem, temporary = f"no answer within {TIMEOUT:g} s", True
        except (exceptions.AuthenticationError, exceptions.AuthorizationError) as error:
            problem, temporary = str(error), False
        except (
            exceptions.ConnectionError,
            exceptions.TimeoutError,
            exceptions.ClusterDownError,
            exceptions.TryAgainError,
            exceptions.ReadOnlyError,
            exceptions.OutOfMemoryError,
            OSError,
        ) as error:
            problem, temporary = str(error) or type(error).__name__, True
        except exceptions.RedisError as error:
            problem, temporary = str(error) or type(error).__name__, False
        raise QuotaStoreError(f"the Redis server of the quota: {problem}", temporary=temporary)

    async def _look_at_settings(self) -> None:
        """Warn once of a server that may forget: a restart or an eviction then brings a day of tokens back early."""
        try:
            persistence, memory = [
                await self._ask(lambda client, of=of: client.info(of)) for of in ("persistence", "memory")
            ]
        except QuotaStoreError as error:
            if error.temporary:
                raise
            log.debug("the settings of the quota's Redis server can't be read: %s", error)
            persistence, memory = {}, {}
        self._looked = True
        if any(str(node.get("aof_enabled", 1)) == "0" for node in _nodes(persistence, "aof_enabled")):
            log.warning(
                "the quota's Redis server keeps nothing on disk (appendonly no): a restart forgets the quota used"
            )
        for policy in {str(node.get("maxmemory_policy", "noeviction")) for node in _nodes(memory, "maxmemory_policy")}:
            if policy != "noeviction":
                log.warning(
                    "the quota's Redis server may evict (maxmemory-policy %s): the quota used may be forgotten", policy
                )

    def _client(self) -> Any:
        if not isinstance(self._server, str):
            return self._server
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = Redis.from_url(
                self._server, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 1)
            )
        return client


def _flat(layers: Sequence[Layer]) -> list[int]:
    return [number for layer in layers for number in layer]


def _nodes(info: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """A server's answer as it is, a cluster's node by node."""
    return [info] if field in info else [node for node in info.values() if isinstance(node, Mapping)]
