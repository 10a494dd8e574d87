"""The engines that requests go out over, and the rows of the fault matrix that end otherwise over one of them."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from support.fault_matrix import Row, lost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DESCRIPTORS: Final = "/proc/self/fd"


class TestedEngine(NamedTuple):
    """An engine, and the module that it needs; ``callers``: it is a client or transport of the caller's own library."""

    name: str
    module: str
    callers: bool = False


def _tested(engine: TestedEngine) -> Any:
    missing = find_spec(engine.module) is None
    return pytest.param(engine.name, marks=pytest.mark.skipif(missing, reason=f"{engine.module} is not installed"))


_ALL: Final = [
    TestedEngine("ours", "httpx"),
    TestedEngine("fast", "aiohttp"),
    TestedEngine("httpx client", "httpx", callers=True),
    TestedEngine("httpx2 client", "httpx2", callers=True),
    TestedEngine("httpx transport", "httpx", callers=True),
    TestedEngine("httpx2 transport", "httpx2", callers=True),
]
ENGINES: Final = [_tested(engine) for engine in _ALL]
"""All engines that are held to the same tests."""

OWN_ENGINES: Final = [_tested(engine) for engine in _ALL if not engine.callers]
"""The engines that come with the package: where a test takes long, whatever else a caller brings is held to a part."""

CALLERS_ENGINES: Final = [_tested(engine) for engine in _ALL if engine.callers]
"""The engines that a caller may bring."""

OVER_AIOHTTP: Final = [
    # It cuts the connection, so the end of the answer may be lost. Over httpx: accepted.
    lost("bytes beyond its length", name="bytes beyond its length"),
]
"""Only ever unknown in place of what is known over httpx; all other rows are the same."""


def differing(row: Row, engine: str) -> Row:
    """The row as it ends over this engine."""
    changes = {other.name: other for other in OVER_AIOHTTP} if engine == "fast" else {}
    return changes[row.name]._replace(what=row.what) if row.name in changes else row


@contextlib.asynccontextmanager
async def engine_of(name: str) -> AsyncIterator[Any]:
    """What to give as ``http_client``; ``None`` for the client's own, which is made of httpx."""
    if name == "ours":
        yield None
        return
    library, _, kind = name.partition(" ")
    if library == "fast":
        from customersms_async.fast import FastClient

        made: Any = FastClient()
    else:
        module = importlib.import_module(library)
        made = module.AsyncClient() if kind == "client" else module.AsyncHTTPTransport()
    async with made:
        yield made


@contextlib.asynccontextmanager
async def nothing_left_over() -> AsyncIterator[None]:
    """In the end there are no more tasks and no more sockets than at the beginning."""
    tasks, opened = asyncio.all_tasks(), sockets()
    yield
    for _ in range(2_000):
        if sockets() <= opened and not _others(tasks):
            return
        await asyncio.sleep(0.005)
    assert not _others(tasks)
    assert sockets() <= opened


def _others(tasks: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """All tasks but these and the current one: a fixture ends in another than it began in."""
    return {task for task in asyncio.all_tasks() if task not in tasks and task is not asyncio.current_task()}


def sockets() -> int:
    """How many sockets this process has open; none where there is no /proc to count them in."""
    try:
        descriptors = os.listdir(DESCRIPTORS)  # noqa: PTH208 - thousands of times, and twice as fast
    except FileNotFoundError:
        return 0
    names = []
    for each in descriptors:
        with contextlib.suppress(OSError):  # the one that lists them
            names.append(os.readlink(f"{DESCRIPTORS}/{each}"))  # noqa: PTH115
    return sum(name.startswith("socket:") for name in names)
