"""A soak: ``make torture`` (``SECONDS=900``). Everything at once against a gateway that enforces its limits and lies.

Several keys, clients and stores; sends, bulk sends and streams of random sizes, priorities and time-outs; a random
fault in one request of ten; calls cancelled at random moments, streams left in every way, clients closed under their
users. At the end the gateway's own list is held against every outcome that was told: accepted texts are in it,
rejected and unsent ones are not, none is in it twice, and the limits refused nobody. Any other end is exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import logging
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import customersms_async
from benchmarks.shared.watch import Ticker, leftovers, megabytes
from customersms_async import (
    AsyncClient,
    Code,
    CustomerSMSError,
    Limit,
    MemoryQuota,
    Outcome,
    Priority,
    SendError,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

KEYS = ("cspro_memory", "cspro_shared", "cspro_file")
LIMITS = (Limit(30, 1), Limit(200, 10), Limit(1_000, 60))
FAULTS = sorted((fault for fault in Fault if not fault.name.startswith("ROW")), key=lambda fault: fault.name)
ONE_IN = 10
WORKERS = 60
TIMEOUT = 2.0
STATUSES = list(Status)


def entry(number: int) -> Any:
    """Return what befalls a request."""
    chance = random.Random(number)
    fault = chance.choice(FAULTS) if not chance.randrange(ONE_IN) else None
    return (fault, chance.random()) if fault in (Fault.SLOW, Fault.STATUS_429, Fault.STATUS_503) else fault


async def serve() -> None:
    """Serve until there is a line on standard input, then tell everything."""
    sandbox = Sandbox(dict.fromkeys(KEYS, 10_000_000), LIMITS, (0.0, 0.08), 80, entry)
    async with sandbox.serve() as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        numbers = [text.phone for text in sandbox.texts]
        told = {"requests": sandbox.requests, "refused": sandbox.refused, "twice": len(sandbox.duplicates())}
        print(json.dumps({**told, "phones": numbers}), flush=True)


class Soak:
    """The workers, and what they were told.

    Mutable state: the numbers given out, the outcomes told by number, and counts of what was done.
    """

    def __init__(self, url: str, stores: dict[str, Any], seconds: float, seed: int) -> None:
        self.url = url
        self.stores = stores
        self.chance = random.Random(seed)
        self.until = time.monotonic() + seconds
        self.told = bytearray()  # by number, one byte each, as the soak itself must not look like a leak
        self.done: Counter[str] = Counter()
        self._numbers = itertools.count()

    def phones(self, count: int) -> Iterator[str]:
        """Give out numbers that nobody else gets."""
        for _ in range(count):
            self.told.append(0)
            yield f"+1212{next(self._numbers):07}"

    def client(self) -> AsyncClient:
        """Make a client of a random key."""
        key = self.chance.choice(KEYS)
        return AsyncClient(
            api_key=key,
            url=self.url,
            limits=LIMITS,
            quota=self.stores[key],
            pace=self.chance.choice((None, ..., Limit(5, 0.1))),
            batch_size=self.chance.choice((1, 7, 50, 100)),
            max_concurrency=self.chance.choice((1, 4, 8)),
            timeout=TIMEOUT,
        )

    def hear(self, outcome: Outcome) -> None:
        """Note an outcome; a second one for the same text is an error."""
        number = int(outcome.phone[5:])
        assert not self.told[number], "two outcomes for one text"
        self.told[number] = 1 + STATUSES.index(outcome.status)
        self.done[outcome.status] += 1

    async def work(self) -> None:
        """Do one thing after the other with a client, and now and then with another one."""
        while time.monotonic() < self.until:
            async with self.client() as client:
                for _ in range(self.chance.randrange(1, 20)):
                    if time.monotonic() < self.until:
                        await self._one(client)

    async def _one(self, client: AsyncClient) -> None:
        way: Callable[[AsyncClient, dict[str, Any]], Coroutine[Any, Any, None]]
        way = self.chance.choice((self._send, self._send, self._send_many, self._stream, self._leave))
        how: dict[str, Any] = {"priority": self.chance.choice(list(Priority))}
        how["max_wait"] = self.chance.choice((None, 0.0, 0.5, 5.0, 30.0))
        task = asyncio.create_task(way(client, how))
        if self.chance.randrange(4) == 0:
            await asyncio.wait([task], timeout=self.chance.choice((0.0, 0.01, 0.1, 1.0)))
            self.done["cancelled"] += task.cancel()
        elif self.chance.randrange(60) == 0:
            await asyncio.sleep(self.chance.random())
            await client.aclose()
            self.done["closed"] += 1
        with contextlib.suppress(asyncio.CancelledError, CustomerSMSError):
            await task

    async def _send(self, client: AsyncClient, how: dict[str, Any]) -> None:
        (phone,) = self.phones(1)
        try:
            self.hear(await client.send(phone, "Hello", **how))
        except SendError as error:
            self.done[type(error).__name__] += 1

    async def _send_many(self, client: AsyncClient, how: dict[str, Any]) -> None:
        numbers = list(self.phones(self.chance.randrange(1, 200)))
        try:
            report = await client.send_many(numbers, self.chance.choice(("Hello", "Goodbye")), **how)
        except SendError as error:
            assert error.report is not None
            report = error.report
        assert [o.phone for o in report.outcomes] == numbers
        for outcome in report.outcomes:
            self.hear(outcome)

    async def _stream(self, client: AsyncClient, how: dict[str, Any]) -> None:
        try:
            async for outcome in client.stream(self._slowly(self.chance.randrange(1, 300)), "Hello", **how):
                self.hear(outcome)
        except SendError as error:
            self._hear_of_a_guard(error)

    def _hear_of_a_guard(self, error: SendError) -> None:
        """Take an error at the end of a stream for a guard that was reached; any other is one too many."""
        if error.code != Code.STOPPED:
            raise error
        self.done["stopped by a guard"] += 1

    async def _slowly(self, count: int) -> AsyncIterator[str]:
        for number in self.phones(count):
            yield number
            if self.chance.randrange(40) == 0:
                await asyncio.sleep(self.chance.random() / 5)

    async def _leave(self, client: AsyncClient, how: dict[str, Any]) -> None:
        """Begin a stream and leave it: by ``break``, an error, ``aclose``, or its context."""
        left, stream = self.chance.randrange(100), client.stream(self.phones(150), "Hello", **how)
        manner = self.chance.randrange(3)
        try:
            async with stream if manner == 0 else contextlib.nullcontext():
                async for outcome in stream:
                    self.hear(outcome)
                    left -= 1
                    if left <= 0 and manner == 1:
                        raise LookupError
                    if left <= 0:
                        break
        except LookupError:
            pass
        except SendError as error:
            self._hear_of_a_guard(error)
        await stream.aclose()
        self.done["left"] += 1

    def check(self, seen: dict[str, Any]) -> list[str]:
        """Return what is wrong, by the gateway's own list."""
        came = {int(phone[5:]) for phone in seen["phones"]}
        wrong = [
            f"{number} was told to be {STATUSES[told - 1]} and did {'' if number in came else 'not '}come"
            for number, told in enumerate(self.told)
            if told and STATUSES[told - 1] is not Status.UNKNOWN
            if (STATUSES[told - 1] is Status.ACCEPTED) is not (number in came)
        ]
        if seen["twice"] or len(came) != len(seen["phones"]):
            wrong.append(f"{seen['twice']} texts came twice")
        if seen["refused"]:
            wrong.append(f"the limits refused {seen['refused']} requests")
        return wrong


@contextlib.asynccontextmanager
async def stores(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """Open a store for each key: memory, a Redis server and a file, where there are such things."""
    found: dict[str, Any] = dict.fromkeys(KEYS, MemoryQuota())
    async with contextlib.AsyncExitStack() as opened:
        if server := shutil.which("redis-server") or shutil.which("valkey-server"):
            command = [server, "--port", "0", "--unixsocket", str(folder / "redis"), "--dir", str(folder), "--save", ""]
            redis = subprocess.Popen([*command, "--appendonly", "yes"], stdout=subprocess.DEVNULL)  # noqa: ASYNC220, S603
            opened.callback(redis.wait)
            opened.callback(redis.terminate)
            while not (folder / "redis").exists():  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.05)
            shared = customersms_async.RedisQuota(f"unix://{folder / 'redis'}")
            found[KEYS[1]] = await opened.enter_async_context(shared)
        if file := getattr(customersms_async, "SQLiteQuota", None):
            found[KEYS[2]] = await opened.enter_async_context(file(folder / "quota.db"))
        yield found


async def soak(url: str, seconds: float, seed: int) -> Soak:
    """Let all workers work, and show how they do."""
    before = leftovers()
    with tempfile.TemporaryDirectory() as folder:
        async with stores(Path(folder)) as opened:
            working = Soak(url, opened, seconds, seed)
            ticker = Ticker()
            tasks = [asyncio.create_task(working.work()) for _ in range(WORKERS)]
            began, waiting = time.monotonic(), set(tasks)
            while waiting:
                ended, waiting = await asyncio.wait(waiting, timeout=30, return_when=asyncio.FIRST_EXCEPTION)
                print(f"{time.monotonic() - began:5.0f} s  {megabytes()} MB  {dict(working.done)}", flush=True)
                for task in ended:
                    if not task.cancelled():
                        task.result()
                if time.monotonic() > working.until + 20:  # who still waits for quota has waited long enough
                    for task in waiting:
                        task.cancel()
            print(await ticker.stop())
    await asyncio.sleep(0.1)
    tasks_left, sockets_left = (now - then for now, then in zip(leftovers(), before, strict=True))
    print(f"tasks left: {tasks_left}, sockets left: {sockets_left}")
    return working


def main() -> int:
    """Soak, and compare."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--seconds", type=float, default=900)
    asks.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asks.add_argument("--serve", action="store_true", help="be the gateway")
    asked = asks.parse_args()
    if asked.serve:
        asyncio.run(serve())
        return 0
    logging.disable(logging.CRITICAL)
    print(f"{asked.seconds:.0f} s with seed {asked.seed}")
    command = [sys.executable, "-m", "tools.torture.sends", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as gateway:  # noqa: S603
        assert gateway.stdout is not None
        try:
            working = asyncio.run(soak(gateway.stdout.readline().strip(), asked.seconds, asked.seed))
            seen = json.loads(gateway.communicate("\n")[0])
        finally:
            gateway.terminate()
    wrong = working.check(seen)
    told = len(working.told) - working.told.count(0)
    print(f"{seen['requests']:,} requests; {len(seen['phones']):,} texts came; {told:,} outcomes told")
    print("\n".join(wrong[:20]) or "nothing is wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
