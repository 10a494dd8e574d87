"""Tasks of the package's own under every kind of task factory that a program may have installed."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, Campaign, Limit, MemoryQuota, Status
from customersms_async._runtime.tasks import start
from customersms_async.campaign.states import State
from support.event_loops import eager_task_factory, file_of, is_anyios
from support.real_time import PATIENCE
from support.watched_client import Distant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

    MakeClient = Callable[..., AsyncClient]

PHONES = [f"+1212555{i:04}" for i in range(40)]


def lazy(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
    return asyncio.Task(coroutine, loop=loop, **options)


def is_ours(coroutine: Any) -> bool:
    return file_of(coroutine) == inspect.getfile(start)


def raising(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
    if is_ours(coroutine):
        raise ValueError("this factory is out of order")
    return lazy(loop, coroutine, **options)


def raising_late(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
    if is_anyios(coroutine):
        return lazy(loop, coroutine, **options)
    task = eager_task_factory(loop, coroutine, **options)
    if is_ours(coroutine):
        raise ValueError("this factory is out of order")
    return task


FACTORIES = [None, lazy, eager_task_factory, raising, raising_late]


def refuse_eager_start() -> bool:
    """Whether Python's eager factories do, as in 3.13.0; from 3.13 on, uvloop's loops give it to every factory."""
    if sys.version_info < (3, 13):
        return False
    try:
        inspect.signature(asyncio.eager_task_factory).bind(None, None, eager_start=None)
    except TypeError:
        return True
    return False


@pytest.fixture(params=FACTORIES, ids=["none", "lazy", "eager", "raising", "raising once it has begun"])
async def _factory(request: pytest.FixtureRequest) -> None:
    loop = asyncio.get_running_loop()
    eager = request.param in (eager_task_factory, raising_late)
    if eager and type(loop).__module__.startswith("uvloop") and refuse_eager_start():
        pytest.skip("this Python's eager factories can make no task in a loop of uvloop's")
    loop.set_task_factory(request.param)


@pytest.mark.usefixtures("_factory")
async def test_a_task_runs_once_and_never_within_the_call_that_starts_it() -> None:
    runs: list[asyncio.Task[Any] | None] = []

    async def run(end: Exception | None) -> int:
        runs.append(asyncio.current_task())
        await asyncio.sleep(0)
        if end is not None:
            raise end
        return 7

    loop = asyncio.get_running_loop()
    good, bad = start(loop, run(None)), start(loop, run(KeyError()))
    assert runs == []
    assert await good == 7
    with pytest.raises(KeyError):
        await bad
    for _ in range(3):
        await asyncio.sleep(0)
    assert runs == [good, bad]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.usefixtures("_factory")
async def test_a_task_that_is_cancelled_at_once_runs_nothing_and_misses_nothing() -> None:
    runs: list[int] = []

    async def run() -> None:
        runs.append(1)

    task = start(asyncio.get_running_loop(), run())
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    del task
    gc.collect()  # a coroutine that was never awaited warns, which fails the test
    assert runs == []


@pytest.mark.usefixtures("_factory")
@pytest.mark.parametrize("distant", [False, True], ids=["store at hand", "distant store"])
async def test_everything_is_sent_whatever_the_task_factory_is(
    make_client: MakeClient, sandbox: Sandbox, distant: bool
) -> None:
    quota = MemoryQuota()
    client = make_client(quota=Distant(quota) if distant else quota, batch_size=2, pace=Limit(2_000, 1))
    async with asyncio.timeout(PATIENCE):
        for _ in range(3):  # each finds the dispatcher at its end
            assert (await client.send(PHONES[0], "Hello")).status is Status.ACCEPTED
        sent = await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES))
        report = await client.send_many(PHONES, "Hello again")
        outcomes = [outcome async for outcome in client.stream(PHONES, "And again")]
        await client.aclose()
    assert len(sent) == report.accepted == len(outcomes) == len(PHONES)
    assert len(sandbox.texts) == 3 + 3 * len(PHONES)


@pytest.mark.usefixtures("_factory")
async def test_a_campaign_is_left_and_goes_on_whatever_the_task_factory_is(
    make_client: MakeClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    client = make_client(batch_size=2)
    async with asyncio.timeout(PATIENCE), Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add(PHONES, "Hello")
        for _ in range(2):
            async for _ in campaign.run(client):
                break
        async for _ in campaign.run(client):
            pass
        assert (await campaign.counts())[State.ACCEPTED] == len(PHONES) == len(sandbox.texts)
