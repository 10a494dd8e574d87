"""A list of suppressed numbers in a database or a file: the terms name it, whatever address or path leads there."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    ConfigurationError,
    MemoryQuota,
    PostgresSuppression,
    SQLiteSuppression,
    SuppressionStoreError,
)
from customersms_async._postgres import administration
from customersms_async._sending.open_client import open_client
from customersms_async.campaign._worker.clients import WorkerClients
from customersms_async.campaign._worker.worker import Worker, WorkerEvent
from customersms_async.campaign.terms import list_id
from support.campaign_steps import people
from support.ports import free_port
from support.postgres_servers import postgres_server
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from customersms_async.sandbox import Sandbox
    from support.postgres_servers import PostgresServerProcess

KEY = "cspro_a_key_that_must_never_show"
OTHER = "other_lists"


@pytest.fixture
def server(shared_postgres: PostgresServerProcess) -> Iterator[PostgresServerProcess]:
    """One with two databases."""
    shared_postgres.sql(f"CREATE DATABASE {OTHER} OWNER app")
    for database in ("app", OTHER):
        administration.migrate(shared_postgres.url(database=database))
    yield shared_postgres
    shared_postgres.sql(f"DROP DATABASE {OTHER} WITH (FORCE)")


@contextlib.asynccontextmanager
async def with_list(place: str | Path, sandbox: Sandbox) -> AsyncIterator[AsyncClient]:
    """A client with the list in the file at ``place``, or in the database that it is the URL of."""
    kept = PostgresSuppression(place, timeout=PATIENCE) if isinstance(place, str) else SQLiteSuppression(place)
    async with (
        kept as listed,
        AsyncClient(
            api_key=KEY,
            url=sandbox.url,
            quota=MemoryQuota(),
            pace=None,
            suppression=listed,
            batch_size=1,
            max_concurrency=1,
        ) as client,
    ):
        yield client


async def begun(address: str, client: AsyncClient) -> None:
    """Leave the campaign wanted, with one sent to."""
    async with Campaign.open(address) as campaign:
        await campaign.add(people(3), "Hello")
        stream = campaign.run(client, max_recipients=1)
        async for _ in stream:
            break
        await stream.aclose()
    async with Campaign.open(address) as campaign:
        await campaign.resume(by="Ann")


async def test_a_list_of_the_same_address_in_another_database_is_another_one(
    server: PostgresServerProcess, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, anywhere = f"{server.url()}#lists", f"postgresql://app@127.0.0.1:{server.port}"
    monkeypatch.setenv("PGDATABASE", "app")
    async with with_list(anywhere, sandbox) as client:
        await begun(address, client)
    sent = len(sandbox.texts)
    monkeypatch.setenv("PGDATABASE", OTHER)
    async with with_list(anywhere, sandbox) as client, Campaign.open(address) as campaign:
        with pytest.raises(ConfigurationError, match=r"PostgresSuppression in the database \d+/\d+ as the list"):
            await campaign.go_on(client)
    assert len(sandbox.texts) == sent
    elsewhere = f"postgresql:///app?host=127.0.0.1&port={server.port}&user=app"
    async with with_list(elsewhere, sandbox) as client, Campaign.open(address) as campaign:
        with contextlib.suppress(Exception):  # the guard of its terms stops it again
            async for _ in await campaign.go_on(client, terms=None):
                pass
        now = await campaign.wanted()
    assert now is not None
    assert now.state == "stopped", "it was run, by another address of the same database"


async def test_a_worker_leaves_a_campaign_alone_whose_list_is_in_another_database(
    server: PostgresServerProcess, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    anywhere, told = f"postgresql://app@127.0.0.1:{server.port}", asyncio.Queue[WorkerEvent]()
    monkeypatch.setenv("PGDATABASE", "app")
    async with with_list(anywhere, sandbox) as client:
        await begun(f"{server.url()}#lists", client)
    monkeypatch.setenv("PGDATABASE", OTHER)
    async with PostgresSuppression(anywhere, timeout=PATIENCE) as listed, with_list(anywhere, sandbox) as client:
        key_id = open_client(client).sender.secret.key_id
        worker = Worker(server.url(), WorkerClients({key_id: client}, {}, sandbox.url, listed), 1, told.put_nowait)
        task = asyncio.create_task(worker.run())
        async with asyncio.timeout(PATIENCE):
            event = await told.get()
        await worker.close(0.0, asyncio.Event())
        await task
    assert (event.event, event.campaign) == ("left", "lists")
    assert "and this worker has PostgresSuppression in the database" in event.why


async def test_a_list_at_the_same_path_of_another_host_is_another_one(
    server: PostgresServerProcess, sandbox: Sandbox, tmp_path: Path
) -> None:
    address, path = f"{server.url()}#lists", tmp_path / "suppressed.db"
    async with with_list(path, sandbox) as client:
        await begun(address, client)
    sent = len(sandbox.texts)
    path.unlink()  # a new one is made there at first use
    async with with_list(path, sandbox) as client, Campaign.open(address) as campaign:
        with pytest.raises(ConfigurationError, match=r"with the id [0-9a-f]{16} as the list of suppressed numbers"):
            await campaign.go_on(client)
    assert len(sandbox.texts) == sent


async def test_a_list_that_is_away_can_t_say_where_it_is_and_a_worker_waits_for_it(sandbox: Sandbox) -> None:
    async with PostgresSuppression(f"postgresql://app@127.0.0.1:{free_port()}/app", timeout=1.0) as listed:
        with pytest.raises(SuppressionStoreError) as caught:
            await list_id(listed)
        assert caught.value.temporary
    with postgres_server() as there, postgres_server() as away:
        administration.migrate(there.url())
        administration.migrate(away.url())
        away.stop()
        async with with_list(away.url(), sandbox) as client, PostgresSuppression(away.url(), timeout=1.0) as listed:
            worker = Worker(there.url(), WorkerClients({"key": client}, {}, sandbox.url, listed), 1, lambda _: None)
            task = asyncio.create_task(worker.run())
            async with asyncio.timeout(PATIENCE):
                while not worker._is_away:  # noqa: ASYNC110 - until it has asked
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(away.start)
                while "in the database" not in (worker._clients._suppression or ""):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await worker.close(0.0, asyncio.Event())
            await task
