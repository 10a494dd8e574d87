"""Hours of a campaign in a database: kept in its terms, kept to by whoever goes on, and by the database's clock."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from customersms_async import Campaign, ConfigurationError, Hours
from customersms_async._core.schedule import SendSchedule
from customersms_async._sending.stream import OutcomeStream
from customersms_async.campaign._postgres.database_place import read_place
from customersms_async.campaign._postgres.ledger import PostgresLedger
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.runs import CampaignRuns
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.models import Code, Outcome
from support.campaign_steps import MakeClient, codes, counted, run
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from customersms_async._sending.open_client import OpenClient
    from customersms_async.sandbox import Sandbox
    from support.postgres_servers import PostgresServerProcess

HOUR_US = 3_600_000_000


def new_yorkers(count: int) -> list[str]:
    """So many phone numbers, as only a number that may be one has a time zone."""
    return [f"+1212555{number:04}" for number in range(count)]


def hours_from_now(begin: int, end: int) -> Hours:
    """Hours that begin and end so many hours from now in New York."""
    now = datetime.now(ZoneInfo("America/New_York"))
    return Hours("-".join(f"{now + timedelta(hours=hours):%H:%M}" for hours in (begin, end)))


async def left_while_it_waits(stream: OutcomeStream, runs: CampaignRuns) -> None:
    """Consume a run to its end, or until it waits as nobody may be texted now; then leave it."""
    outcomes = asyncio.ensure_future(all_of(stream))
    async with asyncio.timeout(PATIENCE):
        while not outcomes.done() and not any(each._plan.waits for each in runs._runners.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the runner tells nobody that it waits
    await runs.end()
    await outcomes


async def all_of(stream: OutcomeStream) -> list[Outcome]:
    return [outcome async for outcome in stream]


async def terms_in(campaign: Campaign) -> CampaignTerms:
    now = await campaign.wanted()
    assert now is not None
    assert now.terms is not None
    return now.terms


@pytest.fixture
def address(shared_postgres: PostgresServerProcess) -> str:
    return f"{shared_postgres.url()}#spring"


async def test_the_hours_stand_in_the_terms_and_whoever_goes_on_keeps_to_them(
    address: str, make_client: MakeClient, sandbox: Sandbox
) -> None:
    hours = hours_from_now(3, 6)
    async with Campaign.open(address) as campaign:
        await campaign.add(new_yorkers(5), "Hello")
        stream = campaign.run(make_client(), hours=hours, expires=timedelta(hours=48), margin=7)
        await left_while_it_waits(stream, campaign._runs)
        terms = await terms_in(campaign)
        assert terms.schedule == SendSchedule(hours=hours, expires_after_us=48 * HOUR_US, margin_us=7_000_000)
        await campaign.resume(by="Ann")
    async with Campaign.open(address, create=False) as campaign:
        await left_while_it_waits(await campaign.go_on(make_client()), campaign._runs)
        assert await terms_in(campaign) == terms
        assert await counted(campaign) == {"planned": 5}
        assert sandbox.requests == 0
        assert len(await run(campaign, make_client(), hours=hours_from_now(-3, 3))) == 5
    assert len(sandbox.texts) == 5


async def test_who_has_expired_or_has_no_zone_is_skipped_in_a_database_too(
    address: str, make_client: MakeClient, sandbox: Sandbox
) -> None:
    async with Campaign.open(address) as campaign:
        await campaign.add([*new_yorkers(1), "+88210000000"], "Hello")
        await run(campaign, make_client(), hours=Hours("00:00-24:00"), expires=datetime(2020, 1, 1, tzinfo=UTC))
        assert await codes(campaign) == {0: Code.EXPIRED, 1: Code.EXPIRED}
        assert await campaign.resolve("skipped", as_="planned", by="Ann") == 2
        await run(campaign, make_client(), hours=Hours("00:00-24:00"))
        assert await codes(campaign) == {1: Code.NO_ZONE}
    assert len(sandbox.texts) == 1


async def test_a_time_without_an_offset_is_refused_for_a_database(address: str, make_client: MakeClient) -> None:
    naive = datetime(2026, 12, 1, 9)  # noqa: DTZ001 - a time without a zone is what is tested
    async with Campaign.open(address) as campaign:
        await campaign.add(new_yorkers(1), "Hello")
        with pytest.raises(ConfigurationError, match="at needs an offset, or the hours a zone"):
            campaign.run(make_client(), at=naive)


@pytest.mark.parametrize(("off_us", "sent"), [(0, 0), (HOUR_US, 3), (-HOUR_US, 0)])
async def test_it_goes_by_the_database_s_clock_and_not_by_the_machine_s(
    address: str, make_client: MakeClient, sandbox: Sandbox, off_us: int, sent: int
) -> None:
    """It begins in half an hour by this machine's clock, from which that of the ledger is an hour off."""
    await goes_by(address, make_client(), off_us, SendSchedule(at_us=time.time_ns() // 1_000 + HOUR_US // 2))
    assert len(sandbox.texts) == sent


@pytest.mark.parametrize(("off_us", "sent"), [(0, 3), (HOUR_US, 0), (-HOUR_US, 3)])
async def test_it_expires_by_the_database_s_clock(
    address: str, make_client: MakeClient, sandbox: Sandbox, off_us: int, sent: int
) -> None:
    await goes_by(address, make_client(), off_us, SendSchedule(expires_us=time.time_ns() // 1_000 + HOUR_US // 2))
    assert len(sandbox.texts) == sent


async def goes_by(address: str, client: Any, off_us: int, schedule: SendSchedule) -> None:
    """Run a campaign of three whose ledger's clock is that far off, to the end, or until it waits."""
    place = read_place(address, None)
    ledger = await PostgresLedger.open(place, create=True, clock=lambda: time.time_ns() // 1_000 + off_us)
    runs, guards = CampaignRuns(), Guards()

    def terms(opened: OpenClient) -> CampaignTerms:
        return CampaignTerms.of(opened.sender, guards, schedule)

    try:
        async with Campaign.open(address) as campaign:
            await campaign.add(new_yorkers(3), "Hello")
        runner = runs.begin(ledger, client, guards, (), terms, wait=False)
        await left_while_it_waits(OutcomeStream(lambda: runner), runs)
    finally:
        await runs.end()
        await ledger.close()
