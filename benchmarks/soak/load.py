"""Load: ``python -m benchmarks.soak.load [--sends 10000] [--recipients 500000]``.

First so many ``send`` calls at once in one process, then so many recipients through ``stream``; the gateway, a sandbox
in a process of its own, spoils one request in fifty in a random way. Reported, as JSON: what became of the texts, held
against the gateway's own list; memory at several points; tasks and sockets left over; and the longest time for which
the event loop was blocked, by the wall's clock and by this thread's CPU time, which the neighbours don't disturb.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from benchmarks.shared.phones import phone
from benchmarks.shared.watch import Ticker, leftovers, megabytes
from customersms_async import AsyncClient, CustomerSMSError, Limit, MemoryQuota
from customersms_async.sandbox import Fault, Sandbox

KEY = "cspro_load"
UNLIMITED = Limit(10_000_000, 1)
FATAL = {Fault.STATUS_401, Fault.STATUS_402}
SPOILED = sorted((fault for fault in Fault if fault not in FATAL), key=lambda fault: fault.name)
ONE_IN = 50


def entry(number: int) -> Any:
    """Return what befalls a request: the same in every run."""
    chance = random.Random(number)
    if chance.randrange(ONE_IN):
        return None
    fault = chance.choice(SPOILED)
    return (fault, 0.3) if fault is Fault.SLOW else fault


async def serve() -> None:
    """Serve until standard input ends, then tell of the texts; a line of input tells and begins anew."""
    sandbox = Sandbox(keys={KEY: 10_000_000}, limits=(UNLIMITED,), faults=entry)
    async with sandbox.serve() as url:
        print(url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            texts, twice = len(sandbox.texts), len(sandbox.duplicates())
            print(json.dumps({"requests": sandbox.requests, "texts": texts, "twice": twice}), flush=True)
            sandbox.reset()


class Gateway:
    """The gateway in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.soak.load", "--serve"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.url = self._line()

    def ask(self) -> dict[str, int]:
        """Return what it has seen since it was last asked."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told: dict[str, int] = json.loads(self._line())
        return told

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.terminate()


async def sends(client: AsyncClient, count: int) -> Counter[str]:
    """Have so many calls of ``send`` wait and go at once."""
    counts: Counter[str] = Counter()

    async def one(number: int) -> None:
        try:
            counts[(await client.send(phone(number), "Hello")).status] += 1
        except CustomerSMSError as error:
            counts[type(error).__name__] += 1

    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(one(number)))
        if number % 100 == 0:  # as requests come in, and not all in one step of the loop
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return counts


async def stream(client: AsyncClient, count: int, memory: list[float]) -> Counter[str]:
    """Stream to so many recipients; each must get one outcome."""
    told = bytearray(count)
    counts: Counter[str] = Counter()
    numbers = (phone(number) for number in range(count))
    async for outcome in client.stream(numbers, "Hello"):
        told[outcome.index] += 1
        counts[outcome.status] += 1
        if sum(counts.values()) % max(1, count // 10) == 0:
            memory.append(megabytes())
    assert told == b"\x01" * count, "not exactly one outcome for every input"
    return counts


async def measure(gateway: Gateway, count: int, *, one_by_one: bool) -> dict[str, Any]:
    """Run one of the two loads and report it."""
    before = leftovers()
    memory = [megabytes()]
    began = time.perf_counter()
    async with AsyncClient(
        api_key=KEY, url=gateway.url, limits=UNLIMITED, quota=MemoryQuota(), pace=None, timeout=5.0
    ) as client:
        ticker = Ticker()
        counts = await (sends(client, count) if one_by_one else stream(client, count, memory))
        blocked = await ticker.stop()
    seconds = time.perf_counter() - began
    await asyncio.sleep(0.05)
    gc.collect()
    tasks, sockets = (now - then for now, then in zip(leftovers(), before, strict=True))
    return {
        "texts": count,
        "seconds": round(seconds, 1),
        "outcomes": dict(counts),
        "gateway": gateway.ask(),
        "memory_mb": [*memory, megabytes()],
        **blocked,
        "tasks_left": tasks,
        "sockets_left": sockets,
    }


def main() -> None:
    """Run both loads."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--sends", type=int, default=10_000)
    asks.add_argument("--recipients", type=int, default=500_000)
    asks.add_argument("--serve", action="store_true", help="be the gateway")
    asked = asks.parse_args()
    if asked.serve:
        asyncio.run(serve())
        return
    with Gateway() as gateway:
        asyncio.run(measure(gateway, 100, one_by_one=True))  # imports, the TLS context, the first connections
        report = {
            "send": asyncio.run(measure(gateway, asked.sends, one_by_one=True)),
            "stream": asyncio.run(measure(gateway, asked.recipients, one_by_one=False)),
        }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
