"""Who goes on with a run that is wanted: to its client's own URL, with its own list, on the terms that were judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from customersms_async import AsyncClient, Campaign, ConfigurationError, Limit, MemorySuppression
from customersms_async._sending.open_client import open_client
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.successor import client_of
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.sandbox import Sandbox
from support.campaign_steps import MakeClient, people

if TYPE_CHECKING:
    from pathlib import Path

KEY = "cspro_a_key_that_must_never_show"


def terms_of(client: AsyncClient) -> CampaignTerms:
    return CampaignTerms.of(open_client(client).sender, Guards())


async def begin(campaign: Campaign, terms: CampaignTerms) -> None:
    """Leave the campaign as a process that was killed leaves it: a run on these terms is wanted, and nobody runs it."""
    await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="somebody", terms=terms))


async def gone_on(campaign: Campaign, client: AsyncClient, terms: CampaignTerms | None = None) -> int:
    """Go on to the end; how many outcomes there were."""
    return len([outcome async for outcome in await campaign.go_on(client, terms=terms)])


async def test_terms_with_another_url_have_no_key_sent_there(
    path: Path, make_client: MakeClient, sandbox: Sandbox
) -> None:
    client, other = make_client(), Sandbox(keys={KEY: 100})
    async with other.serve(), Campaign.open(path) as campaign:
        await campaign.add(people(5), "Hello")
        await begin(campaign, msgspec.structs.replace(terms_of(client), url=other.url))
        with pytest.raises(ConfigurationError, match="terms name the URL") as caught:
            await gone_on(campaign, client)
        assert other.url in str(caught.value)
        assert sandbox.url in str(caught.value)
        assert (other.requests, sandbox.requests) == (0, 0)


async def test_what_terms_leave_out_of_a_url_stays_the_client_s_own(make_client: MakeClient, sandbox: Sandbox) -> None:
    url = f"{sandbox.url}?tenant=shop"
    client = make_client(url=url)
    assert "shop" not in terms_of(client).encode()
    kept = await client_of(client, terms_of(client), "spring")
    assert open_client(kept).sender.url == url


@pytest.mark.parametrize(
    ("own", "theirs", "shown"), [("shop", None, "shop"), ("shop", "tenant", "shop"), (None, "tenant", "tenant")]
)
async def test_the_key_is_called_as_its_client_calls_it_and_the_terms_stay_as_they_stand(
    path: Path, make_client: MakeClient, own: str | None, theirs: str | None, shown: str
) -> None:
    heard: set[str] = set()
    began = terms_of(make_client(label=theirs))
    client = make_client(label=own, on_event=lambda event: heard.add(event.key))
    async with Campaign.open(path) as campaign:
        await campaign.add(people(5), "Hello")
        await begin(campaign, began)
        assert await gone_on(campaign, client) == 5
        now = await campaign.wanted()
    assert heard == {shown}
    assert now is not None
    assert now.terms == began


async def test_it_goes_on_with_no_other_terms_than_those_that_were_judged(
    path: Path, make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client()
    judged = terms_of(client)
    changed = msgspec.structs.replace(judged, limits=(Limit(1_000_000, 1),))
    async with Campaign.open(path) as campaign:
        await campaign.add(people(5), "Hello")
        await begin(campaign, changed)
        with pytest.raises(ConfigurationError, match="other terms meanwhile"):
            await gone_on(campaign, client, judged)
        assert sandbox.requests == 0
        assert await gone_on(campaign, client, changed) == 5


async def test_another_list_in_memory_is_not_the_one_that_the_run_began_with(
    path: Path, make_client: MakeClient, sandbox: Sandbox
) -> None:
    kept = MemorySuppression()
    client = make_client(suppression=kept)
    await kept.add(people(2), why="asked to")
    async with Campaign.open(path) as campaign:
        await campaign.add(people(5), "Hello")
        await begin(campaign, terms_of(client))
        with pytest.raises(ConfigurationError, match="as the list of suppressed numbers, and this client has"):
            await gone_on(campaign, make_client(suppression=MemorySuppression()))
        assert sandbox.requests == 0
        await gone_on(campaign, make_client(suppression=kept))
    assert len(sandbox.texts) == 3
