"""The quota of a fleet, in a PostgreSQL database."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

from .._core.forecast import LineForecast
from .._core.layers import Usage, Wait, longest_us
from .._postgres.errors import PostgresError
from .._postgres.server import DEFAULT_TIMEOUT, PostgresServer
from .._postgres.wire import array, numbers
from .._runtime import log
from .._runtime.closing import Closing
from ..errors import QuotaStoreError
from ._postgres import caps
from .protocol import warn_of_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg_pool import ConnectionPool

    from .._core.caps import CapHit, CappedText
    from .._core.layers import Layer
    from .._postgres.wire import Row

_CALL: Final = b"SELECT customersms.quota($1, $2, $3, $4, $5)"

_REACHES_REST, _DOUBTED = 1, 2
"""Flags in an answer."""

MOST_UNHEARD: Final = 1_000
"""Of so many grants, at most, that nobody heard of, a call lets go; others lapse by themselves."""


@final
class PostgresQuota(Closing):
    """Shares each key's quota between all processes that name the same database.

    ``server``: a URL (``postgresql://…``, or anything that psycopg takes, with ``PG*`` variables, service files and TLS
    options), or your own ``psycopg_pool.ConnectionPool``, which stays yours to close, and which several stores may
    share. Needs the extra ``postgres``, and a server of version 14 or later. One function of the server's decides, in
    one round trip, on the server's own clock, in the schema ``customersms``, which is made at first use, if this user
    may. PgBouncer may stand between, in transaction pooling too.

    A grant is on the server's disk, and on a synchronous standby, before it counts. The network may lose calls and
    answers, and bring copies late, twice and in another order: none of that frees a token early, or holds one for
    longer than a request is held.

    A server out of reach: sends wait for it, up to ``max_wait``, and nothing goes out without a grant. It is out of
    reach if it does not answer within ``timeout`` seconds. One that a person must mend (a refused password, a missing
    permission or schema, a standby) is a ``QuotaStoreError`` at once.

    ``failover="stop"``: where another server took over, which may lack the latest grants, nothing is granted for the
    longest hold, and each window counts as full at its end; ``customersms ledger trust`` ends that.
    ``failover="trust"`` does without: for a synchronous standby, or a shared disk.

    A store serves any number of event loops and threads, and a forked child; ``close`` or ``aclose`` it, or use ``async
    with``. One that was made from a URL can be pickled and copied: it is the URL, with its password, and the options.
    ``clock`` gives integer microseconds in place of the server's time, and is for tests.

    Mutable state: for each key the numbers of requests whose answers were lost, which may hold tokens and are let go
    with the next call that takes some; whether a fail-over was warned of; and that of ``PostgresServer``.

    Raises:
        ConfigurationError: for an address, a ``failover`` or a ``timeout`` that can't be one, and without psycopg.

    Example:
        ```python
        async with PostgresQuota("postgresql://texts@db.internal/app") as quota, AsyncClient(quota=quota) as client:
            await client.send("+12125551234", "Your parcel is here")
        ```
    """

    in_process = False

    def __init__(
        self,
        server: str | ConnectionPool[Any],
        *,
        failover: str = "stop",
        timeout: float = DEFAULT_TIMEOUT,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._server = PostgresServer(server, "PostgresQuota", timeout, failover)
        self._clock = clock
        self._unheard: dict[str, tuple[int, ...]] = {}
        self._has_warned = False

    def __repr__(self) -> str:
        return f"PostgresQuota({self._server!r})"

    def __reduce__(self) -> tuple[Callable[..., PostgresQuota], tuple[str]]:
        server = self._server
        again = partial(PostgresQuota, failover=server.failover, timeout=server.timeout, clock=self._clock)
        return again, (server.url,)

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Take one token of every layer, or none and say how long to wait: see ``QuotaStore.take``."""
        return await self._grant(key_id, layers, hold_us)

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Give a request back and take another, in one step: see ``QuotaStore.renew``."""
        return await self._grant(key_id, layers, hold_us, renewing=request)

    async def settle(self, key_id: str, request: int) -> None:
        """Hear that the script's answer to a request is known: see ``QuotaStore.settle``."""
        await self._call(key_id, b"settle", request)

    async def give_back(self, key_id: str, request: int) -> None:
        """Hear that a request provably never left: see ``QuotaStore.give_back``."""
        await self._call(key_id, b"give_back", request)

    async def pause(self, key_id: str, pause_us: int) -> None:
        """Grant nothing for so long: see ``QuotaStore.pause``."""
        await self._call(key_id, b"pause", _number(), pause_us)

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of a line's last request, in microseconds: see ``QuotaStore.forecast_us``.

        A second round trip where the log matters.
        """
        now_us, paused_us, known, held, flags = await self._call(key_id, b"look", longest_us(line))
        forecast = LineForecast(line, known, held)
        settled_us = await self._call(key_id, b"settled_at", *forecast.positions) if forecast.positions else []
        self._warn(flags)
        return forecast.wait_us(now_us, paused_us, settled_us)

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds: see ``QuotaStore.usage``."""
        paused_us, flags, *pairs = await self._call(key_id, b"usage", *_flat(layers))
        self._warn(flags)
        return tuple(map(Usage, pairs[::2], pairs[1::2])), paused_us

    async def look_at_caps(self, space: bytes, texts: Sequence[CappedText]) -> Sequence[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it: see ``CapStore.look_at_caps``."""
        return await caps.judge(self._ask, self._now(), space, texts, None) if texts else []

    async def take_caps(self, space: bytes, texts: Sequence[CappedText], hold_us: int) -> Sequence[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap: see ``CapStore.take_caps``."""
        return await caps.judge(self._ask, self._now(), space, texts, hold_us) if texts else []

    async def end_caps(self, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``."""
        if answered or not_sent:
            await caps.end(self._ask, self._now(), space, answered, not_sent)

    def close(self) -> None:
        """Do what was asked for, and close the connections; waits for that. A closed store stays closed."""
        self._server.close()

    async def aclose(self) -> None:
        """Close the store as ``close`` does; a cancel only ends the waiting."""
        await self._server.aclose()

    async def _grant(
        self, key_id: str, layers: Sequence[Layer], hold_us: int, renewing: int | None = None
    ) -> int | Wait:
        """Take tokens under a new number, and let go of what nobody heard of and of what is renewed."""
        request, unheard = _number(), self._unheard.pop(key_id, ())
        call, given = (b"take", ()) if renewing is None else (b"renew", (renewing,))
        try:
            granted, wait_us, flags = await self._call(
                key_id, call, *given, request, hold_us, len(unheard), *unheard, *_flat(layers)
            )
        except BaseException:
            self._not_heard(key_id, *unheard, *given, request)
            raise
        self._warn(flags)
        return request if granted else Wait(wait_us)

    def _not_heard(self, key_id: str, *requests: int) -> None:
        """Note requests of which nobody knows whether they hold tokens: the next call lets go of them.

        Takes no lock: of two threads that write at the same moment, one's numbers may be lost, and lapse by themselves.
        """
        self._unheard[key_id] = (*self._unheard.get(key_id, ()), *requests)[-MOST_UNHEARD:]

    async def _call(self, key_id: str, call: bytes, *given: int) -> list[int]:
        trusting = b"t" if self._server.trusts else b"f"
        ((answer,),) = await self._ask(_CALL, key_id.encode(), self._now(), call, trusting, array(given))
        return numbers(answer)

    def _now(self) -> bytes | None:
        """The time for tests."""
        return None if self._clock is None else b"%d" % self._clock()

    def _warn(self, flags: int) -> None:
        """Warn, in the log, of what the server's function found besides its answer."""
        if flags & _REACHES_REST:
            warn_of_rest()
        if flags & _DOUBTED and not self._has_warned:
            self._has_warned = True
            log.warning(
                "another PostgreSQL server took over, which may lack the latest grants, so each limit counts as used up"
                " until its window is over: customersms ledger trust says that it lacks none"
            )

    async def _ask(self, command: bytes, *given: bytes | None) -> list[Row]:
        try:
            return await self._server.ask(command, *given)
        except PostgresError as error:
            problem = f"the quota's PostgreSQL server can't be used: {error}"
            raise QuotaStoreError(problem, temporary=error.temporary) from None


def _number() -> int:
    """A number for a call that takes or pauses, never drawn twice, so that the server knows a copy from a new call."""
    return secrets.randbits(62)


def _flat(layers: Sequence[Layer]) -> list[int]:
    return [number for layer in layers for number in layer]
