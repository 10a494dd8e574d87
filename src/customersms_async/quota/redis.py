"""The quota of a fleet, in a Redis or Valkey server."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Self, final

from .._core.forecast import LineForecast
from .._core.layers import Usage, Wait, longest_us
from ..errors import ConfigurationError
from ._redis import script
from ._redis.clients import RedisClients
from ._redis.settings import SettingsCheck
from .protocol import warn_of_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from redis.asyncio import Redis, RedisCluster

    from .._core.layers import Layer

MOST_UNHEARD: Final = 1_000
"""Of so many grants, at most, that nobody heard of, a call lets go; others lapse by themselves."""


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

    Mutable state: for each key the numbers of requests whose answers were lost, which may hold tokens and are let go
    with the next call that takes some.
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
        self._clients = RedisClients(server, timeout)
        if "{}" in prefix:
            raise ConfigurationError("RedisQuota's prefix must not contain {}: a key's state needs one hash slot")
        self._prefix = prefix
        self._clock = clock
        self._settings = SettingsCheck(self._clients)
        self._unheard: dict[str, tuple[int, ...]] = {}

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """See ``QuotaStore.take``."""
        if not self._settings.is_done:
            await self._settings.run()
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
        await self._clients.aclose()

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
        """Note requests of which nobody knows whether they hold tokens: the next call lets go of them.

        Takes no lock: of two threads that write at the same moment, one's numbers may be lost, and lapse by themselves.
        """
        self._unheard[key_id] = (*self._unheard.get(key_id, ()), *requests)[-MOST_UNHEARD:]

    async def _call(self, key_id: str, call: str, *arguments: int) -> list[int]:
        keys = [f"{self._prefix}{{{key_id}}}:{name}" for name in script.NAMES]
        now_us = "" if self._clock is None else self._clock()
        return await self._clients.ask(lambda client: script.run(client, keys, call, now_us, *arguments))


def _number() -> int:
    """A number for a call that takes or pauses, never drawn twice, so that the server knows a copy from a new call."""
    return secrets.randbits(62)


def _flat(layers: Sequence[Layer]) -> list[int]:
    return [number for layer in layers for number in layer]
