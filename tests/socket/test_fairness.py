"""Clients of one key, and keys of one client: nobody who can't go holds up one who can."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Limit, MemoryQuota, Priority, Status
from support.broken_gateways import Connection, RawGateway, answered, http
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox

PHONES = [f"+1212555{number:04}" for number in range(1_000)]


def slow_pace(client: AsyncClient) -> AsyncClient:
    return client.with_options(pace=Limit(1, 3_600))


def used_up_limit(client: AsyncClient) -> AsyncClient:
    return client.with_options(limits=Limit(1, 3_600))


@pytest.mark.parametrize("other_client", [slow_pace, used_up_limit])
@pytest.mark.parametrize("max_wait", [None, 0.0])
async def test_an_urgent_text_goes_at_once_whatever_another_client_of_its_key_waits_for(
    client: AsyncClient, sandbox: Sandbox, other_client: Callable[[AsyncClient], AsyncClient], max_wait: float | None
) -> None:
    other = other_client(client)
    await other.send(PHONES[0], "First")
    waiting = [asyncio.create_task(other.send(phone, "Later", priority=Priority.URGENT)) for phone in PHONES[1:20]]
    while (await client.quota_status()).waiting[Priority.URGENT] < len(waiting):  # noqa: ASYNC110
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        urgent = await client.send(PHONES[20], "Code", priority=Priority.URGENT, max_wait=max_wait)
        bulk = await client.send(PHONES[21], "News", priority=Priority.BULK)
    assert urgent.status is bulk.status is Status.ACCEPTED
    assert not any(task.done() for task in waiting)
    assert len(sandbox.texts) == 3
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_each_key_has_connections_of_its_own_over_one_client() -> None:
    """The requests of all keys are there at once: none is answered before."""
    keys, everyone = 40, asyncio.Event()

    async def answer_all_together(connection: Connection) -> None:
        asked = await connection.read()
        if connection.gateway.requests == keys:
            everyone.set()
        await everyone.wait()
        await connection.write(http(answered(asked.phones)))

    async with (
        asyncio.timeout(PATIENCE),
        RawGateway(answer_all_together).serve() as url,
        AsyncClient(api_key="cspro_root", url=url, quota=MemoryQuota(), max_concurrency=1) as root,
    ):
        clients = [root.with_options(api_key=f"cspro_{number}") for number in range(keys)]
        outcomes = await asyncio.gather(*(client.send(PHONES[0], "Hello") for client in clients))
    assert [outcome.status for outcome in outcomes] == [Status.ACCEPTED] * keys
