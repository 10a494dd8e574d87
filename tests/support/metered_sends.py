"""Programs that send with telemetry, as Prometheus sees them: six keys, and all that can become of their texts."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, final

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, start_http_server

from customersms_async import (
    AsyncClient,
    Campaign,
    Limit,
    MemoryQuota,
    Priority,
    QuotaExceededError,
    RateLimitedError,
    RedisQuota,
)
from customersms_async.events import StoreFailed
from customersms_async.otel import Telemetry
from customersms_async.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path
    from types import TracebackType

    from customersms_async.events import Event
    from customersms_async.quota import QuotaStore
    from customersms_async.sandbox.arrivals import Arrival
    from support.redis_servers import RedisServer

CREDITS: Final = {"shop": 5_000, "codes": 900, "parcels": 2_000, "halted": 3_000, "fleet": 4_000, "spring": 9_000}
"""The labels of the keys, and what each has at first: that of one-time passwords has few."""

PAUSE: Final = 60.0
"""Seconds for which the gateway halts one of the keys."""

PEOPLE: Final = 100
PAIR: Final = 2
HOURLY: Final = 40
BULK_HOURLY: Final = HOURLY - HOURLY // 20
"""Requests of an hour that the campaign may take; the rest is kept from it."""


def key_of(label: str) -> str:
    """The API key that is called so."""
    return f"cspro_key_of_the_{label}"


@contextlib.contextmanager
def exporter() -> Iterator[tuple[Telemetry, int]]:
    """Telemetry whose figures are served at a port, as a program's own are: SDK, exporter, server."""
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(registry=registry)
    provider = MeterProvider([reader], Resource({}), shutdown_on_exit=False)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield Telemetry(meter_provider=provider, key_label=True), server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        provider.shutdown()


@final
class Programs:
    """Six programs that send. Mutable: their clients, what the campaign has told, and how often a store failed."""

    def __init__(self, telemetry: Telemetry, server: RedisServer, folder: Path) -> None:
        self._gateways = {
            label: Sandbox({key_of(label): credit}, (), (0.02, 0.04)) for label, credit in CREDITS.items()
        }
        self._telemetry = telemetry
        self._server = server
        self._folder = folder
        self._leaving = contextlib.AsyncExitStack()
        self._told = asyncio.Semaphore(0)
        self.store_failures = 0
        self.clients: dict[str, AsyncClient] = {}

    async def __aenter__(self) -> Programs:
        limits = {
            "shop": [Limit(500, 60)],
            "codes": [Limit(500, 60), Limit(5_000, 3_600)],
            "parcels": [Limit(100, 60)],
            "halted": [Limit(100, 60)],
            "fleet": [Limit(100, 60)],
            "spring": [Limit(100, 60), Limit(HOURLY, 3_600)],
        }
        fleet = await self._leaving.enter_async_context(RedisQuota(self._server.url))
        stores: dict[str, QuotaStore] = {"fleet": fleet}
        options: dict[str, dict[str, Any]] = {
            "codes": {"pace": Limit(10, 1), "max_concurrency": 2},
            "shop": {"batch_size": 5},
            "fleet": {"on_event": self._hear},
            "spring": {"batch_size": PAIR, "pace": Limit(12, 1)},
        }
        for label in CREDITS:
            client = AsyncClient(
                api_key=key_of(label),
                label=label,
                url=await self._leaving.enter_async_context(self._gateways[label].serve()),
                quota=stores.get(label, MemoryQuota()),
                limits=limits[label],
                telemetry=self._telemetry,
                **({"pace": None} | options.get(label, {})),
            )
            self.clients[label] = await self._leaving.enter_async_context(client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._leaving.aclose()

    def _hear(self, event: Event) -> None:
        self.store_failures += isinstance(event, StoreFailed)

    async def begin_campaign(self) -> None:
        """Have the campaign run until it has used up its hour, and stand still then."""
        campaign = await self._leaving.enter_async_context(Campaign.open(self._folder / "spring.ledger"))
        phones = [f"+1213555{number:04}" for number in range(PEOPLE - 3)]
        phones[7:7] = ["+15005550001", "+15005551502", "12"]  # refused; a 502, after it went out; no number at all
        await campaign.add(phones, "Doors open at eight")
        running = asyncio.create_task(self._run(campaign))
        self._leaving.push_async_callback(asyncio.wait, [running])
        self._leaving.callback(running.cancel)

    async def _run(self, campaign: Campaign) -> None:
        async with campaign.run(self.clients["spring"]) as outcomes:
            async for _ in outcomes:
                self._told.release()

    async def until_standstill(self) -> None:
        """Wait until the campaign has heard of everybody to whom its hour lets it send."""
        for _ in range(BULK_HOURLY * PAIR):
            await self._told.acquire()

    async def round(self) -> None:
        """All of it but the campaign, once; the same again gives the same, once more."""
        await asyncio.gather(self._sell(), self._pause(), self._halt(), self._let_in(), self._lose_the_store())

    async def _sell(self) -> None:
        """Texts to several: taken, refused, no number at all, and with a 502 after they went out."""
        report = await self.clients["shop"].send_many(["+15005551502", "+12145559999"], "Sale")
        assert report.unknown == 2, report
        # After those: an answer that can't be read tells of no credits.
        phones = [f"+1214555{number:04}" for number in range(9)]
        report = await self.clients["shop"].send_many([*phones, "+15005550001", "12"], "Sale")
        assert (report.accepted, report.rejected, report.unsent) == (9, 1, 1), report

    async def _pause(self) -> None:
        """A 429, after which the same text is sent again, and another that has to wait meanwhile."""
        self._gateways["parcels"].misbehave({1: (Fault.STATUS_429, 1.0)})
        first = asyncio.create_task(self.clients["parcels"].send("+12175550000", "Your parcel is here"))
        await self._refusal()
        await self.clients["parcels"].send("+12175550001", "Your parcel is here")
        await first

    async def _refusal(self) -> None:
        """Wait until the key of parcels pauses."""
        while not (await self.clients["parcels"].quota_status()).paused_seconds:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)

    async def _halt(self) -> None:
        """A text that is given up, as its key pauses for longer than it may wait."""
        self._gateways["halted"].misbehave({1: (Fault.STATUS_429, PAUSE)})
        with contextlib.suppress(QuotaExceededError, RateLimitedError):
            await self.clients["halted"].send(
                "+12185550000", "Your code is 123456", priority=Priority.URGENT, max_wait=2
            )

    async def _let_in(self) -> None:
        """One-time passwords, more at once than connections and pace let through."""
        sends = [
            self.clients["codes"].send(f"+1215555{number:04}", "Your code is 123456", priority=Priority.URGENT)
            for number in range(8)
        ]
        await asyncio.gather(*sends)

    async def _lose_the_store(self) -> None:
        """Two texts that have to wait for their store, which is down for a moment; the second knows that it is."""
        self._server.stop()
        client = self.clients["fleet"]
        first = asyncio.create_task(client.send("+12165550000", "Your code is 123456"))
        await asyncio.sleep(0.2)
        second = asyncio.create_task(client.send("+12165550001", "Your code is 123456"))
        await asyncio.to_thread(self._server.start)
        await asyncio.gather(first, second)

    def arrivals(self, label: str | None = None) -> list[Arrival]:
        """Every number that came to a gateway in a request, of one key or of all, whatever became of it."""
        states = [each._gateway.state for name, each in self._gateways.items() if label in (None, name)]
        return [arrival for state in states for arrival in state.arrivals.after(0)]

    def credits(self, label: str) -> float:
        """What a key has left."""
        return float(self._gateways[label].credits())

    def requests(self, label: str) -> int:
        """How many requests of a key were read."""
        return self._gateways[label].requests


@contextlib.asynccontextmanager
async def programs(server: RedisServer, folder: Path) -> AsyncIterator[tuple[Programs, int]]:
    """Programs that are ready to send, and the port at which their figures are served."""
    with exporter() as (telemetry, port):
        async with Programs(telemetry, server, folder) as ready:
            yield ready, port
