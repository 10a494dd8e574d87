"""Campaigns that a person pauses, stops and resumes while another process, or another object, runs them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    Campaign,
    CampaignStoppedError,
    ConnectionFailedError,
    Limit,
    MemoryQuota,
    Outcome,
)
from customersms_async.campaign.wanted_states import Wanted, WantedEvent
from customersms_async.sandbox import Fault, Sandbox
from support.campaign_steps import MakeClient, counted, people, run
from support.ledger_rows import rows_of
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async.campaign.wanted import WantedNow

SAYS = [(Campaign.pause, "paused"), (Campaign.stop, "stopped")]


async def wanted(campaign: Campaign) -> WantedNow:
    found = await campaign.wanted()
    assert found is not None
    return found


async def said(path: Path, say: Callable[..., Any]) -> None:
    """A person says so, with a ledger of their own."""
    async with Campaign.open(path, create=False) as other:
        assert await say(other, by="Ann")


@pytest.mark.parametrize(("say", "guard"), SAYS)
async def test_a_run_elsewhere_stops_before_its_next_request_and_goes_on_once_resumed(
    make_client: MakeClient, sandbox: Sandbox, path: Path, say: Callable[..., Any], guard: str
) -> None:
    client = make_client(batch_size=10, max_concurrency=2)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(200), "Hello")
        told: list[Outcome] = []
        at = 0
        with pytest.raises(CampaignStoppedError, match=f"Ann has {guard} it") as raised:
            async for outcome in campaign.run(client):
                told.append(outcome)
                if len(told) == 20:
                    await said(path, say)
                    at = sandbox.requests
        assert raised.value.guard == guard
        assert sandbox.requests <= at + 2, "only what had its intent left"
        assert await counted(campaign) == {"accepted": len(told), "planned": 200 - len(told)}
        with pytest.raises(CampaignStoppedError, match=f"Ann has {guard} it"):
            await run(campaign, client)
        assert len(sandbox.texts) == len(told)
        assert (await wanted(campaign)).state == guard
        assert await campaign.resume(by="Ann")
        assert len(await run(campaign, client)) == 200 - len(told)
        assert (await wanted(campaign)).state is Wanted.DONE
    assert sandbox.duplicates() == ()


@pytest.mark.parametrize(("say", "guard"), SAYS)
async def test_a_run_that_waits_for_its_quota_notices_and_records_what_is_in_flight(
    make_client: MakeClient, path: Path, say: Callable[..., Any], guard: str
) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": 1_000}, latency=2.0)
    async with sandbox.serve() as url, Campaign.open(path) as campaign:
        client = make_client(api_key="cspro_made_up", url=url, batch_size=10, limits=Limit(2, 3_600), reserve=0.0)
        await campaign.add(people(60), "Hello")
        running = asyncio.create_task(run(campaign, client))
        async with asyncio.timeout(PATIENCE):
            while sandbox.requests < 2:  # noqa: ASYNC110 - the sandbox sets no event
                await asyncio.sleep(0.005)
            await said(path, say)
            with pytest.raises(CampaignStoppedError, match="resume it to go on") as raised:
                await running
        assert raised.value.guard == guard
        assert await counted(campaign) == {"accepted": 20, "planned": 40}


async def test_a_run_that_waits_out_an_outage_notices(make_client: MakeClient, sandbox: Sandbox, path: Path) -> None:
    client = make_client(batch_size=10, max_concurrency=1, max_retries=0)
    sandbox.misbehave(lambda number: None if number == 1 else Fault.STATUS_429)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        running = asyncio.create_task(run(campaign, client))
        async with asyncio.timeout(PATIENCE):
            while sandbox.requests < 2:  # noqa: ASYNC110 - the sandbox sets no event
                await asyncio.sleep(0.005)
            await said(path, Campaign.pause)
            with pytest.raises(CampaignStoppedError, match="Ann has paused it"):
                await running


async def test_what_was_paused_before_its_first_run_is_not_run_until_it_is_resumed(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        await campaign.pause(by="Ann")
        with pytest.raises(CampaignStoppedError, match="Ann has paused it"):
            await run(campaign, client)
        assert sandbox.requests == 0
        await campaign.resume(by="Ann")
        assert (await wanted(campaign)).state is Wanted.DRAFT
        assert len(await run(campaign, client)) == 3


async def test_what_is_wanted_stands_in_the_ledger_before_the_first_request_with_the_terms(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    sandbox.misbehave([Fault.JSON_CUT])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        async with campaign.run(client, max_segments=99) as stream:
            await anext(stream)
            found = await wanted(campaign)
            assert (found.state, found.event) == (Wanted.RUN, WantedEvent.BEGUN)
            assert found.by.startswith("process ")
            assert found.terms is not None
            assert (found.terms.guards.max_segments, found.terms.url) == (99, sandbox.url)


async def test_a_guard_stops_it_durably_and_the_next_run_under_other_terms_goes_on(
    client: AsyncClient, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(30), "Hello")
        with pytest.raises(CampaignStoppedError):
            await run(campaign, client, max_recipients=10)
        found = await wanted(campaign)
        assert (found.state, found.guard) == (Wanted.STOPPED, "max_recipients")
        assert "10 recipients is the most that is allowed" in found.why
        await run(campaign, client)
        found = await wanted(campaign)
        assert (found.state, found.guard) == (Wanted.DONE, "")
        assert found.terms is not None
        assert found.terms.guards.max_recipients is None


async def test_a_run_that_is_left_early_is_stopped_as_interrupted_and_goes_on_with_the_next(
    make_client: MakeClient, path: Path
) -> None:
    client = make_client(batch_size=10, max_concurrency=1)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(300), "Hello")
        async for _ in campaign.run(client):
            break
    async with Campaign.open(path) as campaign:
        found = await wanted(campaign)
        assert (found.state, found.event, found.guard) == (Wanted.STOPPED, WantedEvent.INTERRUPTED, "interrupted")
        await run(campaign, client)
        assert await counted(campaign) == {"accepted": 300}


async def test_a_client_that_is_closed_interrupts_the_run(make_client: MakeClient, path: Path) -> None:
    client = make_client(batch_size=10, max_concurrency=1)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(300), "Hello")
        async with campaign.run(client) as stream:
            await anext(stream)
            await client.aclose()
        found = await wanted(campaign)
        assert (found.state, found.guard) == (Wanted.STOPPED, "interrupted")


async def test_a_key_that_is_refused_stops_it_and_a_gateway_that_is_away_does_not(
    make_client: MakeClient, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        away = make_client(url="http://127.0.0.1:9/", max_retries=0)
        with pytest.raises(ConnectionFailedError):
            await run(campaign, away)
        assert (await wanted(campaign)).state is Wanted.RUN
        sandbox = Sandbox(keys={"cspro_made_up": 99})
        async with sandbox.serve() as url, AsyncClient(api_key="another", url=url, quota=MemoryQuota()) as client:
            with pytest.raises(AuthenticationError):
                await run(campaign, client)
        found = await wanted(campaign)
        assert (found.state, found.guard) == (Wanted.STOPPED, "invalid_api_key")


async def test_a_pause_when_nobody_is_left_is_kept_and_the_run_ends_well(client: AsyncClient, path: Path) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        stream = campaign.run(client)
        told = []
        async for outcome in stream:
            told.append(outcome)
            if len(told) == 1:
                await said(path, Campaign.pause)
        assert len(told) == 3
        assert (await wanted(campaign)).state is Wanted.PAUSED


async def test_a_ledger_says_nothing_secret_of_a_run(client: AsyncClient, path: Path) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        await run(campaign, client)
        rows = await rows_of(campaign.ledger, "SELECT * FROM terms")
    assert "cspro" not in repr(rows)
