"""The quota of a fleet, in a Redis or Valkey server."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, final
from urllib.parse import urlsplit

from .._core.forecast import LineForecast
from .._core.layers import Usage, Wait, longest_us
from .._runtime import log
from ..errors import ConfigurationError, QuotaStoreError
from .protocol import warn_of_rest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from redis.asyncio import Redis, RedisCluster

    from .._core.layers import Layer

SCRIPT: Final = files(__package__).joinpath("redis.lua").read_text(encoding="utf-8")
SHA: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

PASSING: Final = re.compile(r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN)\b")
"""The server's codes for what may pass by itself. Servers before 7 name them somewhere in a script's error."""

UNREACHED: Final = re.compile("cannot be connected|not covered|could not agree")
"""What a cluster's client says, in no class of its own, when no node answers or not all slots are served."""

NAMES: Final = ("state", "held", "log", "steps", "done")
"""What each of a key's Redis keys is called, in the script's order."""

MOST_UNHEARD: Final = 1_000
"""Of so many grants, at most, that nobody heard of, a call lets go; others lapse by themselves."""

T = TypeVar("T")


@final
class RedisQuota:
    """Shares each key's quota between all processes that name the same server and ``prefix``.

    ``server``: a URL (``redis://``, ``rediss://``, ``unix://``), or your own ``redis.asyncio`` client, of a cluster
    too; it stays yours to close. Needs the extra ``redis``, and a server of version 5 or later. One script decides, in
    one round trip, on the server's own clock; each key's state is five Redis keys in one hash slot,
    ``<prefix>{<fingerprint>}:state``, ``:held``, ``:log``, ``:steps`` and ``:done``, that expire by themselves: a day
    (or the longest window, if that is longer) after the last request all but a count of a few bytes, and that after a
    year.

    The network may lose calls and answers, and bring copies late, twice and in another order: none of that frees a
    token early, or holds one for longer than a request is held.

    A server out of reach: sends wait for it, up to ``max_wait``, and nothing goes out without a grant. It is out of
    reach if it does not answer within ``timeout`` seconds, whatever time-outs your client has. What no client can see:
    a fail-over to a replica that lags, or a restart, may forget the latest grants (run the server with ``appendonly
    yes``), and a server's clock that is set forward brings tokens back early by as much. ``clock`` gives integer
    microseconds in place of the server's time, and is for tests.

    A URL serves any number of event loops and threads, and ``aclose`` is called in each loop; a client of your own
    serves the loop that it belongs to.

    Mutable state: a client of our own for each event loop; for each key the numbers of requests whose answers were
    lost, which may hold tokens and are let go with the next call; whether the server's settings were looked at.
    """

    in_process = False

    def __init__(
        self,
        server: str | Redis | RedisCluster,
        prefix: str = "customersms:",
        *,
        timeout: float = 2.0,
        clock: Callable[[], int] | None = None,
    ) -> None:
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
        if "{}" in prefix:
            raise ConfigurationError("RedisQuota's prefix must not contain {}: a key's state needs one hash slot")
        self._server = server
        self._prefix = prefix
        self._timeout = timeout
        self._clock = clock
        self._clients: dict[asyncio.AbstractEventLoop, Redis] = {}
        self._unheard: dict[str, tuple[int, ...]] = {}
        self._looked = False

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """See ``QuotaStore.take``."""
        if not self._looked:
            await self._look_at_settings()
        return await self._grant(key_id, layers, hold_us)

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """See ``QuotaStore.renew``."""
        return await self._grant(key_id, layers, hold_us, renewing=request)

    async def settle(self, key_id: str, request: int) -> None:
        """See ``QuotaStore.settle``."""
        await self._call(key_id, "settle", request)

    async def give_back(self, key_id: str, request: int) -> None:
        """See ``QuotaStore.give_back``."""
        await self._call(key_id, "give_back", request)

    async def pause(self, key_id: str, pause_us: int) -> None:
        """See ``QuotaStore.pause``."""
        await self._call(key_id, "pause", _number(), pause_us)

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """See ``QuotaStore.forecast_us``; a second round trip where the log matters."""
        now_us, paused_us, known, held, reaches_rest = await self._call(key_id, "look", longest_us(line))
        forecast = LineForecast(line, known, held)
        settled_us = await self._call(key_id, "settled_at", *forecast.positions) if forecast.positions else []
        if reaches_rest:
            warn_of_rest()
        return forecast.wait_us(now_us, paused_us, settled_us)

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """See ``QuotaStore.usage``."""
        paused_us, reaches_rest, *pairs = await self._call(key_id, "usage", *_flat(layers))
        if reaches_rest:
            warn_of_rest()
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

    async def _grant(
        self, key_id: str, layers: Sequence[Layer], hold_us: int, renewing: int | None = None
    ) -> int | Wait:
        """Take tokens under a new number, and let go of what nobody heard of and of what is renewed."""
        request, unheard = _number(), self._unheard.pop(key_id, ())
        call = ("take",) if renewing is None else ("renew", renewing)
        try:
            granted, wait_us, reaches_rest = await self._call(
                key_id, *call, request, hold_us, len(unheard), *unheard, *_flat(layers)
            )
        except BaseException:
            self._not_heard(key_id, *unheard, *call[1:], request)
            raise
        if reaches_rest:
            warn_of_rest()
        return request if granted else Wait(wait_us)

    def _not_heard(self, key_id: str, *requests: int) -> None:
        """Nobody knows whether these hold tokens: the next call lets go of them.

        Takes no lock: of two threads that write at the same moment, one's numbers may be lost, and lapse by themselves.
        """
        self._unheard[key_id] = (*self._unheard.get(key_id, ()), *requests)[-MOST_UNHEARD:]

    async def _call(self, key_id: str, call: str, *arguments: int) -> list[int]:
        """Run the script, and load it where the server does not know it (any more)."""
        from redis.exceptions import NoScriptError

        keys = [f"{self._prefix}{{{key_id}}}:{name}" for name in NAMES]
        given = (len(keys), *keys, call, "" if self._clock is None else self._clock(), *arguments)

        async def run(client: Any) -> list[int]:
            try:
                answer: list[int] = await client.evalsha(SHA, *given)
            except NoScriptError:
                answer = await client.eval(SCRIPT, *given)
            return answer

        return await self._ask(run)

    async def _ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """Put a question to the server; raises ``QuotaStoreError``, temporary unless a person must mend something."""
        from redis.exceptions import RedisClusterException, RedisError

        try:
            async with asyncio.timeout(self._timeout):
                return await question(self._client())
        except TimeoutError:
            problem, temporary = f"no answer within {self._timeout:g} s", True
        except (RedisError, RedisClusterException, OSError) as error:
            problem, temporary = str(error) or type(error).__name__, _may_pass(error)
            if _is_redirection(error):
                problem = "it is part of a cluster, which needs a redis.asyncio.RedisCluster"
        raise QuotaStoreError(f"the quota's Redis server can't be used: {problem}", temporary=temporary)

    async def _look_at_settings(self) -> None:
        """Warn once of a server that may forget: a restart or an eviction then brings a day of tokens back early."""
        from redis.asyncio import RedisCluster

        on_cluster = isinstance(self._server, RedisCluster)
        options = {"target_nodes": RedisCluster.PRIMARIES} if on_cluster else {}
        self._looked = True
        try:
            persistence = await self._ask(lambda client: client.info("persistence", **options))
            memory = await self._ask(lambda client: client.info("memory", **options))
        except BaseException as error:
            # A grant on a cluster does not wait for nodes that it has no need of.
            self._looked = isinstance(error, QuotaStoreError) and (on_cluster or not error.temporary)
            if not self._looked:
                raise
            log.debug("the settings of the quota's Redis server can't be read: %s", error)
            return
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
        from redis.exceptions import ConnectionError, TimeoutError  # noqa: A004 - not the built-in ones

        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            for other in list(self._clients):
                if other.is_closed():
                    self._clients.pop(other, None)
            half = self._timeout / 2  # so that a connection that died unnoticed leaves time to try another
            client = self._clients[loop] = Redis.from_url(
                self._server,
                socket_timeout=half,
                socket_connect_timeout=half,
                retry=Retry(NoBackoff(), 1),
                retry_on_error=[ConnectionError, TimeoutError],  # redis-py 5 retries none by itself
            )
        return client


def _is_readable(url: str) -> bool:
    """Whether redis-py can read it; its own words may quote a password."""
    from redis.asyncio.connection import parse_url

    try:
        parse_url(url)
        parts = urlsplit(url)
    except ValueError:
        return False
    return "@" not in parts.path + parts.fragment or parts.scheme == "unix"


def _may_pass(error: BaseException) -> bool:
    """Whether the server may be asked again; not where a person must mend something."""
    from redis import exceptions as of_redis

    if isinstance(error, of_redis.AuthenticationError | of_redis.AuthorizationError):
        return False
    if isinstance(error, of_redis.RedisClusterException):
        return _may_pass(error.__cause__) if error.__cause__ else UNREACHED.search(str(error)) is not None
    passing = (
        of_redis.ConnectionError,
        of_redis.TimeoutError,
        of_redis.ClusterError,
        of_redis.TryAgainError,
        of_redis.ReadOnlyError,
        of_redis.OutOfMemoryError,
        OSError,
    )
    return isinstance(error, passing) or PASSING.search(str(error)) is not None


def _is_redirection(error: Exception) -> bool:
    """Whether a cluster's node sends us to another; redis-py 5 has no class for it outside of its cluster's client."""
    from redis.exceptions import AskError

    return isinstance(error, AskError) or str(error).startswith(("MOVED ", "ASK "))


def _number() -> int:
    """Of a call that takes or pauses: none is drawn twice, so that the server can tell a copy from a new call."""
    return secrets.randbits(62)


def _flat(layers: Sequence[Layer]) -> list[int]:
    return [number for layer in layers for number in layer]


def _nodes(info: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """A server's answer as it is, a cluster's node by node."""
    return [info] if field in info else [node for node in info.values() if isinstance(node, Mapping)]
