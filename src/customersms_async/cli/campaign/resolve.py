"""``customersms campaign resolve``: a person's word about recipients whose fate nobody knew, or who got nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.states import SAYS, State
from ..exits import ending_well, fail
from ..files.phone_list import numbers_in
from ..output import safe_console, say_json
from .resume_hints import hints

if TYPE_CHECKING:
    from collections.abc import Collection

    from ...campaign.states import Choice
    from .deciding_options import Resolved, ResolveOptions
    from .ledger_place import LedgerPlace


def resolve_recipients(options: ResolveOptions) -> None:
    """Do what ``customersms campaign resolve`` does."""
    if (options.status is None) is (options.phones is None):
        raise typer.BadParameter("give either --status or --phones")
    becomes, by = options.becomes, options.by
    with ending_well(options.log_level):
        chosen: str | Collection[str] = options.status or ""
        if options.phones is not None:
            chosen = list(numbers_in(options.phones, options.encoding, options.region, options.phone_column))
        count, kept, missed = asyncio.run(_resolve(options.ledger, chosen, becomes, by))
        if options.json:
            say_json({"resolved": count, "as": becomes, "by": by})
        else:
            who = counted(count, "recipient is", "recipients are")
            safe_console(json=False).print(f"{who} {becomes} from now on", highlight=False)
            if kept > 0:
                who = counted(kept, "is", "are")
                safe_console(json=False).print(f"{who} suppressed, and stay as they are", highlight=False)
        if missed:
            some = f"{counted(len(missed), 'number is', 'numbers are')} left out, the first is {min(missed)}"
            listing = f"{options.ledger.command('export')} --format csv"
            where = "\n".join((f"see {listing}", *hints(listing, options.ledger)))
            said = "not every number is in this ledger and in a state from which that is possible"
            fail(f"{said}: {some}; {where}", 1)


async def _resolve(
    ledger: LedgerPlace, chosen: str | Collection[str], becomes: Resolved, by: str
) -> tuple[int, int, set[str]]:
    """How many it applied to, how many it left as they are, and the numbers that nobody has."""
    async with Campaign.open(ledger.given, create=False) as campaign:
        concerned, missed = await _concerned(campaign, chosen, becomes)
        count = await campaign.resolve(chosen, as_=becomes, by=by)
        return count, concerned - count, missed


async def _concerned(campaign: Campaign, chosen: str | Collection[str], becomes: str) -> tuple[int, set[str]]:
    """How many recipients may become that, of a state or of some numbers, and the numbers that none of them has."""
    choices = SAYS[State(becomes)]
    if isinstance(chosen, str):
        one = choices.get(chosen)
        counts = await campaign.ledger.counts()
        return sum(c.recipients for c in counts if one and _fits(one, c.state, c.code)), set()
    count, numbers = 0, set(chosen)
    missed = set(numbers)
    async for page in campaign.pages(one.state for one in choices.values()):
        found = [
            entry.phone
            for entry in page
            if entry.phone in numbers and any(_fits(one, entry.state, entry.code) for one in choices.values())
        ]
        count += len(found)
        missed.difference_update(found)
    return count, missed


def _fits(choice: Choice, state: State, code: str | None) -> bool:
    return choice.state is state and choice.code in ("", code)
