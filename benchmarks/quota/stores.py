"""A grant through the shared stores: ``python -m benchmarks.quota.stores redis URL COUNT``, or another.

The others are ``postgres URL`` and ``sqlite FOLDER``.

Wall time on the real clock, as the work is done elsewhere: by a real ``redis-server`` on the loopback, or on the disk.
Each rival has its turn in every pass of one loop, so a busy moment of the machine hits them all. Prints one JSON object
of the medians, in microseconds, and for Redis how many reads the server counted for each call.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customersms_async import DOCUMENTED_LIMITS
from customersms_async._core.layers import Layer, layers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

HOLD_US = 35_000_000
LAYERS = tuple(Layer(1_000 * each.requests, each.window_us) for each in layers(DOCUMENTED_LIMITS))
"""The documented windows, with room for every request of a run."""


class Stopwatch:
    """Times of calls, by name. Mutable state: those."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = defaultdict(list)

    async def time(self, name: str, call: Awaitable[Any]) -> Any:
        """Await ``call``, and note how long it took."""
        began = time.perf_counter()
        answer = await call
        self._times[name].append((time.perf_counter() - began) * 1e6)
        return answer

    def medians(self) -> dict[str, float]:
        """Microseconds, by name."""
        return {name: statistics.median(times) for name, times in self._times.items()}


async def through_redis(url: str, count: int) -> dict[str, float]:
    """Ours, the same script called by the bare client, and a PING."""
    from redis.asyncio import Redis

    from customersms_async.quota._redis.script import NAMES, SCRIPT
    from customersms_async.quota.redis import RedisQuota

    watch = Stopwatch()
    async with Redis.from_url(url) as bare, RedisQuota(url) as store:
        sha = await bare.script_load(SCRIPT.source)
        keys = [f"bare{{key}}:{name}" for name in NAMES]
        flat = [number for layer in LAYERS for number in layer]
        await store.settle("key", await granted(store))  # connected, and warned once about a server without a disk
        before = (await bare.info("stats"))["total_reads_processed"]
        for number in range(count):
            await watch.time("PING", bare.ping())
            take: Any = bare.evalsha(sha, len(keys), *keys, "take", "", number, HOLD_US, 0, *flat)
            await watch.time("the bare client's EVALSHA of it", take)
            request = await watch.time("Redis: take", granted(store))
            settle: Any = bare.evalsha(sha, len(keys), *keys, "settle", "", number)
            await watch.time("the bare client's EVALSHA of that", settle)
            await watch.time("Redis: settle", store.settle("key", request))
        after = (await bare.info("stats"))["total_reads_processed"]
    return watch.medians() | {"round trips": (after - before - 3 * count - 1) / (2 * count)}


async def through_postgres(url: str, count: int) -> dict[str, float]:
    """Ours, a bare statement by a worker thread, and a bare transaction of one row, synced; and how many a second."""
    import psycopg

    from customersms_async.quota.postgres import PostgresQuota

    watch = Stopwatch()
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as bare:
        bare.execute("CREATE TABLE IF NOT EXISTS bare (a integer)")
        async with PostgresQuota(url) as store:
            await store.settle("key", await granted(store))
            for _ in range(count):
                await watch.time("a bare statement", asyncio.to_thread(bare.execute, "SELECT 1"))
                insert = "INSERT INTO bare VALUES (1)"
                await watch.time("a bare transaction, synced", asyncio.to_thread(bare.execute, insert))
                request = await watch.time("PostgreSQL: take", granted(store))
                await watch.time("PostgreSQL: settle", store.settle("key", request))
            began = time.perf_counter()
            await asyncio.gather(*(granted(store) for _ in range(count)))
            per_second = count / (time.perf_counter() - began)
    return watch.medians() | {"takes a second, many at once": per_second}


async def granted(store: Any) -> int:
    """The number of a request that has its tokens."""
    taken = await store.take("key", LAYERS, HOLD_US)
    assert isinstance(taken, int)
    return taken


async def through_sqlite(folder: str, count: int) -> dict[str, float]:
    """Ours, and a bare transaction of one row by a worker thread; synced as a grant has to be, and as a settling."""
    from customersms_async.quota.sqlite import SQLiteQuota

    watch, path = Stopwatch(), Path(folder)

    def bare(synchronous: str) -> sqlite3.Connection:
        db = sqlite3.connect(path / f"{synchronous}.sqlite", isolation_level=None, check_same_thread=False)
        db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; CREATE TABLE t (a)")
        return db

    def insert(db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO t VALUES (1)")
        db.execute("COMMIT")

    full, normal = bare("FULL"), bare("NORMAL")
    async with SQLiteQuota(path / "quota.sqlite") as store:
        await store.settle("key", await granted(store))
        for _ in range(count):
            await watch.time("a bare transaction, synced", asyncio.to_thread(insert, full))
            request = await watch.time("SQLite: take", granted(store))
            await watch.time("a bare transaction, not synced", asyncio.to_thread(insert, normal))
            await watch.time("SQLite: settle", store.settle("key", request))
    full.close()
    normal.close()
    return watch.medians()


@contextmanager
def redis_server() -> Iterator[str | None]:
    """A server of our own on a free port of the loopback, which keeps nothing; its URL, or None if there is none."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        with subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
            assert server.stdout is not None
            try:
                for line in server.stdout:
                    if "Ready to accept connections" in line:
                        break
                yield f"redis://127.0.0.1:{port}"
            finally:
                server.terminate()


def main(store: str, place: str, count: int) -> dict[str, float]:
    calls = {"redis": through_redis, "sqlite": through_sqlite, "postgres": through_postgres}
    return asyncio.run(calls[store](place, count))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
