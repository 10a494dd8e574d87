"""More people are added to a campaign while it runs, in the same process and in others: everyone is sent to, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, Campaign, CampaignStoppedError, ConfigurationError
from customersms_async.campaign.wanted_states import WantedEvent
from support.campaign_steps import counted, people, run

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.campaign.protocol import CampaignLedger
    from customersms_async.campaign.wanted import WantedChange
    from customersms_async.sandbox import Sandbox


async def test_who_is_added_in_the_middle_of_a_run_is_sent_to_by_it(
    small_client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign, Campaign.open(path) as other:
        await campaign.add(people(60), "Hello")
        added = None
        async for _ in campaign.run(small_client):
            if added is None:
                added = await other.add_more(people(80), "Hello", by="Ann", source="late.csv")
        assert added is not None
        assert (added["planned"], added["skipped"]) == (20, 60)  # type: ignore[index]  # the states are text
        assert await counted(campaign) == {"accepted": 80, "skipped": 60}
        assert await other.add_more(people(80), "Hello", by="Ann") is None
    assert (len(sandbox.texts), sandbox.duplicates()) == (80, ())


class AddsAtTheEnd:
    """A ledger to which people are added after the last look at who is planned, before it is said to be done."""

    def __init__(self, ledger: CampaignLedger, more: Campaign) -> None:
        self._ledger = ledger
        self._more = more

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def want(self, change: WantedChange) -> bool:
        if change.event is WantedEvent.FINISHED:
            await self._more.add_more(people(12), "Hello", by="Ann")
        return await self._ledger.want(change)


async def test_who_is_added_just_as_the_run_ends_is_sent_to_as_well(
    small_client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign, Campaign.open(path) as other:
        await campaign.add(people(10), "Hello")
        campaign._opened = AddsAtTheEnd(campaign.ledger, other)
        assert len(await run(campaign, small_client)) == 12
        assert await counted(campaign) == {"accepted": 12, "skipped": 10}
        now = await campaign.wanted()
        assert now is not None
        assert now.state.value == "done"
    assert (len(sandbox.texts), sandbox.duplicates()) == (12, ())


async def test_the_guards_of_the_run_hold_for_who_is_added(small_client: AsyncClient, path: Path) -> None:
    async with Campaign.open(path) as campaign, Campaign.open(path) as other:
        await campaign.add(people(60), "Hello")
        added = False
        with pytest.raises(CampaignStoppedError, match="does not begin with \\+1"):
            async for _ in campaign.run(small_client, allow_prefix="+1"):
                if not added:
                    added = await other.add_more(["+447700900123"], "Hello", by="Ann") is not None
        assert (await counted(campaign))["planned"] >= 1


async def test_an_addition_to_nothing_is_a_draft_and_one_without_a_name_is_refused(path: Path) -> None:
    async with Campaign.open(path) as campaign:
        with pytest.raises(ConfigurationError, match="say by whom"):
            await campaign.add_more(people(1), "Hello", by=" ")
        added = await campaign.add_more(people(2), "Hello", by="Ann", source="a.csv")
        assert added is not None
        assert added["planned"] == 2  # type: ignore[index]  # the states are text
        (first,) = await campaign.ledger.additions()
        assert (first.source, first.by, first.recipients, first.first) == ("a.csv", "Ann", 2, 0)
        now = await campaign.wanted()
        assert now is not None
        assert (now.state.value, now.by) == ("draft", "Ann")


async def test_resolve_takes_codes(small_client: AsyncClient, path: Path) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(2), "Hello")
        assert await campaign.resolve("skipped", as_="planned", by="Ann") == 0
        assert await campaign.resolve("rejected", as_="planned", by="Ann", codes=["OTHER"]) == 0
        assert await campaign.resolve("skipped", as_="planned", by="Ann", codes=["DUPLICATE"]) == 0
        assert await campaign.resolve(people(2), as_="planned", by="Ann", codes=["OTHER"]) == 0
        with pytest.raises(ConfigurationError, match="only who is unknown can be resolved as accepted"):
            await campaign.resolve("skipped", as_="accepted", by="Ann")
