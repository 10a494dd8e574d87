"""A client and its gateway, for tests that cancel: what came, what was told, and whether all is whole."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from customersms_async import AsyncClient, Limit, MemoryQuota
from support.broken_gateways import KEY, Connection, RawGateway, http
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import pytest

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
        rows = [{"phone": phone, "success": True, "message_id": id_of(phone)} for phone in asked.phones]
        await connection.write(http({"success": True, "results": rows}))


MEETING = asyncio.Barrier(2)  # bound to the loop that first waits: the gateway's


class Clock:
    now_us = 10**12

    def __call__(self) -> int:
        return self.now_us


class Distant:
    """A quota store that suspends before and after every decision, as one over a network does."""

    in_process = False

    def __init__(self, store: MemoryQuota) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def call(*arguments: Any) -> Any:
            await asyncio.sleep(0)
            decided = await getattr(self._store, name)(*arguments)
            await asyncio.sleep(0)
            return decided

        return call


class World:
    """A client with two connections, what came to its gateway, and what it told: ids that came back or were logged."""

    _numbers = itertools.count()

    def __init__(self, gateway: RawGateway, url: str, caplog: pytest.LogCaptureFixture, distant: bool) -> None:
        caplog.clear()
        caplog.set_level(logging.INFO, "customersms_async")
        self.gateway = gateway
        self.caplog = caplog
        self.clock = Clock()
        self.message = f"Hello {next(World._numbers)}"
        options: dict[str, Any] = {"pace": None, "max_concurrency": 2, "timeout": PATIENCE, "limits": Limit(1_000, 60)}
        self.quota = MemoryQuota(clock=self.clock)
        options["quota"] = Distant(self.quota) if distant else self.quota
        self.client = AsyncClient(api_key=KEY, url=url, **options)
        self.told: list[str | None] = []

    @property
    def requests(self) -> int:
        return sum(asked.message == self.message for asked in tuple(self.gateway.asked))

    @property
    def texts(self) -> list[str]:
        """The ids of all texts that the gateway took."""
        return [
            id_of(phone)
            for asked in tuple(self.gateway.asked)
            for phone in asked.phones
            if asked.message == self.message
        ]

    @property
    def logged(self) -> list[str]:
        """The ids of texts that nobody waited for, or their code."""
        records = [record for record in self.caplog.records if record.msg.startswith("nobody waited for the text")]
        return [str(record.args[2]) for record in records if isinstance(record.args, tuple)]

    async def used(self) -> int:
        parts = self.client._session.parts
        usage, _ = await self.quota.usage(parts.secret.key_id, parts.terms().layers)
        return usage[0].used

    async def at_rest(self) -> None:
        """Wait until nothing of the client is under way: no task is left, and no callback begins another."""
        quiet = 0
        async with asyncio.timeout(PATIENCE):
            while quiet < 20:  # turns of the loop
                if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
                    await asyncio.wait(tasks)
                    quiet = 0
                quiet += 1
                await asyncio.sleep(0)

    async def is_whole(self) -> None:
        """Check all but the outcomes of aborted requests, and close the client."""
        await self.at_rest()
        assert len(set(self.texts)) == len(self.texts), "never twice"
        await self.connections_are_whole()
        self.clock.now_us += 100_000_000
        assert await self.used() == 0, "what was held has lapsed"
        await self.client.aclose()
        await self.no_task_is_left()

    async def no_task_is_left(self) -> None:
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def connections_are_whole(self) -> None:
        """As many requests as there are connections are in flight at once: the gateway waits for them."""
        assert self.client._session.parts.transport.connections._taken == 0
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(self.client.send(phone, "meet") for phone in PHONES[:2]))

    def everyone_is_accounted_for(self) -> None:
        known = [told for told in [*self.told, *self.logged] if told is not None and told.startswith("msg_")]
        assert sorted(known) == sorted(self.texts), "each one told or logged, once"


def id_of(phone: str) -> str:
    """The message id that the gateway gives to a number's text."""
    return f"msg_{phone[-4:]}"


MakeWorld = Callable[..., World]
