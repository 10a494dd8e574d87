"""What a grant costs where nobody has to wait: ``python -m benchmarks.quota.costs RIVAL COUNT``.

One measurement in one process, on the real clock; prints microseconds of CPU for each grant. A quota is ``fresh`` while
less was used than its smallest limit, and ``worn`` after that: then the log of settle times has to be looked at, for
every limit. Its windows are some microseconds here, so that nobody waits.
"""

from __future__ import annotations

import asyncio
import sys
import time

from aiolimiter import AsyncLimiter

from benchmarks.quota.ours import Ours
from customersms_async import Limit, MemoryQuota
from customersms_async._core.layers import layers

HOLD_US = 35_000_000

WORN = (Limit(2_000, 1e-3), Limit(20_000, 1e-2), Limit(200_000, 1e-1))
"""More than the smallest are always behind us, and no loop is fast enough to be held up."""


def fresh(count: int) -> tuple[Limit, ...]:
    """Three limits that ``count`` requests don't use up."""
    return Limit(count, 60), Limit(10 * count, 3_600), Limit(100 * count, 86_400)


def stacked(count: int) -> tuple[AsyncLimiter, AsyncLimiter, AsyncLimiter]:
    """The same three limits as aiolimiter's buckets."""
    minute, hour, day = fresh(count)
    return (
        AsyncLimiter(minute.requests, minute.seconds),
        AsyncLimiter(hour.requests, hour.seconds),
        AsyncLimiter(day.requests, day.seconds),
    )


async def take_and_settle(limits: tuple[Limit, ...], count: int) -> float:
    store, asked = MemoryQuota(), layers(limits)
    began = time.process_time()
    for _ in range(count):
        granted = store.take_now("key", asked, HOLD_US)
        assert isinstance(granted, int)
        await store.settle("key", granted)
    return time.process_time() - began


async def room(limits: tuple[Limit, ...], count: int) -> float:
    """The same through the waiting room: a ticket, a place in the line, a connection."""
    ours = Ours(limits)
    began = time.process_time()
    for _ in range(count):
        await ours.request()
    return time.process_time() - began


async def three_acquires(count: int) -> float:
    minute, hour, day = stacked(count)
    began = time.process_time()
    for _ in range(count):
        await minute.acquire()
        await hour.acquire()
        await day.acquire()
    return time.process_time() - began


async def one_acquire(count: int) -> float:
    limiter = AsyncLimiter(count, 60)
    began = time.process_time()
    for _ in range(count):
        await limiter.acquire()
    return time.process_time() - began


def grants(rival: str, count: int) -> float:
    """Seconds of CPU for ``count`` grants."""
    match rival.split():
        case ["take", worn]:
            return asyncio.run(take_and_settle(WORN if worn == "worn" else fresh(count), count))
        case ["room", worn]:
            return asyncio.run(room(WORN if worn == "worn" else fresh(count), count))
        case ["three"]:
            return asyncio.run(three_acquires(count))
        case _:
            return asyncio.run(one_acquire(count))


if __name__ == "__main__":
    print(grants(sys.argv[1], int(sys.argv[2])) / int(sys.argv[2]) * 1e6)
