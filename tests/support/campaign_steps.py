"""What a test of a campaign does again and again: people, a whole run, the counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from customersms_async import AsyncClient, Campaign, Outcome, Status

MakeClient = Callable[..., AsyncClient]


def people(count: int) -> list[str]:
    """So many phone numbers."""
    return [f"+1212{number:07}" for number in range(count)]


async def run(campaign: Campaign, client: AsyncClient, **options: Any) -> list[Outcome]:
    """Run the campaign to its end; all outcomes in the order in which they came."""
    return [outcome async for outcome in campaign.run(client, **options)]


async def counted(campaign: Campaign) -> dict[str, int]:
    """How many recipients each state holds; states that hold nobody are left out."""
    return {state.value: count for state, count in (await campaign.counts()).items() if count}


async def codes(campaign: Campaign) -> dict[int, str | None]:
    """The codes of all who are skipped, by their places."""
    return {o.index: o.code async for o in campaign.outcomes(Status.UNSENT) if o.code}
