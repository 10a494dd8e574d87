"""What a campaign's request costs its database, and what that comes to: ``python -m benchmarks.fleet.sizes``.

Needs PostgreSQL, and ``PYTHONPATH=tests`` for the private server that it starts, which waits for its disk and logs
whole pages as any other does. Requests go through the ledger's and the quota's own methods, and nobody sends anything.
Prints JSON: for requests of 100 and of 1 what each costs (bytes of WAL, CPU of the server and of the process that asks,
bytes of tables), what the vacuum after it costs, what all of it costs where the server has just made a checkpoint, and
how many a second there were; the same of 100 with ``wal_compression``; and the sizes of docs/fleet.md, calculated from
that.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.fleet.calculated import sizes
from customersms_async import DOCUMENTED_LIMITS, Campaign, PostgresQuota
from customersms_async._core.intake import Letter
from customersms_async._core.layers import Layer, layers
from customersms_async._core.rulings import Ruling
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.models import Outcome, Status
from customersms_async.testing._contract.ledger_hosts import TERMS
from support.postgres_servers import PostgresServerProcess, postgres_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from customersms_async.campaign.protocol import CampaignLedger

SETTINGS: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",  # it comes when this program says so, and so does a vacuum
    "autovacuum": "off",
}
AT_A_TIME: Final = 8
"""Campaigns that are run at the same time, each with a key of its own."""
COLD: Final = 100
"""Requests each right after a checkpoint."""
LAYERS: Final = tuple(Layer(1_000 * each.requests, each.window_us) for each in layers(DOCUMENTED_LIMITS))
"""The documented windows, with room for every request."""
TICK: Final = os.sysconf("SC_CLK_TCK")


class Costs(NamedTuple):
    """What one of something costs: bytes of WAL, milliseconds of the server's CPU and of ours, and of the clock."""

    wal: float
    server_ms: float
    client_ms: float
    wall_ms: float


def server_seconds(server: PostgresServerProcess) -> float:
    """Seconds of CPU of all processes of the server that live."""
    assert server.process is not None
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[1]) == server.process.pid:
            total += (int(fields[11]) + int(fields[12])) / TICK
    return total


async def on_a_server(count: int, size: int, **settings: str) -> dict[str, object]:
    """What a request for ``size`` costs on a server of its own with these settings."""
    with postgres_server(**SETTINGS | settings) as server:
        async with PostgresQuota(server.url()) as quota:
            await grant(quota, "the schema is made")
        found = await requests(server, size, count)
        return found | {"a sign of life": (await signs_of_life(server, count // 4))._asdict()}


def wal(server: PostgresServerProcess) -> int:
    """Bytes of WAL since the server was made."""
    return int(server.sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0])


def tables(server: PostgresServerProcess) -> dict[str, int]:
    """Bytes on the disk, indexes included, by table."""
    rows = server.sql(
        "SELECT tablename, pg_total_relation_size(format('customersms.%I', tablename)) FROM pg_tables"
        " WHERE schemaname = 'customersms'",
        database="app",
    )
    return {name: int(size) for name, size in rows}


async def measured(server: PostgresServerProcess, count: int, work: Callable[[], Awaitable[object]]) -> Costs:
    """What one of ``count`` costs, all of which are ``work``."""
    server.sql("CHECKPOINT")
    before, cpu, ours, clock = wal(server), server_seconds(server), time.process_time(), time.perf_counter()
    await work()
    clock, ours = time.perf_counter() - clock, time.process_time() - ours
    cpu, after = server_seconds(server) - cpu, wal(server)
    return Costs((after - before) / count, cpu / count * 1e3, ours / count * 1e3, clock / count * 1e3)


def phone(number: int) -> str:
    return f"+1212{number:07}"


async def runner(campaign: Campaign, recipients: int) -> CampaignLedger:
    """The campaign's ledger, with so many recipients, in the process that runs it."""
    await campaign.ledger.add([Letter(phone(n), "Doors open at eight") for n in range(recipients)], "a text", None, ())
    await campaign.ledger.become_runner()
    await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="a benchmark", terms=TERMS))
    return campaign.ledger


async def grant(quota: PostgresQuota, key: str) -> int:
    """The number of a request that has its tokens."""
    taken = await quota.take(key, LAYERS, 85_000_000)
    assert isinstance(taken, int)
    return taken


async def intent_and_record(ledger: CampaignLedger, first: int, size: int) -> None:
    """What a campaign asks of its ledger for one request, all of which is accepted."""
    intent = Intent(list(range(first, first + size)), None, 30 + size / 2)
    await ledger.begin(intent)
    outcomes = [Outcome(n, phone(n), Status.ACCEPTED, f"msg_{n:012}") for n in intent.ids]
    await ledger.record(intent, Ruling(outcomes, status_code=200))


async def requests(server: PostgresServerProcess, size: int, count: int) -> dict[str, object]:
    """What a request for ``size`` costs, by parts: of its ledger, of its quota, of both with many at a time."""
    url, name = server.url(), f"of {size}"
    empty = tables(server)
    async with PostgresQuota(url) as quota, Campaign.open(url, name=name) as campaign:
        ledger, added = await runner(campaign, size * (count + COLD)), tables(server)
        await grant(quota, name)  # connected

        async def of_ledger() -> None:
            for number in range(count):
                await intent_and_record(ledger, number * size, size)

        async def of_quota() -> None:
            for _ in range(count):
                await quota.settle(name, await grant(quota, name))

        by_ledger, sent = await measured(server, count, of_ledger), tables(server)
        vacuum = await measured(server, count, lambda: asyncio.to_thread(server.sql, "VACUUM", database="app"))
        by_quota, granted = await measured(server, count, of_quota), tables(server)
        cold = 0
        for number in range(count, count + COLD):
            server.sql("CHECKPOINT")
            before = wal(server)
            taken = await grant(quota, name)
            await intent_and_record(ledger, number * size, size)
            await quota.settle(name, taken)
            cold += wal(server) - before
        many = await at_the_same_time(server, quota, size, count // AT_A_TIME)
    grown = {table: (sent[table] - added[table]) / count for table in sent if sent[table] != added[table]}
    return {
        "recipients": size,
        "ledger": by_ledger._asdict(),
        "vacuum after it": vacuum._asdict(),
        "quota": by_quota._asdict(),
        "wal after a checkpoint": cold / COLD,
        "at a time": AT_A_TIME,
        "both": many._asdict(),
        "requests a second": 1e3 / many.wall_ms,
        "bytes a recipient, added": (sum(added.values()) - sum(empty.values())) / (size * (count + COLD)),
        "bytes a request, by table": grown,
        "bytes a request, quota": (sum(granted.values()) - sum(sent.values())) / count,
    }


async def at_the_same_time(server: PostgresServerProcess, quota: PostgresQuota, size: int, count: int) -> Costs:
    """What one request costs where some campaigns are run at a time, all in this process."""
    url = server.url()
    campaigns = [Campaign.open(url, name=f"{number} of {size}") for number in range(AT_A_TIME)]
    opened = [await each.__aenter__() for each in campaigns]
    ledgers = [await runner(each, size * count) for each in opened]

    async def one(ledger: CampaignLedger, key: str) -> None:
        for number in range(count):
            taken = await grant(quota, key)
            await intent_and_record(ledger, number * size, size)
            await quota.settle(key, taken)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(ledger, f"key {at} of {size}") for at, ledger in enumerate(ledgers)))

    try:
        return await measured(server, count * AT_A_TIME, all_of_them)
    finally:
        for each in opened:
            await each.__aexit__(None, None, None)


async def signs_of_life(server: PostgresServerProcess, count: int) -> Costs:
    """What a sign of life of a process that runs campaigns costs."""
    async with Campaign.open(server.url(), name="signs") as campaign:
        await runner(campaign, 1)
        host = campaign.ledger._host  # type: ignore[attr-defined]  # noqa: SLF001 - it gives them by itself, too slowly

        async def work() -> None:
            for _ in range(count):
                await asyncio.to_thread(host.sign)

        return await measured(server, count, work)


async def main(count: int) -> None:
    found = [await on_a_server(count, size) for size in (100, 1)]
    smaller = await on_a_server(count // 2, 100, wal_compression="on")
    print(json.dumps({"measured": found, "with wal_compression": smaller, "calculated": sizes(found)}, indent=1))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000))
