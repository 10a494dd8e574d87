"""The engines that requests go out over, and the rows of the fault matrix that end otherwise over one of them."""

from __future__ import annotations

import asyncio
import contextlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from support.fault_matrix import Row, lost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from customersms_async.fast import FastClient

_needs_aiohttp = pytest.mark.skipif(find_spec("aiohttp") is None, reason="the extra fast (aiohttp) is not installed")

DESCRIPTORS: Final = Path("/proc/self/fd")
ENGINES: Final = ["httpx", pytest.param("fast", marks=_needs_aiohttp)]

OVER_AIOHTTP: Final = [
    # It cuts the connection, so the end of the answer may be lost. Over httpx: accepted.
    lost("bytes beyond its length", name="bytes beyond its length"),
]
"""Only ever unknown in place of what is known over httpx; all other rows are the same."""


def differing(row: Row, engine: str) -> Row:
    """The row as it ends over this engine."""
    changes = {} if engine == "httpx" else {other.name: other for other in OVER_AIOHTTP}
    return changes[row.name]._replace(what=row.what) if row.name in changes else row


@contextlib.asynccontextmanager
async def engine_of(name: str) -> AsyncIterator[FastClient | None]:
    """What to give as ``http_client``; ``None`` for the client's own, which is httpx as it comes."""
    if name == "httpx":
        yield None
        return
    from customersms_async.fast import FastClient

    async with FastClient() as client:
        yield client


@contextlib.asynccontextmanager
async def nothing_left_over() -> AsyncIterator[None]:
    """In the end there are no more tasks and no more sockets than at the beginning."""
    tasks, sockets = asyncio.all_tasks(), _sockets()
    yield
    for _ in range(2_000):
        if _sockets() <= sockets and not _others(tasks):
            return
        await asyncio.sleep(0.005)
    assert not _others(tasks)
    assert _sockets() <= sockets


def _others(tasks: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """All tasks but these and the current one: a fixture ends in another than it began in."""
    return {task for task in asyncio.all_tasks() if task not in tasks and task is not asyncio.current_task()}


def _sockets() -> int:
    """How many sockets this process has open; none where there is no /proc to count them in."""
    if not DESCRIPTORS.exists():
        return 0
    names = []
    for path in DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError):  # the one that lists them
            names.append(str(path.readlink()))
    return sum(name.startswith("socket:") for name in names)
