"""A run whose event loop was ended under it: the process that lives on does not hold the campaign for it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from customersms_async import Campaign
from customersms_async.campaign._postgres import host
from customersms_async.campaign.refusals import RunElsewhereError
from support.campaign_steps import people
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from support.postgres_servers import PostgresServerProcess

LEASE = 1.0625
"""Seconds; no other test has it."""


async def take(address: str) -> bool:
    """Become the one runner, and leave; false if another one is."""
    async with Campaign.open(address, create=False) as campaign:
        try:
            await campaign.ledger.become_runner()
        except RunElsewhereError:
            return False
    return True


def test_a_campaign_of_an_event_loop_that_was_closed_is_given_back(shared_postgres: PostgresServerProcess) -> None:
    """Also where another campaign of the process is run, and so keeps the process alive for the server."""
    url = f"{shared_postgres.url()}?lease={LEASE}"
    kept: list[Campaign] = []

    async def lead(name: str) -> None:
        campaign = Campaign.open(url, name=name)
        await campaign.__aenter__()
        await campaign.add(people(3), "Hello")
        await campaign.ledger.become_runner()
        kept.append(campaign)

    async def goes_on() -> None:
        await lead("live")
        await asyncio.to_thread(asyncio.run, lead("left"))
        end = time.monotonic() + PATIENCE
        while not await take(f"{url}#left"):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
        assert not await take(f"{url}#live")

    asyncio.run(goes_on())
    assert len(kept) == 2
    end = time.monotonic() + PATIENCE
    while (left := [key for key in host._hosts if LEASE in key]) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []
    assert asyncio.run(take(f"{url}#live"))
