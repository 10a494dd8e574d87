"""Bytes of a key that has sent 50,000 requests in a day: ``python -m benchmarks.quota.memory STORE PLACE``.

Prints bytes as JSON, for the documented limits and for one of ten a second alone, whose log is short. ``memory`` is
what tracemalloc counts, PLACE is not used; ``sqlite`` is the size of the file, PLACE its folder; ``redis`` is what the
server tells of the key's Redis keys, PLACE its URL. The clock is set, so that the day takes seconds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customersms_async import DOCUMENTED_LIMITS, Limit, MemoryQuota
from customersms_async._core.layers import Layer, layers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Send = Callable[[Any, "Clock", tuple[Layer, ...]], Awaitable[None]]

COUNT, DAY_US, HOLD_US = 50_000, 86_400_000_000, 35_000_000
LIMITS = {"documented": DOCUMENTED_LIMITS, "brief": (Limit(10, 1),)}


class Clock:
    """Microseconds that go on when they are told to."""

    def __init__(self) -> None:
        self.us = 1_700_000_000_000_000

    def __call__(self) -> int:
        """What time it is."""
        return self.us


async def send(store: Any, clock: Clock, asked: tuple[Layer, ...]) -> None:
    """A day's requests, evenly, each of them answered at once; and a tenth of the next day's, as logs are cut late."""
    for _ in range(COUNT + COUNT // 10):
        while not isinstance(granted := await store.take("key", asked, HOLD_US), int):
            clock.us += granted.wait_us
        await store.settle("key", granted)
        clock.us += DAY_US // COUNT


async def in_memory(_: str, asked: tuple[Layer, ...]) -> int:
    clock = Clock()
    gc.collect()
    tracemalloc.start()
    store = MemoryQuota(clock=clock)
    await send(store, clock, asked)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held


async def in_a_file(folder: str, asked: tuple[Layer, ...]) -> int:
    from customersms_async.quota.host_clock import Moment
    from customersms_async.quota.sqlite import SQLiteQuota

    clock, path = Clock(), Path(folder) / f"quota-{len(asked)}.sqlite"
    async with SQLiteQuota(path, clock=lambda: Moment("boot", clock(), 0)) as store:
        await send(store, clock, asked)
    return path.stat().st_size


async def on_a_server(url: str, asked: tuple[Layer, ...]) -> int:
    from redis.asyncio import Redis

    from customersms_async.quota.redis import RedisQuota

    clock, prefix = Clock(), f"memory-{len(asked)}:"
    async with RedisQuota(url, prefix, clock=clock) as store, Redis.from_url(url) as client:
        await send(store, clock, asked)
        return sum(
            [int(await client.memory_usage(name, samples=0) or 0) async for name in client.scan_iter(f"{prefix}*")]
        )


STORES = {"memory": in_memory, "sqlite": in_a_file, "redis": on_a_server}


def main(store: str, place: str) -> dict[str, int]:
    return {name: asyncio.run(STORES[store](place, layers(limits))) for name, limits in LIMITS.items()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))
