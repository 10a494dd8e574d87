"""A platform that sends for 300 customers, each with an API key of its own, from one program.

It shows one engine and one quota store for all tenants, and for each a client of its own over them: its key, limits and
caps, idempotency keys, a list of people who said no, and a label for logs and metrics. A tenant without quota, without
credits or with a key that is refused holds up nobody else. A client takes 6 kB, and 10 kB once it has sent; an idle one
has no connection, so none of them needs to be closed.

    $ pip install "customersms-async[sandbox,metrics]"
    $ python tenants.py  # to a sandbox of its own, with 300 made-up keys

Several hosts give ``RedisQuota`` and ``RedisIdempotency``, or those of PostgreSQL, in place of the stores in memory.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import generate_latest

from customersms_async import AsyncClient, Caps, Limit, MemoryIdempotency, MemoryQuota, Outcome, errors
from customersms_async.idempotency import IdempotencyStore
from customersms_async.otel import Telemetry
from customersms_async.quota import QuotaStore
from customersms_async.sandbox import Sandbox


class OptOuts:
    """Who said no to one tenant: here a set, in a platform a table of its own database."""

    def __init__(self) -> None:
        self.phones: set[str] = set()

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        """Those of these numbers that said no."""
        return frozenset(self.phones.intersection(phones))


class Tenants:
    """The clients of all tenants. ``key_of`` gives the API key that a tenant has now, and must not wait for it."""

    def __init__(
        self,
        key_of: Callable[[str], str],
        limits_of: Callable[[str], Sequence[Limit]],
        quota: QuotaStore,
        keys: IdempotencyStore,
        telemetry: Telemetry | None = None,
        url: str | None = None,
    ) -> None:
        self._key_of, self._limits_of, self._keys = key_of, limits_of, keys
        self._engine = AsyncClient(quota=quota, telemetry=telemetry, url=url, max_wait=5)  # sends nothing by itself
        self._clients: dict[str, AsyncClient] = {}
        self.opt_outs: dict[str, OptOuts] = {}

    def client(self, tenant: str) -> AsyncClient:
        """The tenant's own, made when it is first asked for."""
        if tenant not in self._clients:
            self._clients[tenant] = self._engine.with_options(
                api_key=partial(self._key_of, tenant),
                label=tenant,
                limits=self._limits_of(tenant),
                caps=Caps(tenant, per_number=[Limit(5, 3_600)]),
                idempotency=self._keys.namespaced(tenant),
                suppression=self.opt_outs.setdefault(tenant, OptOuts()),
            )
        return self._clients[tenant]

    async def send(self, tenant: str, phone: str, text: str, idempotency_key: str) -> Outcome:
        """Send a text with the tenant's key, and once more if that was refused: it may be another one by now."""
        send = partial(self.client(tenant).send, phone, text, idempotency_key=idempotency_key)
        try:
            return await send()
        except errors.AuthenticationError:  # nothing was sent, and the next call asks for the key again
            return await send()

    def key_has_changed(self, tenant: str) -> None:
        """Have the next text use the new key, where the old one is not refused yet; others end with the old one."""
        self._clients.pop(tenant, None)

    async def aclose(self) -> None:
        """Send nothing new; what is on its way has 20 seconds for its answer."""
        await self._engine.aclose(grace=20)


KEYS = {f"tenant-{number}": f"cspro_key_{number}" for number in range(300)}  # in place of a vault
LIMITS = [Limit(5, 60), Limit(1_000, 86_400)]


def made_up_gateway() -> Sandbox:
    """It knows the key of tenant-7 no more, and tenant-13 has one credit left."""
    credits_of = dict.fromkeys(KEYS.values(), 1_000) | {"cspro_key_13": 1}
    del credits_of["cspro_key_7"]
    return Sandbox(keys=credits_of, limits=LIMITS)


async def greet(tenants: Tenants, tenant: str, texts: int, told: Counter[str]) -> None:
    for number in range(texts):
        try:
            await tenants.send(tenant, f"+1212555{number:04}", f"Hello from {tenant}", f"hello/{number}")
            told["accepted"] += 1
        except errors.CustomerSMSError as error:
            told[f"{tenant}: {type(error).__name__}"] += 1


async def main(sandbox: Sandbox) -> None:
    told, meters = Counter[str](), MeterProvider([PrometheusMetricReader()])
    telemetry = Telemetry(meter_provider=meters, key_label=True)
    async with sandbox.serve() as url:
        tenants = Tenants(KEYS.__getitem__, lambda _: LIMITS, MemoryQuota(), MemoryIdempotency(), telemetry, url)
        async with asyncio.TaskGroup() as group:
            for tenant in KEYS:
                group.create_task(greet(tenants, tenant, 7 if tenant == "tenant-21" else 2, told))
        await tenants.aclose()
    for what, times in sorted(told.items()):
        print(f"{times:5,} {what}")
    print(f"the gateway read {sandbox.requests} requests, and refused {sandbox.refused} for its limits")
    for line in generate_latest().decode().splitlines():  # as Prometheus would read it
        if line.startswith("customersms_client_outcomes_total") and 'key="tenant-21"' in line:
            print(line)
    meters.shutdown()


if __name__ == "__main__":
    asyncio.run(main(made_up_gateway()))
