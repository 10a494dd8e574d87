"""A client and its gateway, for tests that cancel: what came, what was told, and whether all is whole."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from customersms_async import AsyncClient, Limit, MemoryQuota
from support.broken_gateways import KEY, Asked, http
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence

    import pytest

PHONES = [f"+1212555{i:04}" for i in range(4)]
DELAY = 0.003
"""Seconds before an answer: long enough for a step that waits for it to be met."""
REQUESTS = 2
"""How many a client may have in flight."""


class SlowGateway:
    """Answers "meet" once as many requests are in flight as a client may have, and all others a little later.

    It has no task, so that it may share the loop of a client whose steps are counted.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._connections: set[_Connection] = set()
        self._meeting: list[Callable[[], None]] = []

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port of loopback, and give the URL; in the end cut what is connected."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        finally:
            server.close()
            for connection in tuple(self._connections):
                connection.transport.abort()

    def begins(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def ends(self, connection: _Connection) -> None:
        self._connections.discard(connection)

    def read(self, asked: Asked, answer: Callable[[], None]) -> None:
        """Count a request, and have it answered."""
        self.asked.append(asked)
        if asked.message != "meet":
            asyncio.get_running_loop().call_later(DELAY, answer)
            return
        self._meeting.append(answer)
        if len(self._meeting) == REQUESTS:
            for each in self._meeting:
                each()
            self._meeting.clear()


class _Connection(asyncio.Protocol):
    """One connection of a client, which asks again when it was answered."""

    transport: Any  # uvloop's is no asyncio.Transport

    def __init__(self, gateway: SlowGateway) -> None:
        self._gateway = gateway
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._gateway.begins(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._gateway.ends(self)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if end and len(body) == int(re.findall(rb"(?i)content-length: (\d+)", head)[0]):
            self._data = b""
            asked = json.loads(body)
            self._gateway.read(Asked(asked["phone"], asked["message"]), partial(self._answer, asked["phone"]))

    def _answer(self, phones: Sequence[str]) -> None:
        rows = [{"phone": phone, "success": True, "message_id": id_of(phone)} for phone in phones]
        self.transport.write(http({"success": True, "results": rows}))


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


class _NewTasks:
    """Whether tasks were begun since it was last asked; at first, some may have been before.

    To ask the loop for all its tasks at every turn takes as long as a request.
    """

    def __init__(self) -> None:
        self.begun = True
        self._make: Any = None

    def __enter__(self) -> _NewTasks:
        loop = asyncio.get_running_loop()
        self._make = loop.get_task_factory()
        loop.set_task_factory(self._task)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().set_task_factory(self._make)

    def noticed(self) -> bool:
        begun, self.begun = self.begun, False
        return begun

    def _task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        self.begun = True
        if self._make is None:
            return asyncio.Task(coroutine, loop=loop, **options)
        return self._make(loop, coroutine, **options)


class World:
    """A client with two connections, what came to its gateway, and what it told: ids that came back or were logged."""

    _numbers = itertools.count()

    def __init__(
        self, gateway: SlowGateway, url: str, caplog: pytest.LogCaptureFixture, distant: bool, http_client: Any = None
    ) -> None:
        caplog.clear()
        caplog.set_level(logging.INFO, "customersms_async")
        self.gateway = gateway
        self.caplog = caplog
        self.clock = Clock()
        self.message = f"Hello {next(World._numbers)}"
        options: dict[str, Any] = {
            "pace": None,
            "max_concurrency": REQUESTS,
            "timeout": PATIENCE,
            "limits": Limit(1_000, 60),
        }
        self.quota = MemoryQuota(clock=self.clock)
        options["quota"] = Distant(self.quota) if distant else self.quota
        self.client = AsyncClient(api_key=KEY, url=url, http_client=http_client, **options)
        self.told: list[str | None] = []

    @property
    def requests(self) -> int:
        return sum(asked.message == self.message for asked in self.gateway.asked)

    @property
    def texts(self) -> list[str]:
        """The ids of all texts that the gateway took."""
        return [id_of(phone) for asked in self.gateway.asked for phone in asked.phones if asked.message == self.message]

    @property
    def logged(self) -> list[str]:
        """The ids of texts that nobody waited for, or their code."""
        records = [record for record in self.caplog.records if record.msg.startswith("nobody waited for the text")]
        return [str(record.args[2]) for record in records if isinstance(record.args, tuple)]

    async def used(self) -> int:
        session = self.client._session
        usage, _ = await self.quota.usage(session.secret.key_id, session.terms.layers)
        return usage[0].used

    async def at_rest(self) -> None:
        """Wait until nothing of the client is under way: no task is left, and no callback begins another."""
        quiet = 0
        with _NewTasks() as new:
            async with asyncio.timeout(PATIENCE):
                while quiet < 20:  # turns of the loop
                    if new.noticed() and (tasks := asyncio.all_tasks() - {asyncio.current_task()}):
                        await asyncio.wait(tasks)
                        new.begun = True
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
        assert self.client._session.terms.connections._taken == 0
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(self.client.send(phone, "meet") for phone in PHONES[:REQUESTS]))

    def everyone_is_accounted_for(self) -> None:
        known = [told for told in [*self.told, *self.logged] if told is not None and told.startswith("msg_")]
        assert sorted(known) == sorted(self.texts), "each one told or logged, once"


def id_of(phone: str) -> str:
    """The message id that the gateway gives to a number's text."""
    return f"msg_{phone[-4:]}"


MakeWorld = Callable[..., World]
