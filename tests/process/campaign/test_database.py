"""Campaigns in a database, run by real processes that are killed, stopped and cut off, on a server that is, too."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, CampaignStoppedError, LedgerError, MemoryQuota, run_campaign
from support.campaign_run import KEY, PEOPLE, WORLD, Run, all_is_known, counted, go_on, nobody_twice
from support.postgres_servers import pgbouncer, postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customersms_async import Outcome
    from customersms_async.sandbox import Sandbox
    from support.postgres_servers import PostgresServerProcess

OVER = (
    "UPDATE customersms.campaign_flying SET deadline_us = deadline_us - 60000000",
    "UPDATE customersms.campaign_hosts SET until_us = 0",
)
"""The time of every request that is on its way is over, and every lease, as they would be in a minute."""


BEGUN = "SELECT count(*) FROM customersms.campaign_attempts"


@pytest.fixture
def address(shared_postgres: PostgresServerProcess) -> str:
    return added(f"{shared_postgres.url()}?lease=60#spring")


def added(address: str) -> str:
    """The address of a campaign that everyone was added to."""

    async def add() -> None:
        async with Campaign.open(address) as campaign:
            await campaign.add(PEOPLE, "Hello")

    asyncio.run(add())
    return address


def over(server: PostgresServerProcess) -> None:
    server.sql(*OVER, database="app")


async def stand_by(address: str, sandbox: Sandbox) -> list[Outcome]:
    async with (
        AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client,
        Campaign.open(address, create=False) as campaign,
    ):
        return [outcome async for outcome in campaign.run(client, wait=True)]


def test_a_killed_run_is_gone_on_with_once_its_lease_is_over(
    address: str, shared_postgres: PostgresServerProcess, sandbox: Sandbox
) -> None:
    for _ in range(3):
        run = Run(address, sandbox.url)
        run.comes_some_way()
        run.kill()
        with pytest.raises(LedgerError, match="a campaign is running on it: process"):
            asyncio.run(go_on(address, sandbox))
        over(shared_postgres)
    all_is_known(address, sandbox, crashes=3)


def test_whoever_stands_by_takes_over_when_the_one_that_runs_is_killed(
    address: str, shared_postgres: PostgresServerProcess, sandbox: Sandbox
) -> None:
    run = Run(address, sandbox.url)
    run.comes_some_way()

    def kill() -> None:
        run.kill()
        over(shared_postgres)

    later = threading.Timer(0.3, kill)
    later.start()
    outcomes = asyncio.run(stand_by(address, sandbox))
    later.join()
    assert outcomes
    all_is_known(address, sandbox)


def test_a_run_that_was_stopped_for_longer_than_its_lease_begins_nothing_more(
    address: str, shared_postgres: PostgresServerProcess, sandbox: Sandbox
) -> None:
    run = Run(address, sandbox.url)
    run.comes_some_way()
    run.send_signal(signal.SIGSTOP)
    over(shared_postgres)
    asyncio.run(go_on(address, sandbox))
    run.send_signal(signal.SIGCONT)
    said = run.end()
    assert said == "" or "another process runs it by now" in said or "a campaign is running" in said
    all_is_known(address, sandbox)


def test_a_second_run_of_somebody_alive_is_refused_and_a_job_that_comes_twice_returns(
    address: str, sandbox: Sandbox
) -> None:
    run = Run(address, sandbox.url)
    run.comes_some_way()
    with pytest.raises(LedgerError, match="a campaign is running on it"):
        asyncio.run(go_on(address, sandbox))
    assert asyncio.run(job(address, sandbox)) is False
    run.end()
    all_is_known(address, sandbox)


async def job(address: str, sandbox: Sandbox) -> bool:
    async with AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client:
        return await run_campaign(address, client)


def test_a_job_goes_on_with_a_run_that_was_killed_on_its_own_terms(
    address: str, shared_postgres: PostgresServerProcess, sandbox: Sandbox
) -> None:
    assert asyncio.run(job(address, sandbox)) is False, "nobody wants it run yet"
    assert sandbox.requests == 0
    run = Run(address, sandbox.url)
    run.comes_some_way()
    run.kill()
    over(shared_postgres)
    assert asyncio.run(job(address, sandbox)) is True
    assert asyncio.run(job(address, sandbox)) is False, "it is done"
    all_is_known(address, sandbox)


def test_a_pause_from_elsewhere_holds_before_the_next_request(
    address: str, shared_postgres: PostgresServerProcess, sandbox: Sandbox
) -> None:
    run = Run(address, sandbox.url)
    run.comes_some_way()

    async def pause() -> None:
        async with Campaign.open(address, create=False) as campaign:
            assert await campaign.pause(by="Ann")

    asyncio.run(pause())
    begun = shared_postgres.sql(BEGUN, database="app")
    run.end()
    assert shared_postgres.sql(BEGUN, database="app") == begun
    assert sandbox.requests <= begun[0][0]
    with pytest.raises(CampaignStoppedError):
        asyncio.run(go_on(address, sandbox))


# The server


@pytest.fixture
def own_server() -> Iterator[PostgresServerProcess]:
    with postgres_server() as server:
        yield server


def test_a_server_that_is_killed_and_comes_back_loses_nothing(
    own_server: PostgresServerProcess, sandbox: Sandbox
) -> None:
    address = added(f"{own_server.url()}?lease=30#spring")
    run = Run(address, sandbox.url)
    run.comes_some_way()
    for _ in range(2):
        own_server.stop()
        time.sleep(0.3)
        own_server.start()
        time.sleep(0.2)
    assert run.end() == ""
    all_known_and_accepted(address, sandbox)


def test_a_server_that_ends_its_connections_again_and_again_loses_nothing(
    address: str, shared_postgres: PostgresServerProcess, sandbox: Sandbox
) -> None:
    run = Run(address, sandbox.url)
    run.comes_some_way()
    for _ in range(20):
        shared_postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()"
        )
        time.sleep(0.02)
    assert run.end() == ""
    all_known_and_accepted(address, sandbox)


def test_a_pooler_in_between_makes_no_difference(shared_postgres: PostgresServerProcess, sandbox: Sandbox) -> None:
    with pgbouncer(shared_postgres) as port:
        address = added(f"postgresql://app@127.0.0.1:{port}/app?lease=60#spring")
        run = Run(address, sandbox.url)
        run.comes_some_way()
        with pytest.raises(LedgerError, match="a campaign is running on it"):
            asyncio.run(go_on(address, sandbox))
        run.kill()
        over(shared_postgres)
        all_is_known(address, sandbox)


def all_known_and_accepted(address: str, sandbox: Sandbox) -> None:
    nobody_twice(sandbox)
    assert asyncio.run(counted(address)) == {"accepted": len(PEOPLE)}
