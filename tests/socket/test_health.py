"""What a client's health says of what was sent, over real sockets, and of a Redis server that is lost."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, Limit, MemoryQuota, OutcomeUnknownError, Priority, RedisQuota
from customersms_async.sandbox import Fault, magic
from support.broken_gateways import Connection, RawGateway
from support.real_time import PATIENCE, Stopwatch
from support.redis_servers import redis_server
from support.watched_client import Distant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

    MakeClient = Callable[..., AsyncClient]

PHONES = [f"+1212555{number:04}" for number in range(40)]


async def by_send(client: AsyncClient, phones: list[str], _: Path) -> None:
    for phone in phones:
        with contextlib.suppress(OutcomeUnknownError):
            await client.send(phone, "Hello")


async def by_send_many(client: AsyncClient, phones: list[str], _: Path) -> None:
    await client.send_many(phones, "Hello", batch_size=2)


async def by_stream(client: AsyncClient, phones: list[str], _: Path) -> None:
    async for _outcome in client.stream(phones, "Hello", batch_size=2):
        pass


async def by_campaign(client: AsyncClient, phones: list[str], folder: Path) -> None:
    async with Campaign.open(folder / "spring.ledger") as campaign:
        await campaign.add(phones, "Hello")
        async for _outcome in campaign.run(client.with_options(batch_size=2)):
            pass


@pytest.mark.parametrize("way", [by_send, by_send_many, by_stream, by_campaign])
async def test_texts_of_unknown_fate_are_counted_in_each_way_of_sending(
    client: AsyncClient,
    sandbox: Sandbox,
    tmp_path: Path,
    way: Callable[[AsyncClient, list[str], Path], Awaitable[None]],
) -> None:
    sandbox.misbehave([Fault.STATUS_502, Fault.JSON_CUT])
    await way(client, PHONES[:6], tmp_path)
    health = await client.health()
    assert health.unknown_last_hour == (2 if way is by_send else 4)
    assert (health.last_status_code, health.ok) == (200, True)
    assert health.remaining_credits == client.remaining_credits is not None


async def test_a_text_whose_caller_has_left_is_counted_when_it_is_unknown(
    client: AsyncClient, sandbox: Sandbox
) -> None:
    sending = asyncio.create_task(client.send(magic.number(Fault.STATUS_502), "Hello"))
    while not sandbox.requests:  # noqa: ASYNC110
        await asyncio.sleep(0)  # the answer comes some turns later
    sending.cancel()
    assert (await client.health()).unknown_last_hour == 0, "nobody knows yet"
    while not (await client.health()).unknown_last_hour:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert (await client.health()).unknown_last_hour == 1


async def test_all_clients_of_a_key_know_the_same_and_those_of_another_key_nothing(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    one, same = make_client(), make_client()
    assert (await one.health()).last_answer_seconds is None
    with pytest.raises(OutcomeUnknownError):
        await one.send(magic.number(Fault.JSON_CUT), "Hello")
    await one.send(PHONES[0], "Hello")
    other = one.with_options(api_key="cspro_another")
    seen = [await client.health() for client in (one, same, one.with_options(batch_size=7), other)]
    assert [health.unknown_last_hour for health in seen] == [1, 1, 1, 0]
    assert [health.last_status_code for health in seen] == [200, 200, 200, None]
    for health in seen[:3]:
        assert health.last_answer_seconds is not None
        assert 0 <= health.last_answer_seconds < PATIENCE
    assert seen[3].last_answer_seconds is None


async def test_an_answer_of_whoever_stands_in_the_gateway_s_place_has_its_status(client: AsyncClient) -> None:
    with pytest.raises(OutcomeUnknownError):
        await client.send(magic.number(Fault.STATUS_502), "Hello")
    health = await client.health()
    assert (health.last_status_code, health.unknown_last_hour) == (502, 1)
    assert health.last_answer_seconds is not None


async def test_a_connection_that_is_cut_is_no_answer(client: AsyncClient) -> None:
    with pytest.raises(OutcomeUnknownError):
        await client.send(magic.number(Fault.CLOSE_DURING), "Hello")
    health = await client.health()
    assert (health.last_answer_seconds, health.last_status_code, health.unknown_last_hour) == (None, None, 1)


async def test_a_connection_that_fails_is_no_answer_and_leaves_nothing_unknown(make_client: MakeClient) -> None:
    client = make_client(url="http://127.0.0.1:1/", max_retries=0)
    await client.send_many(PHONES[:3], "Hello")
    health = await client.health()
    assert (health.last_answer_seconds, health.unknown_last_hour, health.ok) == (None, 0, True)


@pytest.mark.parametrize("distant", [False, True])
async def test_a_key_that_waits_is_healthy_and_says_for_how_long(make_client: MakeClient, distant: bool) -> None:
    near = MemoryQuota()
    client = make_client(limits=Limit(1, 3_600), quota=Distant(near) if distant else near)
    await client.send(PHONES[0], "Hello")
    waiting = [asyncio.create_task(client.send(phone, "Hello", priority=Priority.URGENT)) for phone in PHONES[1:3]]
    await asyncio.sleep(0.05)
    health = await client.health()
    assert health.quota is not None
    assert health.quota.waiting[Priority.URGENT] == 2
    assert health.quota.limits[0].free == 0
    assert 0 < health.oldest_wait_seconds < PATIENCE
    assert health.ok
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    after = await client.health()
    assert (after.oldest_wait_seconds, after.quota and after.quota.waiting[Priority.URGENT]) == (0.0, 0)


async def test_a_key_that_pauses_is_healthy_and_says_for_how_long(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.misbehave([Fault.STATUS_429])
    client = make_client(limits=Limit(10, 60), max_retries=0)
    await client.send_many(PHONES[:1], "Hello")
    health = await client.health()
    assert health.quota is not None
    assert 0 < health.quota.paused_seconds <= 60.1
    assert (health.last_status_code, health.ok) == (429, True)


async def test_a_redis_server_that_is_lost_is_told_of_and_so_is_its_return(
    make_client: MakeClient, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as server:
        async with RedisQuota(server.url.replace("//", "//:s3cret-word@"), timeout=PATIENCE) as store:
            refused = await make_client(quota=store).health(timeout=PATIENCE)
            assert not refused.ok
            assert "s3cret-word" not in str(refused)
        async with RedisQuota(server.url, timeout=PATIENCE) as store:
            client = make_client(quota=store)
            assert (await client.health(timeout=PATIENCE)).ok
            await client.send(PHONES[0], "Hello")
            server.stop()
            health = await client.health(timeout=PATIENCE)
            assert (health.ok, health.quota, health.last_status_code) == (False, None, 200)
            assert "Redis" in (health.store_error or "")
            server.start()
            again = await client.health(timeout=PATIENCE)
            assert again.quota is not None
            assert again.quota.limits[0].used == 1


async def test_a_redis_server_that_says_nothing_is_given_up_in_time(make_client: MakeClient) -> None:
    async def say_nothing(connection: Connection) -> None:
        await connection.until_left()

    async with RawGateway(say_nothing).serve() as url:
        port = url.split(":")[2].strip("/")
        async with RedisQuota(f"redis://127.0.0.1:{port}/0", timeout=PATIENCE) as store:
            client = make_client(quota=store)
            before = asyncio.all_tasks()
            for _ in range(3):
                with Stopwatch() as took:
                    health = await client.health(timeout=0.05)
                assert took.seconds < PATIENCE / 2
                assert health.store_error == "the quota store did not answer within 0.05 s"
            assert {task for task in asyncio.all_tasks() - before if "RawGateway" not in repr(task)} == set()
