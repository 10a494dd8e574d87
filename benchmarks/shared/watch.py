"""What a process is watched by: how long its event loop was blocked, its memory, and what it leaves over."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import time
from pathlib import Path

TICK = 0.005
"""Seconds between two looks at the event loop."""


class Ticker:
    """A task that wants to run every few milliseconds, and notes for how long it could not, and why."""

    def __init__(self) -> None:
        self._longest = {"blocked_wall_ms": 0.0, "blocked_cpu_ms": 0.0, "of_our_own_ms": 0.0, "collector_ms": 0.0}
        self._collecting = self._collected = 0.0
        gc.callbacks.append(self._collects)
        self._task = asyncio.create_task(self._tick())

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        now = time.thread_time()
        if phase == "start":
            self._collecting = now
        else:
            self._collected += now - self._collecting
            self._note("collector_ms", now - self._collecting)

    def _note(self, name: str, seconds: float) -> None:
        self._longest[name] = max(self._longest[name], round(seconds * 1e3, 1))

    async def _tick(self) -> None:
        while True:
            wall, cpu, self._collected = time.perf_counter(), time.thread_time(), 0.0
            await asyncio.sleep(TICK)
            cpu = time.thread_time() - cpu
            self._note("blocked_wall_ms", time.perf_counter() - wall - TICK)
            self._note("blocked_cpu_ms", cpu)
            self._note("of_our_own_ms", cpu - self._collected)

    async def stop(self) -> dict[str, float]:
        """Return the longest of each in milliseconds; ``of_our_own_ms`` is CPU time less the garbage collector's."""
        gc.callbacks.remove(self._collects)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        return self._longest


def megabytes() -> float:
    """Return this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGESIZE") / 2**20, 1)


def leftovers() -> tuple[int, int]:
    """Return how many tasks and open files there are now."""
    return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - its names, not its paths
