"""Every way of leaving a stream, at every step, whatever keeps it alive: each outcome is given or logged, once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest

from customersms_async import Campaign, ConfigurationError, OutcomeStream
from support import cancel_steps
from support.bare_engine import BareEngine
from support.event_loops import is_plain
from support.real_time import PATIENCE
from support.watched_client import DELAY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from support.watched_client import MakeWorld, World


PHONES: Final = [f"+1212555{i:04}" for i in range(14)]
BATCH: Final = 2
EVERY: Final = 5
"""Steps from one leaving to the next; the first of them is another for each way and keeper."""

WAYS: Final = [
    *("break", "return", "error", "cancelled", "cancelled, and it goes on", "time-out"),
    *("stream closed", "client closed", "client's closing cancelled", "two, one cancelled"),
]
KEEPERS: Final = ["nothing", "variable", "task", "generator", "callback"]


class Leaving:
    """One stream and its consumer, who leaves it ``way`` at the moment that ``now`` is called."""

    def __init__(self, world: World, way: str, keeper: str) -> None:
        self.world = world
        self.way = way
        self.keeper = keeper
        self.left = False
        self.cancelled = False
        self.most = len(PHONES)
        self.kept: list[object] = []
        self.others: list[asyncio.Task[Any]] = []
        self.task: asyncio.Task[None] | None = None
        self.asking: asyncio.Task[Any] | None = None

    def open(self) -> OutcomeStream:
        return self.world.client.stream(PHONES, self.world.message, batch_size=BATCH)

    async def run(self) -> None:
        self.task = asyncio.create_task(self.consume())
        with contextlib.suppress(KeyError, asyncio.CancelledError, ConfigurationError):
            await self.task
        if self.keeper == "task":
            self.kept.append(self.task)
        self.task = None
        while self.others:
            await asyncio.gather(self.others.pop(), return_exceptions=True)

    async def consume(self) -> None:
        if self.way == "time-out":
            await self.time_out()
        elif self.way == "two, one cancelled":
            stream = self.open()
            self.others.append(asyncio.create_task(self.loop(stream)))
            await self.loop(stream)
        elif self.keeper in ("variable", "callback", "task"):
            stream = self.open()
            if self.keeper == "variable":
                self.kept.append(stream)
            if self.keeper == "callback":
                asyncio.get_running_loop().call_later(PATIENCE, id, stream)
            await self.loop(stream)
        elif self.keeper == "generator":
            wrapped = self.wrapped()
            self.kept.append(wrapped)
            await self.loop(wrapped)
        else:
            await self.loop(self.open())

    async def wrapped(self) -> AsyncGenerator[Any]:
        async for outcome in self.open():
            yield outcome

    async def loop(self, outcomes: AsyncIterator[Any]) -> None:
        try:
            async for outcome in outcomes:
                self.world.told.append(outcome.message_id or outcome.code)
                if self.left and self.way in ("break", "return"):
                    return
                if self.left and self.way == "error":
                    raise KeyError
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            if self.way != "cancelled, and it goes on":
                raise
            await self.loop(outcomes)

    async def time_out(self) -> None:
        """Ask in tasks of their own, as ``wait_for`` does in Python 3.11; leave when one of them is cancelled."""
        stream = self.open()
        self.kept.append(stream)
        while not self.left:
            self.asking = None
            asking = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)  # cancelled before it begins, it has asked for nothing
            self.asking = asking
            await asyncio.wait([asking])
            if asking.cancelled() or isinstance(asking.exception(), StopAsyncIteration):
                return
            self.world.told.append(asking.result().message_id)

    def now(self) -> None:
        """Leave; called between two steps of the loop."""
        self.left = True
        client, act = self.world.client, self.task
        if self.way.startswith("cancelled") or self.way == "two, one cancelled":
            self.cancelled = act is not None and act.cancel()  # an eager task may run before it has a name
        elif self.way == "time-out" and self.asking is not None:
            self.cancelled = self.asking.cancel()
        elif self.way == "stream closed":
            self.others += [asyncio.create_task(one.aclose()) for one in self.kept if isinstance(one, OutcomeStream)]
        elif self.way == "client closed":
            self.others.append(asyncio.create_task(client.aclose()))
        elif self.way == "client's closing cancelled":
            self.others.append(asyncio.create_task(closed_impatiently(self.world)))
        if self.way == "client closed" or (self.cancelled and self.way in ("cancelled", "time-out")):
            self.most = self.world.requests + len(client._session.parts.transport.in_flight)


async def closed_impatiently(world: World) -> None:
    closing = asyncio.create_task(world.client.aclose())
    for _ in range(3):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])


async def nothing_is_in_flight(world: World) -> None:
    """Wait for the requests; the tasks of a stream that was not left may go on waiting for its consumer."""
    quiet = 0
    async with asyncio.timeout(PATIENCE):
        while quiet < 30:  # turns of the loop
            quiet += 1
            if world.client._session.parts.transport.in_flight:
                quiet = 0
                others = asyncio.all_tasks() - {asyncio.current_task()}
                await asyncio.wait(others, timeout=DELAY, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)


def accounted_for(world: World, way: str) -> None:
    known = [told for told in [*world.told, *world.logged] if told is not None]
    accepted = [told for told in known if told.startswith("msg_")]
    assert len(set(accepted)) == len(accepted), "each once"
    lost = known.count("NO_ANSWER") if way == "client's closing cancelled" else 0
    texts = world.texts  # as they are now: the gateway may still be reading what was aborted
    assert set(accepted) <= set(texts)
    assert len(texts) <= len(accepted) + lost, "each one told or logged"
    assert len(set(texts)) == len(texts), "never twice"


def engine(way: str, keeper: str) -> BareEngine | None:
    """What requests go out over: httpx in asyncio's own loops, and in each other kind for one keeper of every way.

    There the queue, not the engine, is what the loop may change: all engines are tried in all loops where they are
    cancelled.
    """
    over_httpx = is_plain(asyncio.get_running_loop()) or KEEPERS[WAYS.index(way) % len(KEEPERS)] == keeper
    return None if over_httpx else BareEngine()


@pytest.mark.parametrize("keeper", KEEPERS)
@pytest.mark.parametrize("way", WAYS)
async def test_whatever_way_a_stream_is_left_each_outcome_is_given_or_logged(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture, way: str, keeper: str
) -> None:
    first = 1 + (WAYS.index(way) + KEEPERS.index(keeper)) % EVERY
    for at in itertools.count(first, EVERY):
        world = make_world(bool(at % 2), engine(way, keeper))
        leaving = Leaving(world, way, keeper)
        with cancel_steps.Steps(at, late=bool(at % 3 == 0)) as counted:
            counted.act = leaving.now
            await asyncio.create_task(leaving.run())
            gc.collect(0)
            await nothing_is_in_flight(world)
        requests = world.requests
        assert requests <= leaving.most, "nothing new after the leaving"
        if leaving.cancelled and way in ("cancelled", "time-out"):
            accounted_for(world, way)  # though the client is open
        if way == "cancelled, and it goes on" and world.told and not world.logged:
            assert len(world.told) == len(PHONES)
        await world.client.aclose()
        await world.at_rest()
        assert world.requests == requests or way == "client's closing cancelled"
        accounted_for(world, way)
        assert sum(record.levelname == "WARNING" for record in caplog.records) <= 4
        leaving.kept.clear()
        if not counted.acted:
            break
    assert at > EVERY


async def test_whoever_asks_in_time_after_a_time_out_goes_on_and_whoever_comes_later_is_told_so(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    stream = world.client.stream(PHONES, world.message, batch_size=BATCH)
    world.told.append((await anext(stream)).message_id)
    for turns in range(4):
        asking = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        if not asking.cancelled():
            world.told.append(asking.result().message_id)
        for _ in range(turns):
            await asyncio.sleep(0)
        world.told.append((await anext(stream)).message_id)
    assert not world.logged
    while not asking.cancelled():  # one that has to wait
        asking = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        if not asking.cancelled():
            world.told.append(asking.result().message_id)
    await world.at_rest()
    requests = world.requests
    world.everyone_is_accounted_for()
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="this stream was left"):
            await anext(stream)
    assert world.requests == requests < len(PHONES) / BATCH
    await stream.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await world.client.aclose()


@pytest.mark.parametrize("way", ["break", "error", "cancelled"])
async def test_a_campaigns_outcomes_are_given_or_logged_and_leaving_it_stops_new_requests(
    make_world: MakeWorld, tmp_path: Path, way: str
) -> None:
    for at in itertools.count(2, 7):
        world = make_world()
        path = tmp_path / f"{at}.ledger"
        kept: list[Any] = []

        async def consume(world: World, path: Path, counted: cancel_steps.Steps, kept: list[Any]) -> None:
            async with Campaign.open(path) as campaign:
                await campaign.add(PHONES, world.message)
                kept.append(campaign.run(world.client.with_options(batch_size=BATCH)))
                async for outcome in kept[0]:
                    world.told.append(outcome.message_id)
                    if way == "break" and counted.acted:
                        break
                    if way == "error" and counted.acted:
                        raise KeyError

        with cancel_steps.Steps(at, late=False) as counted:
            task = asyncio.create_task(consume(world, path, counted, kept))
            counted.act = task.cancel if way == "cancelled" else bool
            await asyncio.gather(task, return_exceptions=True)
            await world.at_rest()
        requests = world.requests
        world.everyone_is_accounted_for()
        await world.client.aclose()
        await world.at_rest()
        assert world.requests == requests
        if not counted.acted:
            break
    assert at > 7
