"""A campaign that was begun earlier: what its ledger holds, and what is left to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.states import State
from ..forecast import forecast
from ..formats import length, moment
from ..output import say_json
from .counts import counts_object, counts_table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from ...campaign.queries import Count
    from ..options import ClientOptions


class StartedCampaign(msgspec.Struct, frozen=True):
    """A ledger that recipients were added to: the text (``None``: each came with one of its own), and who is left.

    ``planned`` are the recipients that are left, in so many ``requests`` at best.
    """

    template: str | None
    rehearsal: bool
    planned: int
    requests: int
    counts: list[Count]


def read_ledger(path: Path, batch_size: int = 0, *, must_exist: bool = False) -> StartedCampaign | None:
    """The campaign in the ledger at ``path``; ``None`` if there is no ledger, or nothing in it.

    ``requests`` are counted in batches of ``batch_size``, which takes a while; without one they are 0.
    """
    if not must_exist and not path.exists():
        return None
    return asyncio.run(_read(path, batch_size))


async def _read(path: Path, batch_size: int) -> StartedCampaign | None:
    async with Campaign.open(path, create=False) as campaign:
        added = await campaign.ledger.added()
        counts = await campaign.ledger.counts()
        requests = await campaign.ledger.requests(batch_size) if batch_size else 0
    planned = sum(count.recipients for count in counts if count.state is State.PLANNED)
    return None if added is None else StartedCampaign(added.template, bool(added.rehearsal), planned, requests, counts)


def show_started(
    ledger: Path, started: StartedCampaign, client: ClientOptions, console: Console, *, as_object: bool
) -> None:
    """Show how a ledger stands that is to be gone on with, and when that would end."""
    client.options()  # refused here as in ``check_job``, before anyone is asked
    seconds = asyncio.run(forecast(client, started.requests))
    if as_object:
        say_json({**counts_object(started.counts), "requests": started.requests, "seconds": seconds})
        return
    console.print(counts_table(str(ledger), started.counts))
    if started.planned:
        planned = counted(started.planned, "recipient is", "recipients are")
        left = f"{planned} planned, in {counted(started.requests, 'request')}"
        console.print(f"{left}; that ends in {length(seconds)}, at {moment(seconds)}", highlight=False)
