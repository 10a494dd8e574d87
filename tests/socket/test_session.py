"""What a client has going in its event loop, and how its closing ends that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, ConfigurationError, OutcomeUnknownError, Priority, Status
from customersms_async._sending.open_client import open_client
from customersms_async.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeClient = Callable[..., AsyncClient]


async def test_a_campaign_sends_as_bulk_with_the_clients_options_and_waits_as_long_as_it_takes(
    make_client: MakeClient,
) -> None:
    client = make_client(batch_size=7, timeout=3.0, max_wait=0.5, max_concurrency=4)
    handle = open_client(client)
    options = handle.options
    assert (options.priority, options.max_wait, options.reads_all) == (Priority.BULK, None, False)
    assert (options.batch_size, options.timeout, options.max_concurrency) == (7, 3.0, 4)
    assert handle.sender is open_client(client).sender
    await client.aclose()
    with pytest.raises(ConfigurationError, match="the client is closed"):
        open_client(client)


def test_a_handle_is_for_a_running_event_loop() -> None:
    with pytest.raises(ConfigurationError, match="running asyncio event loop"):
        open_client(AsyncClient(api_key="cspro_a_key_that_must_never_show"))


async def test_closing_a_client_over_shared_connections_waits_for_its_own_requests_alone(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    sandbox.misbehave(lambda number: (Fault.SLOW, 0.6 if number == 1 else 0.1))
    owner = make_client()
    other = owner.with_options()
    slow = asyncio.create_task(owner.send("+12125551234", "Hello"))
    while sandbox.requests < 1:  # noqa: ASYNC110 - the sandbox sets no event
        await asyncio.sleep(0.001)
    quick = asyncio.create_task(other.send("+12125551235", "Hello"))
    while sandbox.requests < 2:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.001)
    await other.aclose()
    assert quick.done()
    assert not slow.done()
    await owner.aclose()
    assert slow.done()
    assert {quick.result().status, slow.result().status} == {Status.ACCEPTED}


async def cancelled_closing(client: AsyncClient) -> None:
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0.01)
    closing.cancel()
    await asyncio.wait([closing])


async def test_a_closing_that_is_cancelled_aborts_requests_only_if_the_connections_are_its_clients_own(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    sandbox.misbehave(lambda number: (Fault.SLOW, 0.2 if number == 1 else 30.0))
    owner = make_client()
    other = owner.with_options()
    shared = asyncio.create_task(other.send("+12125551234", "Hello"))
    while sandbox.requests < 1:  # noqa: ASYNC110 - the sandbox sets no event
        await asyncio.sleep(0.001)
    await cancelled_closing(other)
    assert (await shared).status is Status.ACCEPTED
    own = asyncio.create_task(owner.send("+12125551235", "Hello"))
    while sandbox.requests < 2:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.001)
    await cancelled_closing(owner)
    with pytest.raises(OutcomeUnknownError):
        await own
