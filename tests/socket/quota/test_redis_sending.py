"""A whole client whose quota is in Redis, while that server is lost and comes back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import Code, Limit, Priority, QuotaExceededError, QuotaStoreError, Status
from customersms_async.quota import RedisQuota
from support.broken_gateways import Connection, RawGateway, answered, http
from support.real_time import PATIENCE, Stopwatch
from support.redis_servers import redis_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from customersms_async import AsyncClient
    from customersms_async.sandbox import Sandbox
    from support.redis_servers import RedisServer

PHONE, OTHER = "+12125551234", "+12125551235"
LIMITS = (Limit(100, 60),)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as started:
        yield started


@pytest.fixture
async def sender(server: RedisServer, make_client: Callable[..., AsyncClient]) -> AsyncIterator[AsyncClient]:
    """A client of the sandbox that has sent one text, and whose quota is in Redis."""
    async with RedisQuota(server.url, timeout=PATIENCE) as store:
        client = make_client(quota=store, limits=LIMITS)
        await client.send(PHONE, "before")
        yield client


async def used(client: AsyncClient) -> int:
    return (await client.quota_status()).limits[0].used


async def test_a_send_fails_after_max_wait_and_says_why(
    server: RedisServer, sender: AsyncClient, sandbox: Sandbox
) -> None:
    server.stop()
    loop = asyncio.get_running_loop()
    began = loop.time()
    with Stopwatch() as took, pytest.raises(QuotaExceededError, match="the quota store could not be asked") as caught:
        await sender.send(PHONE, "never", max_wait=0.3)
    assert loop.time() - began > 0.25
    assert took.seconds < 0.6
    assert caught.value.retry_after == 1.0
    assert len(sandbox.texts) == 1


async def test_a_send_without_max_wait_goes_out_when_the_server_is_back(
    server: RedisServer, sender: AsyncClient, sandbox: Sandbox
) -> None:
    server.stop()
    sends = [asyncio.ensure_future(sender.send(PHONE, f"later {n}", priority=Priority.URGENT)) for n in range(3)]
    await asyncio.sleep(0.15)
    assert len(sandbox.texts) == 1
    server.start()
    outcomes = await asyncio.wait_for(asyncio.gather(*sends), PATIENCE)
    assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}
    assert len(sandbox.texts) == 4
    assert await used(sender) == 4, "also the one before"


async def test_a_bulk_send_reports_what_could_not_be_asked_for(
    server: RedisServer, sender: AsyncClient, sandbox: Sandbox
) -> None:
    server.stop()
    report = await sender.send_many([PHONE, OTHER], "never", max_wait=0.3, batch_size=1)
    assert {(o.status, o.code) for o in report.outcomes} == {(Status.UNSENT, Code.QUOTA_EXCEEDED)}
    assert all("the quota store could not be asked" in (o.error or "") for o in report.outcomes)
    assert report.requests == 0
    assert len(sandbox.texts) == 1


async def test_what_only_looks_fails_at_once(server: RedisServer, sender: AsyncClient) -> None:
    server.stop()
    for call in (sender.quota_status(), sender.estimate([PHONE], "text")):
        with pytest.raises(QuotaStoreError) as caught:
            await call
        assert caught.value.temporary


async def test_an_outcome_is_not_lost_with_the_server(
    server: RedisServer, make_client: Callable[..., AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def when_told(connection: Connection) -> None:
        asked = await connection.read()
        arrived.set()
        await goes_on.wait()
        await connection.write(http(answered(asked.phones)))

    async with RawGateway(when_told).serve() as url, RedisQuota(server.url, timeout=PATIENCE) as store:
        client = make_client(url=url, quota=store, limits=LIMITS)
        sending = asyncio.ensure_future(client.send(PHONE, "in flight"))
        await asyncio.wait_for(arrived.wait(), PATIENCE)
        server.stop()
        goes_on.set()
        assert (await sending).status is Status.ACCEPTED
        assert any("could not be told of an answer" in message for message in caplog.messages)
        server.start()
        assert await used(client) == 1, "its token lapses by itself"
        await client.aclose()


async def test_a_server_that_refuses_us_ends_the_send_at_once(
    server: RedisServer, sender: AsyncClient, make_client: Callable[..., AsyncClient], sandbox: Sandbox
) -> None:
    async with RedisQuota(server.url.replace("//", "//nobody:word@"), timeout=PATIENCE) as store:
        client = make_client(quota=store, limits=LIMITS)
        with pytest.raises(QuotaStoreError, match="invalid username-password") as caught:
            await client.send(PHONE, "never", max_wait=5)
    assert not caught.value.temporary
    assert "word@" not in repr(caught.value)
    assert len(sandbox.texts) == 1
