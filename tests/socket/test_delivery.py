"""The one seam, ``deliver``: what stands between a grant and the first byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, ConnectionFailedError, Limit, Outcome, Priority, Status
from customersms_async._admission.ticket import Ticket
from customersms_async._core.batching import Batch
from customersms_async._sending.delivery import Delivery, deliver
from customersms_async.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from customersms_async._core.rulings import Ruling
    from customersms_async._sending.request import Hook

MakeClient = Callable[..., AsyncClient]
BATCH = Batch("Hello", ["+12125551234", "+13235554567"], [0, 1])


class Clock:
    """The clock of a client's attempts: it moves when it is told to, or by itself before the call of that number."""

    def __init__(self, client: AsyncClient, stopped_before: int = 0) -> None:
        self._now_us = 10**12
        self._calls = 0
        self._stopped_before = stopped_before
        client._session.open().room.clock = self

    def __call__(self) -> int:
        self._calls += 1
        if self._calls == self._stopped_before:
            self.go_on(60.0)
        return self._now_us

    def go_on(self, seconds: float) -> None:
        self._now_us += round(seconds * 1e6)


async def delivered(client: AsyncClient, hook: Hook) -> Delivery:
    return await deliver(client._session.open(), BATCH, Ticket(Priority.BULK), timeout=5.0, before_first_byte=hook)


async def used(client: AsyncClient) -> int:
    return (await client.quota_status()).limits[0].used


async def test_the_hook_runs_between_the_grant_and_the_first_byte(client: AsyncClient, sandbox: Sandbox) -> None:
    seen: list[tuple[int, int]] = []

    async def hook(_: Batch) -> None:
        seen.append((await used(client), sandbox.requests))

    delivery = await delivered(client, hook)
    assert seen == [(1, 0)]
    assert [o.status for o in delivery.outcomes] == [Status.ACCEPTED] * 2


async def test_a_hook_that_fails_keeps_the_request_from_leaving_and_gives_the_grant_back(
    client: AsyncClient, sandbox: Sandbox
) -> None:
    async def hook(_: Batch) -> None:
        raise OSError("the disk is full")

    delivery = await delivered(client, hook)
    assert isinstance(delivery.error, OSError)
    assert [(o.status, o.code) for o in delivery.outcomes] == [(Status.UNSENT, "STOPPED")] * 2
    assert (sandbox.requests, delivery.requests, await used(client)) == (0, 0, 0)
    assert (await client.send("+12125551234", "Hello")).status is Status.ACCEPTED, "the connection is free again"


async def test_a_grant_that_has_gone_stale_is_asked_for_anew(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(limits=Limit(1, 60))
    clock = Clock(client)
    waits = iter([1.05, 0.0])

    async def hook(_: Batch) -> None:
        clock.go_on(next(waits))

    delivery = await delivered(client, hook)
    assert [o.status for o in delivery.outcomes] == [Status.ACCEPTED] * 2
    assert (sandbox.requests, await used(client), next(waits)) == (1, 1, 0.0)


async def test_a_grant_that_was_stopped_for_longer_than_the_attempt_may_take_is_asked_for_anew(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(limits=Limit(1, 60), max_retries=0)
    Clock(client, stopped_before=2)  # the first is the grant's, the second the request's
    assert (await client.send("+12125551234", "Hello")).status is Status.ACCEPTED
    assert (sandbox.requests, await used(client)) == (1, 1)


async def test_a_stale_grant_that_can_not_be_had_anew_stands_in_line_again(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(limits=Limit(1, 60))
    sender, clock = client._session.open(), Clock(client)
    waits = iter([1.05, 0.0])

    async def hook(_: Batch) -> None:
        wait = next(waits)
        clock.go_on(wait)
        if wait:
            await sender.room.store.pause(sender.room.key_id, 100_000)

    delivery = await delivered(client, hook)
    assert [o.status for o in delivery.outcomes] == [Status.ACCEPTED] * 2
    assert (sandbox.requests, delivery.requests, await used(client), next(waits, None)) == (1, 1, 1, None)


async def test_a_caller_who_leaves_before_the_first_byte_has_sent_nothing(
    client: AsyncClient, sandbox: Sandbox
) -> None:
    connected = asyncio.Event()

    async def hook(_: Batch) -> None:
        connected.set()
        await asyncio.sleep(0.05)

    task = asyncio.create_task(delivered(client, hook))
    await connected.wait()
    task.cancel()
    await asyncio.wait([task])
    await client.aclose()
    assert task.cancelled()
    assert sandbox.requests == 0
    session = client._session
    usage, _ = await session.parts.quota.usage(session.secret.key_id, session.terms.layers)
    assert usage[0].used == 0


async def test_an_answer_that_comes_before_a_cancelled_caller_has_heard_of_it_is_logged(
    client: AsyncClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave(_: Ruling) -> None:
        caller.cancel()

    sending = deliver(client._session.open(), BATCH, Ticket(Priority.BULK), timeout=5.0, after_attempt=leave)
    caller = asyncio.create_task(sending)
    await asyncio.wait([caller])
    assert caller.cancelled()
    assert sandbox.requests == 1
    assert [line.partition(" (key ")[0] for line in caplog.messages] == ["nobody waited for 2 outcomes: 2 accepted"]


async def test_a_ticket_that_is_stopped_before_the_first_byte_has_sent_nothing(
    client: AsyncClient, sandbox: Sandbox
) -> None:
    ticket = Ticket(Priority.BULK)

    async def hook(_: Batch) -> None:
        ticket.stop("STOPPED")

    delivery = await deliver(client._session.open(), BATCH, ticket, timeout=5.0, before_first_byte=hook)
    assert [(o.status, o.code) for o in delivery.outcomes] == [(Status.UNSENT, "STOPPED")] * 2
    assert (sandbox.requests, await used(client)) == (0, 0)


async def test_a_request_aborted_before_its_first_step_leaves_nothing_taken(
    client: AsyncClient, sandbox: Sandbox
) -> None:
    sender = client._session.open()
    sending = asyncio.create_task(deliver(sender, BATCH, Ticket(Priority.BULK), timeout=5.0))
    while not sender.transport.in_flight:  # noqa: ASYNC110 - a step at a time, to be there before the task's own first one
        await asyncio.sleep(0)
    sender.transport.in_flight.abort()
    delivery = await sending
    assert [(o.status, o.code) for o in delivery.outcomes] == [(Status.UNSENT, "STOPPED")] * 2
    assert (sandbox.requests, await used(client)) == (0, 0)
    assert sender.terms.connections.free(Priority.BULK)


async def test_a_closing_keeps_those_unsent_who_still_stand_in_line(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.misbehave(lambda _: (Fault.SLOW, 0.05))
    client = make_client(max_concurrency=1)
    sends = [asyncio.create_task(client.send(f"+1212555{i:04}", "Hello")) for i in range(3)]
    while not sandbox.requests:  # noqa: ASYNC110 - the sandbox sets no event
        await asyncio.sleep(0.001)
    await client.aclose()
    first, *others = await asyncio.gather(*sends, return_exceptions=True)
    assert isinstance(first, Outcome)
    assert [type(error) for error in others] == [ConnectionFailedError] * 2
    assert all("the client is closed" in str(error) for error in others)
    assert sandbox.requests == 1


@pytest.mark.parametrize("shared", [False, True], ids=["its own connections", "shared connections"])
async def test_a_closing_ends_the_wait_of_those_for_whom_there_is_no_token(
    make_client: MakeClient, sandbox: Sandbox, shared: bool
) -> None:
    first = make_client(limits=Limit(1, 3_600))
    client = first.with_options() if shared else first
    sends = [asyncio.create_task(client.send(f"+1212555{i:04}", "Hello")) for i in range(3)]
    await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
    await client.aclose()
    await are_closed(sends[1:])
    assert sends[0].result().status is Status.ACCEPTED
    assert sandbox.requests == 1


@pytest.mark.parametrize("shared", [False, True], ids=["its own connections", "shared connections"])
async def test_a_closing_tries_nothing_again(make_client: MakeClient, sandbox: Sandbox, shared: bool) -> None:
    client = make_client().with_options() if shared else make_client()
    loop = asyncio.get_running_loop()
    closings: list[asyncio.Task[None]] = []

    def refuse(_: int) -> Fault:
        loop.call_soon_threadsafe(lambda: closings.append(loop.create_task(client.aclose())))
        return Fault.STATUS_429

    sandbox.misbehave(refuse)
    send = asyncio.create_task(client.send("+12125551234", "Hello"))
    await are_closed([send])
    await asyncio.gather(*closings)
    assert sandbox.requests == 1


async def are_closed(sends: list[asyncio.Task[Outcome]]) -> None:
    async with asyncio.timeout(30):  # where each of them would wait for an hour
        ended = await asyncio.gather(*sends, return_exceptions=True)
    for error in ended:
        assert isinstance(error, ConnectionFailedError)
        assert "the client is closed (key " in str(error)
