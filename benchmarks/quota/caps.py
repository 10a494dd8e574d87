"""What caps cost in each store: ``python -m benchmarks.quota.caps [STORE PLACE]``.

With a store (``memory``, ``sqlite`` and its folder, ``redis`` and its URL) prints its figures as JSON; without one
measures all three, each in a process of its own, and prints the section of ``docs/quota.md``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.quota.memory import Clock
from benchmarks.quota.report import table
from benchmarks.quota.stores import redis_server
from benchmarks.shared.processes import child, say
from customersms_async import DOCUMENTED_LIMITS, Caps, Limit, MemoryQuota
from customersms_async._core.caps import ID_BYTES, CapScopes
from customersms_async._core.layers import layers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from customersms_async._core.caps import CappedText

DAY_US, HOLD_US, USED, BATCH = 86_400_000_000, 35_000_000, 12, 100
OF_A_NUMBER = (Limit(1, 30), Limit(5, 900), Limit(USED, 86_400))
NUMBERS = CapScopes(Caps("numbers", per_number=OF_A_NUMBER))
ALL = CapScopes(
    Caps("all", per_number=OF_A_NUMBER, per_prefix={"+1": (Limit(10**6, 3_600),)}, total=(Limit(10**6, 3_600),))
)
CALLS = {"memory": 20_000, "sqlite": 500, "redis": 2_000}

SECTION = """
## Caps in the stores

A text that counts for caps is one entry for its number, one for its prefix and one for all, where they have caps: a
time, and in the shared stores an id. `look` is asked before a text waits, `take` before its first byte, `end` after its
answer; each is one decision over a whole batch.

- Of what nobody hears the worst is taken: a text whose `take` had no answer, or whose process was killed, is held to
  its deadline and five seconds, counts for its windows from then on, and goes by itself.
- A text that comes again (a campaign's, that a person plans once more) counts once: what its earlier try counted for is
  let go when the new one is taken, for good, even if that one turns out never to have left.
- `MemoryQuota` drops what is over a few entries at a time, with the texts that come, and holds a few times what it
  needs at most. Without caps it imports nothing for them.
- `SQLiteQuota` syncs a `take` and nothing else; rows go a few at a time. Its file has version 3 since there are caps.
  One of version 1 or 2 is brought up to date when it is opened, all of it or nothing, by whichever process is first. A
  program of an earlier version that has it open goes on, and shares the quota; what it sends counts for no cap. It
  can't open the file again: it is told to be updated.
- `RedisQuota` has one script and one round trip for a call, however many texts. Its Redis keys are
  `<prefix>caps:{{<name>}}:` and `now`, `done`, the hash of a number, prefix or total, or `a` and the name of a text
  that may come again; they are in one hash slot, and expire when their windows are over. Times are kept, and what was
  given back is remembered, for ten minutes at least, so that no copy of a call that comes late counts a text again.

The bytes of a number, all {used} of whose texts are used, under three caps: {limits}.
Then a text under caps for its number, its prefix and all: looked at, taken and ended, alone and in batches of {batch},
in wall time, and beside a request that takes and settles the three documented limits in the same store. Redis is a real
server on the loopback, without a disk; the SQLite file is in memory, if the system has a folder there.

{table}"""


def text(scopes: CapScopes, number: int) -> CappedText:
    return scopes.text(f"+1212{number:07}", secrets.token_bytes(ID_BYTES))


async def fill(store: Any, clock: Clock, numbers: int) -> None:
    """Let each of so many numbers have all of its texts within a day."""
    for _ in range(USED):
        for first in range(0, numbers, BATCH):
            batch = [text(NUMBERS, first + number) for number in range(BATCH)]
            assert not any(await store.take_caps(NUMBERS.space, batch, HOLD_US))
            await store.end_caps(NUMBERS.space, batch, [])
        clock.us += DAY_US // (USED + 2)


async def costs(store: Any, calls: int) -> dict[str, float]:
    """Microseconds of a text alone, in a batch, and of a request beside it."""
    await each_text(store, [[text(ALL, number)] for number in range(10)])
    alone = await each_text(store, [[text(ALL, 1_000 + number)] for number in range(calls)])
    batches = [[text(ALL, 100_000 + BATCH * n + each) for each in range(BATCH)] for n in range(max(5, calls // BATCH))]
    limits = layers([Limit(10**6, limit.seconds) for limit in DOCUMENTED_LIMITS])
    began = time.perf_counter()
    for _ in range(calls):
        await store.settle("key", await store.take("key", limits, HOLD_US))
    request = (time.perf_counter() - began) / calls * 1e6
    return {**alone, "batch": sum((await each_text(store, batches)).values()) / BATCH, "request": request}


async def each_text(store: Any, batches: list[list[CappedText]]) -> dict[str, float]:
    """Microseconds of each call, on average."""
    spent = dict.fromkeys(("look", "take", "end"), 0.0)
    for batch in batches:
        began = time.perf_counter()
        await store.look_at_caps(ALL.space, batch)
        looked = time.perf_counter()
        assert not any(await store.take_caps(ALL.space, batch, HOLD_US))
        taken = time.perf_counter()
        await store.end_caps(ALL.space, batch, [])
        for name, seconds in zip(spent, (looked - began, taken - looked, time.perf_counter() - taken), strict=True):
            spent[name] += seconds / len(batches) * 1e6
    return spent


async def in_memory(_: str) -> dict[str, float]:
    clock, numbers = Clock(), 50_000
    gc.collect()
    tracemalloc.start()
    store = MemoryQuota(clock=clock)
    await fill(store, clock, numbers)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {"bytes": held / numbers, **await costs(MemoryQuota(), CALLS["memory"])}


async def in_a_file(folder: str) -> dict[str, float]:
    from customersms_async.quota.host_clock import Moment
    from customersms_async.quota.sqlite import SQLiteQuota

    clock, path, numbers = Clock(), Path(folder) / "bytes.sqlite", 5_000
    async with SQLiteQuota(path, clock=lambda: Moment("boot", clock(), 0)) as store:
        await fill(store, clock, numbers)
    async with SQLiteQuota(Path(folder) / "costs.sqlite") as store:
        return {"bytes": path.stat().st_size / numbers, **await costs(store, CALLS["sqlite"])}


async def on_a_server(url: str) -> dict[str, float]:
    from redis.asyncio import Redis

    from customersms_async.quota.redis import RedisQuota

    clock, numbers = Clock(), 20_000
    async with RedisQuota(url) as store, Redis.from_url(url) as client:
        spent = await costs(store, CALLS["redis"])
        before = (await client.info("memory"))["used_memory"]
        async with RedisQuota(url, clock=clock) as clocked:
            await fill(clocked, clock, numbers)
        async for key in client.scan_iter("customersms:caps:*", count=1_000):
            await client.pexpire(key, DAY_US // 1_000)  # as on the server's own clock
        return {"bytes": ((await client.info("memory"))["used_memory"] - before) / numbers, **spent}


STORES: dict[str, Callable[[str], Coroutine[Any, Any, dict[str, float]]]] = {
    "memory": in_memory,
    "sqlite": in_a_file,
    "redis": on_a_server,
}


def section() -> str:
    """Measure all three, and say it as a part of the page."""
    found: dict[str, Mapping[str, float]] = {}
    memory = Path("/dev/shm")  # noqa: S108 - a new folder is made in it
    with redis_server() as url, tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        for store, place in (("memory", "-"), ("sqlite", folder), ("redis", url)):
            if place is not None:
                say(f"quota.caps {store}")
                (found[store],) = child("quota.caps", store, place)
    return written(found)


def written(found: Mapping[str, Mapping[str, float]]) -> str:
    names = {"memory": "`MemoryQuota`", "sqlite": "`SQLiteQuota`", "redis": "`RedisQuota`"}
    targets = {"memory": "250", "sqlite": "", "redis": "400"}
    heads = ("", "bytes", "below", "look", "take", "end", "a text alone, of a request", "in a batch")
    rows = []
    for store, figures in found.items():
        alone = sum(figures[call] for call in ("look", "take", "end"))
        calls = [f"{figures[call]:,.0f} µs" for call in ("look", "take", "end")]
        ratios = [f"{cost / figures['request']:.2f}" for cost in (alone, figures["batch"])]
        rows.append((names[store], f"{figures['bytes']:,.0f}", targets[store], *calls, *ratios))
    limits = ", ".join(f"{limit.requests} in {limit.seconds:,.0f} s" for limit in OF_A_NUMBER)
    return SECTION.format(limits=limits, used=USED, batch=BATCH, table=table(heads, rows))


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(asyncio.run(STORES[sys.argv[1]](sys.argv[2]))))
    else:
        print(section())
