"""A worker over a real server: what it looks for, as whom, through a pooler, and beside an application's own jobs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from procrastinate.schema import SchemaManager

from customersms_async import AsyncClient, Campaign, LedgerError, Limit, run_campaign
from customersms_async._postgres import administration
from customersms_async._postgres.server import PostgresServer
from customersms_async._sending.open_client import open_client
from customersms_async.campaign._postgres.waiting_campaigns import waiting_campaigns
from customersms_async.campaign._worker.clients import WorkerClients
from customersms_async.campaign._worker.doorbell import Doorbell
from customersms_async.campaign._worker.worker import Worker, WorkerEvent
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from support.campaign_steps import MakeClient, people
from support.postgres_servers import pgbouncer
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from customersms_async.sandbox import Sandbox
    from support.postgres_servers import PostgresServerProcess


@pytest.fixture
def url(database: str, started_postgres: PostgresServerProcess) -> str:
    """The address of that database, with all tables."""
    url = started_postgres.url(database=database)
    administration.migrate(url, ["guest"])
    return url


async def add(url: str, name: str, client: AsyncClient, *, wanted: bool = True) -> None:
    async with Campaign.open(url, name=name) as campaign:
        await campaign.add(people(5), f"Hello from {name}")
        if wanted:
            terms = CampaignTerms.of(open_client(client).sender, Guards())
            await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="a test", terms=terms))


@contextlib.asynccontextmanager
async def working(address: str, client: AsyncClient) -> AsyncIterator[Callable[[str], asyncio.Event]]:
    """A worker with the key of this client; gives what gives the event of a campaign's end."""
    ended: dict[str, asyncio.Event] = {}

    def end(name: str) -> asyncio.Event:
        return ended.setdefault(name, asyncio.Event())

    def tell(event: WorkerEvent) -> None:
        if event.event == "ended":
            end(event.campaign).set()

    sender = open_client(client).sender
    worker = Worker(address, WorkerClients({sender.secret.key_id: client}, {}, sender.url, None), 2, tell)
    task = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(PATIENCE):
            yield end
            assert not task.done() or task.result()
    finally:
        await worker.close(0.0, asyncio.Event())
        await task


async def names(url: str) -> list[str]:
    server = PostgresServer(url, "a test", PATIENCE, "stop")
    try:
        return [one.name for one in await waiting_campaigns(server)]
    finally:
        await server.aclose()


async def test_only_what_is_wanted_and_has_no_live_runner_is_found(
    url: str, make_client: MakeClient, started_postgres: PostgresServerProcess, database: str
) -> None:
    client = make_client()
    await add(url, "draft", client, wanted=False)
    for name in ("second", "first", "paused", "stopped", "done", "led", "left by a dead host"):
        await add(url, name, client)
    async with Campaign.open(url, name="paused") as paused, Campaign.open(url, name="stopped") as stopped:
        await paused.pause(by="Ann Lee")
        await stopped.stop(by="Ann Lee")
    async with Campaign.open(url, name="done") as done:
        async for _ in await done.go_on(client):
            pass
    async with Campaign.open(url, name="led") as led, Campaign.open(url, name="left by a dead host") as dead:
        await led.ledger.become_runner()
        assert await names(url) == ["second", "first", "left by a dead host"]
        await dead.ledger.become_runner()
        assert await names(url) == ["second", "first"]
        started_postgres.sql("UPDATE customersms.campaign_hosts SET until_us = 1", database=database)
        assert set(await names(url)) == {"second", "first", "led", "left by a dead host"}


async def test_terms_that_somebody_spoilt_keep_nobody_from_finding_the_others(
    url: str, make_client: MakeClient, started_postgres: PostgresServerProcess, database: str
) -> None:
    await add(url, "spoilt", make_client())
    started_postgres.sql("UPDATE customersms.campaign_terms SET terms = '\\xff'", database=database)
    await add(url, "spring", make_client())
    async with working(url, make_client()) as end:
        await end("spring").wait()
    assert await names(url) == ["spoilt"]


async def test_a_worker_needs_no_more_rights_than_are_granted(
    url: str, make_client: MakeClient, started_postgres: PostgresServerProcess, database: str, sandbox: Sandbox
) -> None:
    await add(url, "spring", make_client())
    async with working(started_postgres.url("guest", database), make_client()) as end:
        await end("spring").wait()
    assert len(sandbox.texts) == 5


async def test_a_worker_needs_nothing_that_a_pooler_can_t_give(
    url: str, make_client: MakeClient, started_postgres: PostgresServerProcess, database: str, sandbox: Sandbox
) -> None:
    await add(url, "spring", make_client())
    with pgbouncer(started_postgres, database=database) as port:
        async with working(f"postgresql://app@127.0.0.1:{port}/{database}", make_client()) as end:
            await end("spring").wait()
            await add(url, "summer", make_client())
            await end("summer").wait()
    assert len(sandbox.texts) == 10


async def test_an_application_s_own_procrastinate_is_left_alone(
    url: str, make_client: MakeClient, started_postgres: PostgresServerProcess, database: str
) -> None:
    started_postgres.sql(SchemaManager.get_schema(), database=database, role="app")
    insert = "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'customersms.run_campaign')"
    started_postgres.sql(insert, database=database, role="app")
    administration.migrate(url)
    await add(url, "spring", make_client())
    async with working(url, make_client()) as end:
        await end("spring").wait()
    assert started_postgres.sql("SELECT status FROM procrastinate_jobs", database=database) == [("todo",)]
    assert started_postgres.sql("SELECT * FROM customersms_jobs.procrastinate_jobs", database=database) == []


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("DROP SCHEMA customersms_jobs CASCADE", "no tables of jobs for workers: customersms ledger migrate as one"),
        (
            "UPDATE customersms_jobs.made_for SET version = '0.1', digest = ''",
            r"procrastinate 0\.1, and .* loses nothing",
        ),
    ],
)
async def test_tables_of_jobs_that_can_t_be_used_are_told_and_made_anew(
    url: str, make_client: MakeClient, started_postgres: PostgresServerProcess, database: str, spoilt: str, said: str
) -> None:
    started_postgres.sql(spoilt, database=database)
    worker = Worker(url, WorkerClients({}, {}, "https://x", None), 1, lambda _: None)
    with pytest.raises(LedgerError, match=said):
        await worker.run()
    await worker.close(0.0, asyncio.Event())
    administration.migrate(url)
    await add(url, "spring", make_client())
    async with working(url, make_client()) as end:
        await end("spring").wait()


async def test_jobs_of_a_worker_that_died_while_it_heard_one_are_dropped(
    url: str, make_client: MakeClient, started_postgres: PostgresServerProcess, database: str
) -> None:
    insert = (
        "INSERT INTO customersms_jobs.procrastinate_jobs (queue_name, task_name, status) VALUES ('q', 't', 'doing')"
    )
    started_postgres.sql(insert, database=database)
    await add(url, "spring", make_client())
    async with working(url, make_client()) as end:
        await end("spring").wait()
    assert started_postgres.sql("SELECT * FROM customersms_jobs.procrastinate_jobs", database=database) == []


async def test_a_job_that_is_delivered_twice_at_once_runs_a_campaign_once(
    url: str, make_client: MakeClient, sandbox: Sandbox
) -> None:
    await add(url, "spring", make_client())
    client = make_client(batch_size=1, max_concurrency=1)
    both = await asyncio.gather(*(run_campaign("spring", client, ledger=url) for _ in range(2)))
    assert sorted(both) == [False, True]
    assert await run_campaign("spring", client, ledger=url) is False
    assert len(sandbox.texts) == len({text.phone for text in sandbox.texts}) == 5


async def test_a_run_that_a_guard_stops_was_run_and_one_that_nobody_wants_was_not(
    url: str, make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(batch_size=1, max_concurrency=1)
    await add(url, "spring", client, wanted=False)
    assert await run_campaign("spring", client, ledger=url) is False
    terms = CampaignTerms.of(open_client(client).sender, Guards(max_recipients=2))
    async with Campaign.open(url, name="spring") as campaign:
        await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="a test", terms=terms))
    assert await run_campaign("spring", client, ledger=url) is True
    assert len(sandbox.texts) == 2
    assert await run_campaign("spring", client, ledger=url) is False, "its guard has stopped it"
    async with Campaign.open(url, name="spring") as campaign:
        await campaign.resume(by="Ann Lee")
    assert await run_campaign("spring", client, ledger=url) is True, "it began, and its guard stopped it before anybody"
    assert len(sandbox.texts) == 2


async def test_a_worker_runs_a_campaign_on_no_other_terms_than_those_that_it_has_judged(
    url: str, make_client: MakeClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, told = make_client(), asyncio.Queue[WorkerEvent]()
    await add(url, "spring", client)

    async def run_later(place: str, client: AsyncClient, **options: Any) -> bool:
        async with Campaign.open(place) as campaign:
            changed = msgspec.structs.replace(terms, limits=(Limit(1_000_000, 1),))
            await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="somebody", terms=changed))
        return await run_campaign(place, client, **options)

    monkeypatch.setattr("customersms_async.campaign._worker.worker.run_campaign", run_later)
    sender = open_client(client).sender
    terms = CampaignTerms.of(sender, Guards())
    worker = Worker(url, WorkerClients({terms.key_id: client}, {}, sender.url, None), 1, told.put_nowait)
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(PATIENCE):
        events = [await told.get() for _ in range(2)]
    await worker.close(0.0, asyncio.Event())
    await task
    assert [event.event for event in events] == ["began", "failed"]
    assert "on other terms meanwhile" in events[1].why
    assert sandbox.requests == 0


async def test_a_worker_waits_for_a_database_that_is_away_when_it_begins(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "customersms_async")
    client = make_client()
    sender = open_client(client).sender
    address = "postgresql://app@127.0.0.1:1/app"
    worker = Worker(address, WorkerClients({sender.secret.key_id: client}, {}, sender.url, None), 1, lambda _: None)
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(PATIENCE):
        while "begins nothing until its database is back" not in caplog.text:  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.01)
    await worker.close(0.0, asyncio.Event())
    await task
    assert "looks for campaigns" not in caplog.text, "it never came to look"


def test_what_listens_for_jobs_leaves_it_to_the_worker_to_say_that_the_server_is_away() -> None:
    async def nobody(_: str) -> None:
        pass

    Doorbell("postgresql://app@127.0.0.1:1/app", ["key"], nobody)
    for name in ("procrastinate", "psycopg.pool"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


def test_a_worker_is_for_all_campaigns_of_a_database() -> None:
    with pytest.raises(Exception, match="leave out # and the name"):
        Worker("postgresql://host/db#spring", WorkerClients({}, {}, "https://x", None), 1, lambda _: None)


async def test_nothing_is_left_of_listening_that_is_cancelled_at_any_moment_of_its_beginning(url: str) -> None:
    """What is left swallows it when the event loop cancels it at its end, and the worker never ends."""

    async def nobody(_: str) -> None:
        pass

    for step in range(40):
        before = asyncio.all_tasks()
        listening = asyncio.create_task(Doorbell(url, ["key"], nobody).listen())
        await asyncio.sleep(step / 1_000)  # any moment will do
        listening.cancel()
        await asyncio.wait([listening], timeout=PATIENCE)
        assert listening.cancelled(), step
        left = asyncio.all_tasks() - before
        for task in left:
            task.cancel()
        if left:
            _, pending = await asyncio.wait(left, timeout=PATIENCE)
            assert pending == set(), step
