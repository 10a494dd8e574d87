"""Runs that are left, cancelled, refused or cut off by their ledger: no answer is lost, no text goes twice."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError, Limit
from customersms_async.sandbox import Sandbox
from support.campaign_steps import MakeClient, counted, people, run
from support.real_time import PATIENCE
from support.stream_asking import three_asked_for

if TYPE_CHECKING:
    from pathlib import Path


async def refuse_to_write(campaign: Campaign, table: str) -> None:
    """Let the ledger fail as a full disk would, at the next row for ``table``."""
    trigger = f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT raise(ABORT, 'full'); END"

    def write() -> None:
        with closing(sqlite3.connect(campaign.ledger.name)) as connection:
            connection.execute(trigger)

    await asyncio.to_thread(write)


def let_write_again(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER full")


async def part_of_it_is_recorded(path: Path, sandbox: Sandbox, *, of: int) -> None:
    """What was in flight is there, the rest is still planned, and nobody is in between."""
    async with Campaign.open(path) as campaign:
        counts = await counted(campaign)
    assert counts["accepted"] == len(sandbox.texts) < of
    assert set(counts) == {"accepted", "planned"}


async def test_leaving_early_records_what_is_in_flight(make_client: MakeClient, path: Path) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": 1_000}, latency=(0.05, 0.1))
    async with sandbox.serve() as url:
        client = make_client(api_key="cspro_made_up", url=url, batch_size=10, max_concurrency=3)
        async with Campaign.open(path) as campaign:
            await campaign.add(people(100), "Hello")
            async for _ in campaign.run(client):
                break
        await part_of_it_is_recorded(path, sandbox, of=100)


async def test_a_run_that_was_left_is_waited_for_by_the_next(make_client: MakeClient, path: Path) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": 1_000}, latency=(0.6, 0.8))
    async with sandbox.serve() as url:
        client = make_client(api_key="cspro_made_up", url=url, batch_size=10, max_concurrency=3)
        async with Campaign.open(path) as campaign:
            await campaign.add(people(60), "Hello")
            async for _ in campaign.run(client):
                break
            await run(campaign, client)
            assert await counted(campaign) == {"accepted": 60}
    assert sandbox.duplicates() == ()


async def test_a_cancelled_run_loses_no_answer(make_client: MakeClient, path: Path) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": 1_000}, latency=0.2)
    async with sandbox.serve() as url:
        client = make_client(api_key="cspro_made_up", url=url, batch_size=10, max_concurrency=3)
        async with Campaign.open(path) as campaign:
            await campaign.add(people(100), "Hello")
            running = asyncio.create_task(run(campaign, client))
            async with asyncio.timeout(PATIENCE):
                while sandbox.requests < 3:  # noqa: ASYNC110 - the sandbox sets no event
                    await asyncio.sleep(0.005)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        await part_of_it_is_recorded(path, sandbox, of=100)


async def test_an_anext_at_the_heels_of_a_cancelled_one_and_two_at_once_are_all_answered(
    make_client: MakeClient, path: Path
) -> None:
    client = make_client(batch_size=1)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        outcomes = await three_asked_for(campaign.run(client))
    assert sorted(o.index for o in outcomes) == [0, 1, 2]


async def test_a_ledger_that_fails_between_grant_and_first_byte_sends_nothing_and_gives_the_grant_back(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        await refuse_to_write(campaign, "attempts")
        with pytest.raises(LedgerError, match="full"):
            await run(campaign, client)
        assert await counted(campaign) == {"planned": 10}
    assert sandbox.requests == 0
    assert (await client.quota_status()).limits[0].used == 0


async def test_an_answer_that_can_not_be_recorded_is_unknown_and_not_sent_again(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        await refuse_to_write(campaign, "answers")
        with pytest.raises(LedgerError, match="full"):
            await run(campaign, client)
    let_write_again(path)
    async with Campaign.open(path) as campaign:
        assert await counted(campaign) == {"unknown": 10}
        assert await run(campaign, client) == []
    assert (len(sandbox.texts), sandbox.requests) == (10, 1)


async def test_a_second_run_at_the_same_time_is_refused(make_client: MakeClient, path: Path) -> None:
    client = make_client(limits=Limit(1, 600), batch_size=1)
    async with Campaign.open(path) as campaign, Campaign.open(path) as other:
        await campaign.add(people(2), "Hello")
        async with campaign.run(client) as stream:
            await anext(stream)
            with pytest.raises(LedgerError, match="a campaign is running on it"):
                await run(other, client)


async def test_whoever_asks_in_the_very_turn_in_which_a_run_fails_hears_of_it(client: AsyncClient, path: Path) -> None:
    async with Campaign.open(path) as campaign, Campaign.open(path) as other:
        await campaign.add(people(1), "Hello")
        await other.ledger.become_runner()
        async with campaign.run(client) as stream:
            while not all(task.done() for task in campaign._runs._runners):  # noqa: ASYNC110 - no callback is early enough
                await asyncio.sleep(0)
            with pytest.raises(LedgerError, match="a campaign is running on it"):
                await anext(stream)
        await other.ledger.leave_running()
