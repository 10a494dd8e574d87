"""Many waiters at once: ``python -m benchmarks.quota.waiters cpu|memory|fairness RIVAL COUNT``; prints one number.

All of them stand in line under the documented limits, of which the first is used up before they come. The waiting is
skipped (virtual time); the CPU and the memory are real. ``future`` is a task that awaits a bare future, below which
nothing with a task for each request can get.

``fairness`` prints the most places that any waiter lost: how many who came later were let in before it. Newcomers come
at random moments, from handlers that keep the event loop busy for some milliseconds as those of an application do, and
in the moment in which another one is let in; any waiter may be cancelled.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
import tracemalloc
from bisect import bisect, insort
from typing import TYPE_CHECKING

from benchmarks.quota import virtual_time
from benchmarks.quota.rivals import LIMITS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Request = Callable[[], Awaitable[None]]
    Make = Callable[[], Awaitable[Request]]

THERE, NEWCOMER, CANCELLED, BUSY = 1_000, 0.5, 0.2, 0.05
"""Waiters at the start; the chances that a grant brings a newcomer at once, and that a waiter is cancelled in the next
two hours; the longest, in seconds, that a handler keeps the loop busy."""


async def ours() -> Request:
    from benchmarks.quota.ours import of_loop

    ours = of_loop()
    for _ in range(LIMITS[0][0]):
        await ours.request()
    return ours.request


async def three() -> Request:
    from aiolimiter import AsyncLimiter

    minute, hour, day = (AsyncLimiter(requests, seconds) for requests, seconds in LIMITS)

    async def request() -> None:
        async with minute, hour, day:
            pass

    for _ in range(LIMITS[0][0]):
        await request()
    return request


async def one() -> Request:
    from aiolimiter import AsyncLimiter

    minute = AsyncLimiter(*LIMITS[0])

    async def request() -> None:
        async with minute:
            pass

    await minute.acquire(LIMITS[0][0])
    return request


async def future() -> Request:
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[None]] = []

    async def request() -> None:
        waiter = loop.create_future()
        futures.append(waiter)
        await waiter

    def resolve() -> None:
        for waiter in futures:
            waiter.set_result(None)

    loop.call_later(60, resolve)
    return request


async def cpu(make: Make, count: int) -> float:
    """Microseconds of CPU for each of ``count`` tasks, from when the first is made until the last is done."""
    request = await make()
    began = time.process_time()
    await asyncio.gather(*(request() for _ in range(count)))
    return (time.process_time() - began) / count * 1e6


async def memory(make: Make, count: int) -> float:
    """Bytes for each of ``count`` tasks while all of them wait, as tracemalloc counts them."""
    request = await make()
    gc.collect()
    tracemalloc.start()
    tasks = [asyncio.ensure_future(request()) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert not any(task.done() for task in tasks)
    await asyncio.gather(*tasks)
    return held / count


async def fairness(make: Make, count: int) -> int:
    """The most places lost: ``count`` are there at the start, twenty times as many come within two hours."""
    request, loop, dice = await make(), asyncio.get_running_loop(), random.Random(1)
    waiting: list[asyncio.Task[None]] = []
    let_in: list[int] = []
    most = 0

    async def wait(place: int) -> None:
        nonlocal most
        await request()
        most = max(most, len(let_in) - bisect(let_in, place))
        insort(let_in, place)
        if dice.random() < NEWCOMER:
            enter()

    def enter() -> None:
        task = asyncio.ensure_future(wait(len(waiting)))
        waiting.append(task)
        if dice.random() < CANCELLED:
            loop.call_later(dice.uniform(0, 7_200), task.cancel)

    def handle() -> None:
        virtual_time.CLOCK.now += dice.uniform(0, BUSY)
        enter()

    for _ in range(count):
        enter()
    for _ in range(20 * count):
        loop.call_later(dice.uniform(0, 7_200), handle)
    await asyncio.sleep(7_200)
    while any(not task.done() for task in waiting):
        await asyncio.wait(waiting)
    return most


MEASURES = {"cpu": cpu, "memory": memory, "fairness": fairness}
RIVALS = {"ours": ours, "three": three, "one": one, "future": future}


if __name__ == "__main__":
    virtual_time.CLOCK.take_over()
    print(virtual_time.run(MEASURES[sys.argv[1]](RIVALS[sys.argv[2]], int(sys.argv[3]))))
