"""Cancelling at every step, over real sockets: tokens, connections and tasks are whole, every text is accounted for.

The gateway has no task, so that the steps of the loop are the client's.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import pytest

from customersms_async import (
    AsyncClient,
    ConfigurationError,
    CustomerSMSError,
    Outcome,
    OutcomeStream,
    OutcomeUnknownError,
    Status,
)
from support import cancel_steps
from support.engines import CALLERS_ENGINES, OWN_ENGINES, engine_of
from support.real_time import PATIENCE
from support.watched_client import DELAY, PHONES, MakeWorld, World, id_of

MANY = [f"+1212555{i:04}" for i in range(200)]


Way = Callable[[World], Coroutine[Any, Any, None]]


async def by_send(world: World) -> None:
    world.told.append((await world.client.send(PHONES[0], world.message)).message_id)


async def by_send_many(world: World) -> None:
    report = await world.client.send_many(PHONES, world.message, batch_size=2)
    world.told += [outcome.message_id for outcome in report.outcomes]


async def by_stream(world: World) -> None:
    async with world.client.stream(PHONES, world.message, batch_size=2) as stream:
        async for outcome in stream:
            world.told.append(outcome.message_id)


@pytest.mark.parametrize("distant", [False, True], ids=["store at hand", "distant store"])
@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it wakes"])
@pytest.mark.parametrize("way", [by_send, by_send_many, by_stream])
async def test_cancelled_at_every_step_it_leaves_all_whole(
    make_world: MakeWorld, way: Way, late: bool, distant: bool
) -> None:
    cancelled = 0
    for at in itertools.count():
        world = make_world(distant)
        with cancel_steps.Steps(at, late=late) as counted:
            victim = asyncio.create_task(way(world))
            counted.act = victim.cancel
            if at == 0:
                victim.cancel()
            await asyncio.wait([victim])
            await world.at_rest()
        assert victim.cancelled() or victim.exception() is None
        cancelled += victim.cancelled()
        assert await world.used() == world.requests or distant, "a grant that nobody heard of lapses"
        world.everyone_is_accounted_for()
        await world.is_whole()
        if at > 0 and not counted.acted:
            break
    assert cancelled > 8


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it wakes"])
@pytest.mark.parametrize("engine", [*OWN_ENGINES[1:], *CALLERS_ENGINES])
async def test_cancelled_at_every_step_over_any_engine_it_leaves_all_whole(
    make_world: MakeWorld, engine: str, late: bool
) -> None:
    cancelled = 0
    for at in itertools.count(1):
        async with engine_of(engine) as http_client:
            world = make_world(http_client=http_client)
            with cancel_steps.Steps(at, late=late) as counted:
                victim = asyncio.create_task(by_send(world))
                counted.act = victim.cancel
                await asyncio.wait([victim])
                await world.at_rest()
            assert victim.cancelled() or victim.exception() is None
            cancelled += victim.cancelled()
            assert await world.used() == world.requests
            world.everyone_is_accounted_for()
            await world.is_whole()
        if not counted.acted:
            break
    assert cancelled > 2, "eager tasks of the faster engine have no more steps"


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it wakes"])
@pytest.mark.parametrize("way", [by_send, by_send_many, by_stream])
async def test_a_scope_of_anyio_cancelled_at_every_step_leaves_all_whole(
    make_world: MakeWorld, way: Way, late: bool
) -> None:
    """Such a scope cancels its task at every turn of the loop anew, for as long as the task stays inside."""
    cancelled = 0

    async def scoped(world: World, scope: anyio.CancelScope) -> None:
        with scope:
            await way(world)

    for at in itertools.count(1):
        world = make_world()
        with cancel_steps.Steps(at, late=late) as counted:
            scope = anyio.CancelScope()
            counted.act = scope.cancel
            await asyncio.create_task(scoped(world, scope))
            await world.at_rest()
        cancelled += scope.cancelled_caught
        assert await world.used() == world.requests
        world.everyone_is_accounted_for()
        await world.is_whole()
        if not counted.acted:
            break
    assert cancelled > 8


@pytest.mark.parametrize("distant", [False, True], ids=["store at hand", "distant store"])
@pytest.mark.parametrize("later", [1, 2, 3])
@pytest.mark.parametrize("shared", [False, True], ids=["its own connections", "shared connections"])
async def test_a_closing_cancelled_at_every_step_of_a_request_leaves_all_whole(
    make_world: MakeWorld, shared: bool, later: int, distant: bool
) -> None:
    """``later``: turns of the loop between the beginning of the closing and its cancellation."""
    unknown = accepted = 0
    for at in itertools.count(1):
        world = make_world(distant)
        client = world.client.with_options() if shared else world.client
        closing: list[asyncio.Task[None]] = []
        with cancel_steps.Steps(at, late=False) as counted:
            counted.act = partial(begin, closing, client, later)
            senders = [asyncio.create_task(client.send(phone, world.message)) for phone in PHONES[:2]]
            results = await asyncio.gather(*senders, return_exceptions=True)
            await asyncio.gather(*closing)
            await world.at_rest()
        assert all(isinstance(result, Outcome | CustomerSMSError) for result in results), "told, and not cancelled"
        ids = {result.message_id for result in results if isinstance(result, Outcome)}
        lost = {id_of(result.phones[0]) for result in results if isinstance(result, OutcomeUnknownError)}
        assert ids <= set(world.texts) <= ids | lost
        unknown, accepted = unknown + len(lost), accepted + len(ids)
        if shared:
            await world.is_whole()
        else:
            assert world.client._session.terms.connections._taken == 0
            await client.aclose()
            await world.no_task_is_left()
        if not counted.acted:
            break
    assert accepted > 3
    assert unknown == 0 if shared else unknown > 3


@pytest.mark.parametrize("distant", [False, True], ids=["store at hand", "distant store"])
async def test_a_closing_cancelled_at_every_step_of_a_bulk_send_leaves_all_told(
    make_world: MakeWorld, distant: bool
) -> None:
    unknown = accepted = 0
    for at in itertools.count(1):
        world = make_world(distant)
        closing: list[asyncio.Task[None]] = []
        outcomes: list[Outcome] = []
        with cancel_steps.Steps(at, late=False) as counted:
            counted.act = partial(begin, closing, world.client, 1)
            (ended,) = await asyncio.gather(
                asyncio.create_task(collect(world.client.stream(PHONES, world.message, batch_size=2), outcomes)),
                return_exceptions=True,
            )
            await asyncio.gather(*closing)
            await world.at_rest()
        assert isinstance(ended, ConfigurationError | None), "told, and not cancelled"
        assert ended is not None or len(outcomes) == len(PHONES)
        ids = {outcome.message_id for outcome in outcomes if outcome.status is Status.ACCEPTED}
        lost = {id_of(outcome.phone) for outcome in outcomes if outcome.status is Status.UNKNOWN}
        assert ids <= set(world.texts) <= ids | lost
        unknown, accepted = unknown + len(lost), accepted + len(ids)
        assert world.client._session.terms.connections._taken == 0
        await world.client.aclose()
        await world.no_task_is_left()
        if not counted.acted:
            break
    assert accepted > len(PHONES)
    assert unknown > len(PHONES)


async def collect(stream: OutcomeStream, into: list[Outcome]) -> None:
    async for outcome in stream:
        into.append(outcome)


def begin(tasks: list[asyncio.Task[None]], client: AsyncClient, later: int) -> None:
    tasks.append(asyncio.create_task(close_and_cancel(client, later)))


async def close_and_cancel(client: AsyncClient, later: int) -> None:
    closing = asyncio.create_task(client.aclose())
    for _ in range(later):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])


@pytest.mark.parametrize("way", [by_send, by_send_many, by_stream])
@pytest.mark.parametrize("scope", [asyncio.timeout, anyio.move_on_after])
async def test_a_time_out_of_the_callers_own_leaves_all_whole(
    make_world: MakeWorld, scope: Callable[[float], Any], way: Way
) -> None:
    for delay in (0.0, 0.001, DELAY, 3 * DELAY):
        world = make_world()
        with contextlib.suppress(TimeoutError):
            manager = scope(delay)
            if hasattr(manager, "__aenter__"):
                async with manager:
                    await way(world)
            else:
                with manager:
                    await way(world)
        await world.at_rest()
        assert await world.used() == world.requests
        world.everyone_is_accounted_for()
        await world.is_whole()


@pytest.mark.parametrize("way", ["break", "exception", "aclose of another task", "cancelled"])
@pytest.mark.parametrize("inside", [False, True], ids=["a bare loop", "a context"])
async def test_however_a_stream_is_left_all_is_whole(make_world: MakeWorld, way: str, inside: bool) -> None:
    world = make_world()
    stream = world.client.stream(MANY, world.message, batch_size=2)

    async def loop() -> None:
        async for outcome in stream:
            world.told.append(outcome.message_id)
            if way == "break":
                break
            if way == "exception":
                raise KeyError
            if way == "aclose of another task":
                await asyncio.create_task(stream.aclose())

    async def context() -> None:
        async with stream:
            await loop()

    leaving = asyncio.create_task(context() if inside else loop())
    if way == "cancelled":
        async with asyncio.timeout(PATIENCE):
            while not world.told:  # noqa: ASYNC110 - whatever comes first
                await asyncio.sleep(0)
        leaving.cancel()
    await asyncio.wait([leaving])
    assert leaving.cancelled() or isinstance(leaving.exception(), KeyError | None)
    del leaving
    if not inside:
        await stream.aclose()
    await world.at_rest()
    assert 0 < len(world.texts) < len(MANY)
    assert await world.used() == world.requests
    world.everyone_is_accounted_for()
    await world.is_whole()


async def test_a_thousand_cancelled_at_random_under_load_leave_all_whole(make_world: MakeWorld) -> None:
    rng = random.Random(1)
    world = make_world()

    async def one(number: int) -> None:
        phone = f"+1213555{number:04}"
        try:
            async with asyncio.timeout({0: None, 1: 0.0}.get(number, rng.expovariate(1 / 0.3))):
                world.told.append((await world.client.send(phone, world.message)).message_id)
        except TimeoutError:
            pass

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(one(number) for number in range(1_000)))
        await world.at_rest()
    assert 0 < len([told for told in world.told if told]) < 1_000
    assert await world.used() == world.requests
    world.everyone_is_accounted_for()
    await world.is_whole()
