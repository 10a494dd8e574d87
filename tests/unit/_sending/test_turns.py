"""A large and odd answer is judged in turns with everybody else, and is judged whole whatever becomes of its task."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from customersms_async import AsyncClient, Limit, MemoryQuota, Priority, Status
from customersms_async._admission.ticket import Ticket
from customersms_async._core.batching import Batch
from customersms_async._sending.delivery import deliver
from support.large_answers import PHONES, large_answer

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = Batch("Hello", PHONES, list(range(1_000)))
ANSWER = large_answer("rows under phones with formatted phones by name", 500_000, 1_200)


class Answering:
    """A client whose gateway gives a large and odd answer, and what the loop does from then on, turn by turn."""

    def __init__(self) -> None:
        self.turns = 0
        self.act: Callable[[int], object] = bool

    def client(self) -> AsyncClient:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        options: dict[str, Any] = {"quota": MemoryQuota(), "pace": None, "limits": Limit(999, 1), "http_client": http}
        return AsyncClient(api_key="cspro_k", url="http://localhost", batch_size=1_000, **options)

    def _answer(self, _: httpx.Request) -> httpx.Response:
        asyncio.get_running_loop().call_soon(self._turn)
        return httpx.Response(200, content=ANSWER)

    def _turn(self) -> None:
        self.turns += 1
        self.act(self.turns)
        if self.turns < 60:
            asyncio.get_running_loop().call_soon(self._turn)


async def test_others_have_their_turns_while_it_is_judged() -> None:
    gateway, turns = Answering(), 0
    async with gateway.client() as client:
        delivery = await deliver(client._session.open(), BATCH, Ticket(Priority.BULK), timeout=60.0)
        turns = gateway.turns
    assert {o.status for o in delivery.outcomes} == {Status.REJECTED}
    assert turns > 15


@pytest.mark.parametrize("turn", range(1, 40, 3))
async def test_an_answer_that_was_being_judged_when_all_was_aborted_is_judged_to_its_end(turn: int) -> None:
    gateway = Answering()
    async with gateway.client() as client:
        sender = client._session.open()
        gateway.act = lambda turns: turns == turn and sender.transport.in_flight.abort()
        delivery = await deliver(sender, BATCH, Ticket(Priority.BULK), timeout=60.0)
        [limit] = (await client.quota_status()).limits
    assert {(o.status, o.code) for o in delivery.outcomes} in (
        {(Status.REJECTED, None)},
        {(Status.UNKNOWN, "NO_ANSWER")},  # it had not been read
    )
    assert limit.used == 1


def test_an_answer_that_was_being_judged_when_its_loop_ended_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Answering()
    loop = asyncio.new_event_loop()
    gateway.act = lambda turns: turns == 15 and loop.stop()

    async def send() -> None:
        await deliver(gateway.client()._session.open(), BATCH, Ticket(Priority.BULK), timeout=60.0)

    sending = loop.create_task(send())
    loop.run_forever()
    assert not sending.done()
    loop.close()
    del sending
    gc.collect()
    assert any("nobody waited for 1,000 outcomes: 1000 rejected" in line for line in caplog.messages)
