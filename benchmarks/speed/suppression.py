"""What a list of a million suppressed numbers costs: ``python -m benchmarks.speed.suppression [NUMBERS]``.

Prints a line of JSON for each store: seconds to add all, median microseconds of a look for 1, 100 and 1,000 numbers
(half of which are on the list), bytes a number (memory: what tracemalloc counts, the numbers' own texts included; file:
its size once it is closed), seconds to open the file again, to its first answer, and to read all entries.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

from customersms_async import MemorySuppression, SQLiteSuppression

LOOKS = 300


def phones(count: int) -> list[str]:
    """So many numbers, in no order."""
    found = [f"+1{2_000_000_000 + at * 37 % 7_000_000_000:010d}" for at in range(count)]
    random.Random(1).shuffle(found)
    return found


async def took(call: Any) -> float:
    """Seconds that a call took."""
    began = time.perf_counter()
    await call
    return time.perf_counter() - began


async def looks(store: Any, listed: list[str]) -> dict[str, int]:
    """Median microseconds of a look, by how many numbers it is about."""
    draw, found = random.Random(2), {}
    for size in (1, 100, 1_000):
        times = []
        for _ in range(LOOKS):
            strangers = [f"+49151{draw.randrange(10**8):08d}" for _ in range(size // 2)]
            times.append(await took(store.suppressed([*draw.sample(listed, size - size // 2), *strangers])))
        found[str(size)] = round(statistics.median(times) * 1e6)
    return found


async def in_memory(count: int) -> dict[str, Any]:
    tracemalloc.start()
    held = MemorySuppression()
    await held.add(phones(count), why="a list", by="a benchmark")
    size = tracemalloc.get_traced_memory()[0] / count
    tracemalloc.stop()
    store, listed = MemorySuppression(), phones(count)
    added = await took(store.add(listed, why="a list", by="a benchmark"))
    figures = {"add_s": added, "look_us": await looks(store, listed), "bytes": size}
    return figures | {"entries_s": await took(store.entries())}


async def in_a_file(count: int) -> dict[str, Any]:
    listed = phones(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suppressed.db"
        async with SQLiteSuppression(path) as store:
            added = await took(store.add(listed, why="a list", by="a benchmark"))
            figures = {"add_s": added, "look_us": await looks(store, listed), "entries_s": await took(store.entries())}
        figures["bytes"] = path.stat().st_size / count
        async with SQLiteSuppression(path) as store:
            return figures | {"open_s": await took(store.suppressed(listed[:1]))}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for store in (in_memory, in_a_file):
        figures = {
            name: round(each, 3) if isinstance(each, float) else each
            for name, each in asyncio.run(store(count)).items()
        }
        print(json.dumps({"store": store.__name__, "numbers": count} | figures))


if __name__ == "__main__":
    main()
