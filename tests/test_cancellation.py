"""Cancelling at every step, over real sockets: tokens, connections and tasks are whole, and every text is accounted for.

The gateway runs in a thread of its own, so that all steps of the loop are the client's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

import steps
from customersms_async import AsyncClient, Limit, MemoryQuota, OutcomeUnknownError, SendError, Status
from gateways import KEY, Connection, RawGateway, http

PHONES = [f"+1212555{i:04}" for i in range(4)]
DELAY = 0.003
"""Seconds before an answer: long enough for a step that waits for it to be met."""


async def meeting_or_slow(connection: Connection) -> None:
    """Answers "meet" once as many requests are in flight as a client may have, and all others a little later."""
    while True:
        asked = await connection.read()
        if asked.message == "meet":
            await MEETING.wait()
        else:
            await asyncio.sleep(DELAY)
        rows = [{"phone": phone, "success": True, "message_id": f"msg_{phone[-1]}"} for phone in asked.phones]
        await connection.write(http({"success": True, "results": rows}))


MEETING = asyncio.Barrier(2)  # bound to the loop that first waits: the gateway's


class Clock:
    now_us = 10**12

    def __call__(self) -> int:
        return self.now_us


class World:
    """A client with two connections, its gateway, and what it told: message ids that came back or were logged."""

    def __init__(self, gateway: RawGateway, url: str, caplog: pytest.LogCaptureFixture, **options: Any) -> None:
        self.gateway = gateway
        self._caplog = caplog
        self._clock = Clock()
        self._before = (gateway.requests, len(gateway.texts))
        caplog.clear()
        quota = MemoryQuota(clock=self._clock)
        defaults = {"api_key": KEY, "url": url, "quota": quota, "pace": None, "max_concurrency": 2, "timeout": 10.0}
        self.client = AsyncClient(limits=Limit(1_000, 60), **(defaults | options))
        self.told: list[str | None] = []

    @property
    def requests(self) -> int:
        return self.gateway.requests - self._before[0]

    @property
    def texts(self) -> list[str]:
        return [phone for phone, message in self.gateway.texts[self._before[1] :] if message != "meet"]

    @property
    def logged(self) -> list[str]:
        """The ids of texts that nobody waited for, or their code."""
        return [str(r.args[2]) for r in self._caplog.records if r.msg.startswith("nobody waited for the text") and r.args]

    async def used(self) -> int:
        return (await self.client.quota_status()).limits[0].used

    async def is_whole(self) -> None:
        """Check everything but the tasks, and close the client; whoever has left let the requests finish."""
        client = self.client
        while client._transport.tasks:
            await asyncio.wait(tuple(client._transport.tasks), timeout=5)
        await asyncio.sleep(0)
        requests = self.requests
        assert await self.used() == requests
        assert len(set(self.texts)) == len(self.texts), "never twice"
        known = [id for id in [*self.told, *self.logged] if id is not None and id.startswith("msg_")]
        assert sorted(known) == sorted(f"msg_{phone[-1]}" for phone in self.texts), "each one told or logged, once"
        assert client._transport.connections._taken == 0
        assert sum(client._sender.room.waiting.values()) == 0 if client._sender else True
        async with asyncio.timeout(5):
            await asyncio.gather(*(client.send(phone, "meet") for phone in PHONES[:2]))
        self._clock.now_us += 100_000_000
        assert await self.used() == 0
        await client.aclose()

    async def no_task_is_left(self) -> None:
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture(scope="module")
def gateway() -> Iterator[tuple[RawGateway, str]]:
    raw = RawGateway(meeting_or_slow)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(raw.serve()) as url:
        yield raw, url


Way = Callable[[World], Awaitable[None]]


async def by_send(world: World) -> None:
    world.told.append((await world.client.send(PHONES[0], "Hello")).message_id)


async def by_send_many(world: World) -> None:
    report = await world.client.send_many(PHONES, "Hello", batch_size=2)
    world.told += [outcome.message_id for outcome in report.outcomes]


async def by_stream(world: World) -> None:
    async with world.client.stream(PHONES, "Hello", batch_size=2) as stream:
        async for outcome in stream:
            world.told.append(outcome.message_id)


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it wakes"])
@pytest.mark.parametrize("way", [by_send, by_send_many, by_stream])
async def test_cancelled_at_every_step_it_leaves_all_whole(
    gateway: tuple[RawGateway, str], caplog: pytest.LogCaptureFixture, way: Way, late: bool
) -> None:
    caplog.set_level(logging.INFO, "customersms_async")
    at, ended = 0, 0
    while True:
        world = World(*gateway, caplog)
        victim: asyncio.Task[Any] | None = None
        with steps.Steps(at, lambda: victim and victim.cancel(), late=late) as counted:
            victim = asyncio.create_task(way(world))  # type: ignore[arg-type]
            if at == 0:
                victim.cancel()
            await asyncio.wait([victim])
            while world.client._transport.tasks:
                await asyncio.wait(tuple(world.client._transport.tasks))
        assert victim.cancelled() or victim.exception() is None
        ended += victim.cancelled()
        await world.is_whole()
        await world.no_task_is_left()
        if not counted.acted and at:
            break
        at += 1
    print(way.__name__, late, at, ended)
    assert ended > 10
