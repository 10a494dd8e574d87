"""What stops a campaign's run: guards, the gateway's no, and a gateway that never answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    Campaign,
    CampaignStoppedError,
    ConnectionFailedError,
    InsufficientCreditsError,
    Limit,
    MemoryQuota,
    Outcome,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox
from support.campaign_steps import MakeClient, counted, people, run
from support.engines import ENGINES, engine_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("options", "guard", "gone"),
    [
        ({"max_recipients": 25}, "max_recipients", 25),
        ({"max_segments": 12}, "max_segments", 12),
        ({"keep_credits": 99_975}, "keep_credits", 25),
        ({"until": datetime.now().astimezone() - timedelta(seconds=1)}, "until", 0),
        ({"allow_prefix": "+44"}, "allow_prefix", 0),
        ({"allow_prefix": ["+44", "+1"]}, None, 60),
        ({"max_recipients": 60, "keep_credits": 99_940}, None, 60),
    ],
)
async def test_a_guard_stops_before_the_next_request(
    make_client: MakeClient, sandbox: Sandbox, path: Path, options: dict[str, Any], guard: str | None, gone: int
) -> None:
    client = make_client(batch_size=10)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        for _ in range(2):  # a second run is stopped by the same guard at the same place
            try:
                await run(campaign, client, **options)
                stopped = None
            except CampaignStoppedError as error:
                stopped = error.guard
            assert (stopped, len(sandbox.texts)) == (guard, gone)
        await run(campaign, client)
        assert await counted(campaign) == {"accepted": 60}
    assert sandbox.duplicates() == ()


async def test_unknown_requests_in_a_row_stop_it_and_those_that_wait_do_not_leave(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(batch_size=10, max_concurrency=3)
    sandbox.misbehave([Fault.JSON_CUT] * 20)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(200), "Hello")
        with pytest.raises(CampaignStoppedError, match="requests in a row ended unknown"):
            await run(campaign, client)
        counts = await counted(campaign)
    assert 5 <= sandbox.requests <= 7
    assert counts == {"unknown": 10 * sandbox.requests, "planned": 200 - 10 * sandbox.requests}


async def test_the_end_of_the_time_stops_those_that_wait_for_the_quota(make_client: MakeClient, path: Path) -> None:
    client = make_client(batch_size=10, limits=Limit(2, 600))
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        with pytest.raises(CampaignStoppedError, match="the time that until names"):
            await run(campaign, client, until=datetime.now().astimezone() + timedelta(seconds=0.5))
        assert (await counted(campaign))["planned"] >= 40


@pytest.mark.parametrize(
    ("left", "key", "error"), [(15, None, InsufficientCreditsError), (99, "another_key", AuthenticationError)]
)
async def test_no_credits_and_a_bad_key_stop_it_with_the_rest_still_planned(
    path: Path, left: int, key: str | None, error: type[Exception]
) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": left})
    async with sandbox.serve() as url, Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        options: dict[str, Any] = {"url": url, "quota": MemoryQuota(), "batch_size": 10, "pace": None}
        async with AsyncClient(api_key=key or "cspro_made_up", **options) as client:
            with pytest.raises(error):
                await run(campaign, client)
        counts = await counted(campaign)
    # the gateway itself refused five of a request by their rows
    assert counts == ({"planned": 45, "accepted": 15} if key is None else {"planned": 60})


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.ROW_NO_CREDITS, InsufficientCreditsError), (Fault.ROW_KEY_REFUSED, AuthenticationError)],
)
@pytest.mark.parametrize("engine", ENGINES)
async def test_rows_that_refuse_the_key_or_the_account_stop_it_with_everyone_still_planned(
    make_client: MakeClient, sandbox: Sandbox, path: Path, engine: str, fault: Fault, error: type[Exception]
) -> None:
    sandbox.misbehave(lambda request: None if request < 3 else fault)
    async with engine_of(engine) as http_client, Campaign.open(path) as campaign:
        client = make_client(batch_size=100, max_concurrency=1, http_client=http_client)
        await campaign.add(people(1_000), "Hello")
        told: list[Outcome] = []
        with pytest.raises(error):
            async for outcome in campaign.run(client):
                told.append(outcome)
        assert {outcome.status for outcome in told} == {Status.ACCEPTED}
        assert await counted(campaign) == {"planned": 800, "accepted": 200}
        assert sandbox.requests == 3
        sandbox.misbehave(())
        assert len(await run(campaign, client)) == 800
        await client.aclose()
    assert (len(sandbox.texts), sandbox.duplicates()) == (1_000, ())


async def test_a_gateway_that_never_answered_ends_the_run_and_everyone_stays_planned(
    make_client: MakeClient, path: Path
) -> None:
    client = make_client(url="http://127.0.0.1:9/", max_retries=0)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        with pytest.raises(ConnectionFailedError):
            await run(campaign, client)
        assert await counted(campaign) == {"planned": 10}
