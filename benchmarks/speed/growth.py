"""Cost as work grows: ``python -m benchmarks.speed.growth KIND COUNT`` prints time and memory of each, as JSON.

``clients``: made of one key, on one pool; ``keys``: clients by ``with_options(api_key=...)``, idle; ``busy``: the same,
each of which has sent one text; ``rested``: these once their longest window is over, of a second here. Memory is what
tracemalloc counts in the end, in bytes; it is taken in a second run, as counting takes time. The answers come at once,
so all of it is ours.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING

from benchmarks.shared.phones import phone
from benchmarks.speed.bulk import Null, client
from customersms_async import MemoryQuota

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from customersms_async import AsyncClient

    Make = Callable[[AsyncClient, int], Awaitable[list[AsyncClient]]]


OTHERS = 100
"""Requests of another key after the rest, in which the quota may clear up: a client that rests has no timer."""


async def clients(_: AsyncClient, count: int) -> list[AsyncClient]:
    pool, quota = Null(), MemoryQuota()
    made = [client(pool, quota=quota) for _ in range(count)]
    for each in made:
        await each.quota_status()
    return made


async def keys(parent: AsyncClient, count: int) -> list[AsyncClient]:
    return [parent.with_options(api_key=f"cspro_{number:032}") for number in range(count)]


async def busy(parent: AsyncClient, count: int) -> list[AsyncClient]:
    made = await keys(parent, count)
    for number, each in enumerate(made):
        await each.send(phone(number), "Hello")
    return made


async def rested(parent: AsyncClient, count: int) -> list[AsyncClient]:
    made = await busy(parent, count)
    await asyncio.sleep(1.5)
    for number in range(OTHERS):
        await parent.send(phone(number), "Hello")
    return made


KINDS: dict[str, Make] = {"clients": clients, "keys": keys, "busy": busy, "rested": rested}


async def measure(make: Make, count: int) -> dict[str, float]:
    async with client() as parent:
        await make(parent, 10)
        gc.collect()
        began = time.process_time()
        made = await make(parent, count)
        seconds = time.process_time() - began
        assert len(made) == count
    del made
    async with client() as parent:
        await make(parent, 10)
        gc.collect()
        tracemalloc.start()
        made = await make(parent, count)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(made) == count
    return {"us": seconds / count * 1e6, "bytes": held / count}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(KINDS[sys.argv[1]], int(sys.argv[2])))))
