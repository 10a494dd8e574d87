"""Real processes that share a store, one of them killed, against a judge with a clock and windows of its own.

Nothing here asserts how long anything takes: only that no window is ever over, that everything is sent in the end, and
that nobody asks the store while nothing changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import sys
import time
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from redis.asyncio import Redis

from customersms_async._core.layers import Layer
from customersms_async._core.secret import Secret
from customersms_async.quota import PostgresQuota, RedisQuota
from customersms_async.quota.sqlite import SQLiteQuota
from support.places import SUPPORT
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from customersms_async.quota import QuotaStore

WORKER = SUPPORT / "quota_process.py"
TIME_OUT = 20.0
"""Seconds of an attempt of those whose every text must come through, on a machine that stands still for a while."""


class Judge:
    """A gateway that lets everything through, answers after 0 to 300 ms, and remembers what arrived and when."""

    def __init__(self, dice: random.Random) -> None:
        self.arrivals: list[tuple[float, str]] = []
        self.url = ""
        self._dice = dice
        self._arrived = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[Judge]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        try:
            yield self
        finally:
            server.close()

    async def until(self, name: str, count: int) -> None:
        """Wait until so many requests of ``name`` have arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.counts[name] >= count)

    @property
    def counts(self) -> Counter[str]:
        return Counter(name for _, name in self.arrivals)

    def most_in_a_rolling_window(self, seconds: float) -> int:
        times = [at for at, _ in self.arrivals]
        return max(bisect_left(times, at + seconds) - number for number, at in enumerate(times))

    def most_in_a_fixed_window(self, seconds: float) -> int:
        phases = [seconds * tenth / 10 for tenth in range(10)]
        return max(max(Counter((at + phase) // seconds for at, _ in self.arrivals).values()) for phase in phases)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        self.arrivals.append((time.monotonic(), asked["message"]))
        async with self._arrived:
            self._arrived.notify_all()
        await asyncio.sleep(self._dice.uniform(0, 0.3))
        rows = [{"phone": phone, "success": True, "message_id": "m"} for phone in asked["phone"]]
        body = json.dumps({"success": True, "results": rows}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()


class Fleet:
    """The processes of one test. What ``job`` says is common to all of them."""

    def __init__(self, **job: Any) -> None:
        self._job = job
        self._all: list[asyncio.subprocess.Process] = []

    async def start(self, **job: Any) -> asyncio.subprocess.Process:
        """A process that is ready to send, and does when it is told to ``go``."""
        pipe = asyncio.subprocess.PIPE
        arguments = [sys.executable, str(WORKER), json.dumps(self._job | job)]
        process = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe)
        self._all.append(process)
        assert await heard(process) == "ready"
        return process

    async def __aenter__(self) -> Fleet:
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._all:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


async def heard(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def go(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Where the tokens are kept; each test has a key of its own."""
    kind: str = request.param
    if kind == "sqlite":
        where = str(tmp_path / "quota")
    elif kind == "redis":
        where = request.getfixturevalue("shared_redis").url
    else:
        where = request.getfixturevalue("shared_postgres").url()
    return {"store": kind, "place": where, "key": f"cspro_{secrets.token_hex(8)}"}


def opened(place: dict[str, str]) -> RedisQuota | SQLiteQuota | PostgresQuota:
    if place["store"] == "postgres":
        return PostgresQuota(place["place"], timeout=PATIENCE)
    return RedisQuota(place["place"], timeout=PATIENCE) if place["store"] == "redis" else SQLiteQuota(place["place"])


async def until_all_is_back(store: QuotaStore, key_id: str, layers: tuple[Layer, ...]) -> None:
    while any(usage.used for usage in (await store.usage(key_id, layers))[0]):  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(0.1)


async def test_four_processes_one_of_them_killed_exceed_no_limit_and_send_everything(place: dict[str, str]) -> None:
    seed = secrets.randbits(32)
    dice, limits, each = random.Random(seed), [(20, 1), (30, 2)], 28
    names = ["one", "two", "three", "killed"]
    async with (
        asyncio.timeout(PATIENCE),
        Judge(dice).serve() as judge,
        Fleet(**place, url=judge.url, limits=limits, reserve=0, priority="NORMAL", count=each) as fleet,
    ):
        timeouts = [TIME_OUT, TIME_OUT, TIME_OUT, 1.5]  # what the killed one had in flight is soon back
        starting = [fleet.start(name=name, timeout=seconds) for name, seconds in zip(names, timeouts, strict=True)]
        processes = await asyncio.gather(*starting)
        for process in processes:
            go(process)
        *others, killed = processes
        await judge.until("killed", dice.randint(3, 9))
        killed.kill()
        accepted = await asyncio.gather(*(heard(process) for process in others))
        async with opened(place) as store:
            await until_all_is_back(
                store, Secret(place["key"]).key_id, tuple(Layer(n, seconds * 1_000_000) for n, seconds in limits)
            )
    assert accepted == [str(each)] * 3, seed
    assert [judge.counts[name] for name in names[:3]] == [each] * 3, "nothing was sent twice"
    assert judge.counts["killed"] < each
    for requests, seconds in limits:
        assert judge.most_in_a_rolling_window(seconds) <= requests, seed
        assert judge.most_in_a_fixed_window(seconds) <= requests, seed


async def test_bulk_leaves_its_reserve_to_other_processes_and_nobody_polls(place: dict[str, str]) -> None:
    """The window is an hour, so who must wait for one would never be heard of; all tokens are used at the end."""
    async with (
        asyncio.timeout(PATIENCE),
        Judge(random.Random(1)).serve() as judge,
        Fleet(**place, url=judge.url, limits=[(20, 3_600)], reserve=0.25, timeout=TIME_OUT) as fleet,
    ):
        bulk, more_bulk, urgent, waiting = await asyncio.gather(
            fleet.start(name="bulk", priority="BULK", count=12),
            fleet.start(name="more bulk", priority="BULK", count=12),
            fleet.start(name="urgent", priority="URGENT", count=4),
            fleet.start(name="waiting", priority="NORMAL", count=3),
        )
        go(bulk)
        assert await heard(bulk) == "12"
        go(more_bulk)
        await judge.until("more bulk", 3)
        go(urgent)
        assert await heard(urgent) == "4", "two processes of bulk have left it five tokens"
        go(waiting)
        await judge.until("waiting", 1)
        await until_quiet(place)  # two wait, and two have nothing to do: nobody asks
        assert judge.counts == {"bulk": 12, "more bulk": 3, "urgent": 4, "waiting": 1}


async def until_quiet(place: dict[str, str]) -> None:
    """Nobody has asked for two seconds; who asks again and again, or is slow to ask, puts this off.

    A silence while an answer is on its way would prove nothing, but those take no more than 0.3 s.
    """
    before = None
    while before != (before := await calls(place)):  # noqa: ASYNC110 - it is silence that is waited for
        await asyncio.sleep(2.1)


async def calls(place: dict[str, str]) -> object:
    """Something that changes with every call to the store."""
    if place["store"] == "redis":
        async with Redis.from_url(place["place"]) as client:
            stats = await client.info("commandstats")
        return stats["cmdstat_evalsha"]["calls"], stats.get("cmdstat_eval", {}).get("calls")
    if place["store"] == "postgres":
        with psycopg.connect(place["place"]) as connection:
            statement = "SELECT now_us FROM customersms.quota_keys WHERE key_id = %s"
            return connection.execute(statement, [Secret(place["key"]).key_id]).fetchone()
    files = [Path(place["place"] + ending) for ending in ("", "-wal")]
    return [(path.stat().st_mtime_ns, path.stat().st_size) for path in files]
