"""How each library is asked to keep three limits at once, as its own documentation would have it.

A rival is an async function of (how many requests, ``depart``, the longest that a request may be under way): it asks
for one request after the other, and calls ``depart`` when that request may leave. Libraries are imported when they are
used, so that a run finds virtual time in place and loads nothing but its own.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answered = Callable[[], Awaitable[None]]
    Depart = Callable[[Answered | None], Awaitable[None]]
    Run = Callable[[int, Depart, float], Awaitable[None]]

LIMITS = ((100, 60), (5_000, 3_600), (50_000, 86_400))
FOREVER = 1e9
BURST = 0.25
"""The safe bucket's capacity, as a share of the limit. It has to leave the rest of the limit to the refill, so a large
one is slow in the long run and a small one in a short; of all shares in steps of 5 % this one has the lowest mean ratio
over 150 to 60,000 requests."""


async def ours(count: int, depart: Depart, longest: float) -> None:
    """The waiting room over the store in memory; a request holds its tokens until its answer is there."""
    requests = import_module("benchmarks.quota.ours").of_loop()
    for _ in range(count):
        grant = await requests.enter(round((30 + longest) * 1e6))
        await depart(partial(requests.answered, grant))


async def aiolimiter(count: int, depart: Depart, _: float) -> None:
    """One `AsyncLimiter` for each limit, entered one after the other."""
    limiter = import_module("aiolimiter").AsyncLimiter
    minute, hour, day = (limiter(requests, seconds) for requests, seconds in LIMITS)
    for _ in range(count):
        async with minute, hour, day:
            await depart(None)


async def aiolimiter_safe(count: int, depart: Depart, longest: float) -> None:
    """The same with capacity and rate so low that capacity + rate * (window + delay) is the limit."""
    limiter = import_module("aiolimiter").AsyncLimiter
    buckets = []
    for requests, seconds in LIMITS:
        burst = int(requests * BURST)
        buckets.append(limiter(burst, burst * (seconds + longest) / (requests - burst)))
    minute, hour, day = buckets
    for _ in range(count):
        async with minute, hour, day:
            await depart(None)


async def pyrate_limiter(count: int, depart: Depart, _: float) -> None:
    """A list of rates in one bucket, by its default algorithm, the sliding log."""
    lib = import_module("pyrate_limiter")
    rates = [lib.Rate(requests, seconds * 1_000) for requests, seconds in LIMITS]
    limiter = lib.Limiter(lib.BucketAsyncWrapper(lib.InMemoryBucket(rates)))
    for _ in range(count):
        assert await limiter.try_acquire_async("key")
        await depart(None)


async def limits(count: int, depart: Depart, _: float) -> None:
    """The moving window: hit each limit in turn; if it is used up, sleep until the reset time of its statistics."""
    lib = import_module("limits")
    strategy = import_module("limits.aio.strategies").MovingWindowRateLimiter(
        import_module("limits.aio.storage").MemoryStorage()
    )
    minute, hour, day = LIMITS
    items = (
        lib.RateLimitItemPerMinute(minute[0]),
        lib.RateLimitItemPerHour(hour[0]),
        lib.RateLimitItemPerDay(day[0]),
    )
    for _ in range(count):
        for item in items:
            while not await strategy.hit(item, "key"):
                stats = await strategy.get_window_stats(item, "key")
                await asyncio.sleep(max(0.0, stats.reset_time - time.time()))
        await depart(None)


def throttled(algorithm: str) -> Run:
    async def run(count: int, depart: Depart, _: float) -> None:
        """One `Throttled` for each limit, which waits and tries again by itself."""
        lib = import_module("throttled.asyncio")
        store = lib.MemoryStore()
        layers = [
            lib.Throttled(
                key=f"key-{seconds}",
                using=algorithm,
                quota=lib.rate_limiter.per_duration(timedelta(seconds=seconds), requests),
                store=store,
                timeout=FOREVER,
            )
            for requests, seconds in LIMITS
        ]
        for _ in range(count):
            for layer in layers:
                assert not (await layer.limit()).limited
            await depart(None)

    return run


async def aiometer(count: int, depart: Depart, _: float) -> None:
    """Its one rate can only be the lowest of the three, the day's, as it knows no burst and no second limit."""

    async def send(_: int) -> None:
        await depart(None)

    slowest = min(requests / seconds for requests, seconds in LIMITS)
    await import_module("aiometer").run_on_each(send, range(count), max_per_second=slowest)


class Rival(NamedTuple):
    """One row of the tables."""

    title: str
    package: str
    run: Run


RIVALS = {
    "ours": Rival("customersms_async", "customersms-async", ours),
    "stacked": Rival("aiolimiter, three stacked", "aiolimiter", aiolimiter),
    "safe": Rival("aiolimiter, made safe", "aiolimiter", aiolimiter_safe),
    "pyrate": Rival("pyrate-limiter", "pyrate-limiter", pyrate_limiter),
    "limits": Rival("limits, moving window", "limits", limits),
    "throttled": Rival("throttled-py, token bucket", "throttled-py", throttled("token_bucket")),
    "sliding": Rival("throttled-py, sliding window", "throttled-py", throttled("sliding_window")),
    "aiometer": Rival("aiometer", "aiometer", aiometer),
}
