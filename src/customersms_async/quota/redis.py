"""The quota of a fleet, in a Redis or Valkey server."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Final, final

from .._core.forecast import LineForecast
from .._core.layers import Usage, Wait, longest_us
from .._runtime.closing import Closing
from ..errors import ConfigurationError
from ._redis import script
from ._redis.clients import RedisClients
from ._redis.server_url import shown
from ._redis.settings import SettingsCheck
from .protocol import warn_of_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis, RedisCluster

    from .._core.caps import CapHit, CappedText
    from .._core.layers import Layer
    from ._redis.caps import RedisCaps

MOST_UNHEARD: Final = 1_000
"""Of so many grants, at most, that nobody heard of, a call lets go; others lapse by themselves."""


@final
class RedisQuota(Closing):
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
    serves the loop that it belongs to. Each loop asks over at most 50 connections, ``?max_connections=`` of them if the
    URL says so, or as many as the pool of your own client has, if that is fewer; whoever finds none free waits for one,
    as long as the server answers anybody.

    A store that was made from a URL can be pickled and copied, used or not: it is the URL, with its password, and the
    options, and what comes back makes connections of its own. One with a client of your own can't.

    A server that a person must mend, by what it or TLS says (a refused certificate or password, a missing permission or
    database, a key of another kind, no scripting), is a ``QuotaStoreError`` at once.

    What counts for ``caps`` is kept by a second script, in ``<prefix>caps:{<space>}:``, and goes when its windows are
    over; a text whose ``take_caps`` nobody heard of lapses by itself, and counts.

    Mutable state: for each key the numbers of requests whose answers were lost, which may hold tokens and are let go
    with the next call that takes some.

    Raises:
        ConfigurationError: for an address, a client or a ``prefix`` that can't be one, and without redis.

    Example:
        ```python
        async with RedisQuota("redis://cache:6379/0") as quota, AsyncClient(quota=quota) as client:
            await client.send("+12125551234", "Your parcel is here")
        ```
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
        self._timeout = timeout
        self._clock = clock
        self._settings = SettingsCheck(self._clients)
        self._unheard: dict[str, tuple[int, ...]] = {}

    def __repr__(self) -> str:
        url = self._clients.url
        server = "a client of the caller's" if url is None else repr(shown(url))
        return f"RedisQuota({server}, {self._prefix!r})"

    def __reduce__(self) -> tuple[Callable[..., RedisQuota], tuple[str, str]]:
        if (url := self._clients.url) is None:
            raise TypeError("a RedisQuota with a client of your own can't be pickled or copied: make it from a URL")
        return partial(RedisQuota, timeout=self._timeout, clock=self._clock), (url, self._prefix)

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Take one token of every layer, or none and say how long to wait: see ``QuotaStore.take``."""
        if not self._settings.is_done:
            await self._settings.run()
        return await self._grant(key_id, layers, hold_us)

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Give a request back and take another, in one step: see ``QuotaStore.renew``."""
        return await self._grant(key_id, layers, hold_us, renewing=request)

    async def settle(self, key_id: str, request: int) -> None:
        """Hear that the script's answer to a request is known: see ``QuotaStore.settle``."""
        await self._call(key_id, "settle", request)

    async def give_back(self, key_id: str, request: int) -> None:
        """Hear that a request provably never left: see ``QuotaStore.give_back``."""
        await self._call(key_id, "give_back", request)

    async def pause(self, key_id: str, pause_us: int) -> None:
        """Grant nothing for so long: see ``QuotaStore.pause``."""
        await self._call(key_id, "pause", _number(), pause_us)

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of a line's last request, in microseconds: see ``QuotaStore.forecast_us``.

        A second round trip where the log matters.
        """
        now_us, paused_us, known, held, reaches_rest = await self._call(key_id, "look", longest_us(line))
        forecast = LineForecast(line, known, held)
        settled_us = await self._call(key_id, "settled_at", *forecast.positions) if forecast.positions else []
        if reaches_rest:
            warn_of_rest()
        return forecast.wait_us(now_us, paused_us, settled_us)

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds: see ``QuotaStore.usage``."""
        paused_us, reaches_rest, *pairs = await self._call(key_id, "usage", *_flat(layers))
        if reaches_rest:
            warn_of_rest()
        return tuple(map(Usage, pairs[::2], pairs[1::2])), paused_us

    async def look_at_caps(self, space: bytes, texts: Sequence[CappedText]) -> Sequence[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it: see ``CapStore.look_at_caps``."""
        return await self._caps.look(space, texts)

    async def take_caps(self, space: bytes, texts: Sequence[CappedText], hold_us: int) -> Sequence[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap: see ``CapStore.take_caps``."""
        if not self._settings.is_done:
            await self._settings.run()
        return await self._caps.take(space, texts, hold_us)

    async def end_caps(self, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``."""
        await self._caps.end(space, answered, not_sent)

    async def aclose(self) -> None:
        """Close the connections of the running event loop, unless the client is yours."""
        await self._clients.aclose()

    @property
    def _caps(self) -> RedisCaps:
        from ._redis.caps import RedisCaps  # few use caps

        return RedisCaps(self._clients, self._prefix, self._clock)

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
