"""``customersms campaign retry``: sends again to who got nothing, or may have got nothing, as a person says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import typer
from rich.table import Table

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.states import State, chosen
from ...campaign.wanted_states import Wanted
from ..confirmation import ask
from ..exits import ending_well
from ..formats import plain
from ..output import safe_console, say_json, show_table
from .resume_hints import run_needed

if TYPE_CHECKING:
    from rich.console import Console

    from ...campaign.rows import Count
    from ...campaign.states import Choice
    from ...campaign.wanted import WantedNow
    from .deciding_options import RetryOptions

_TWICE: Final = "Who is unknown may have got the text already, and would get it twice"


def retry_recipients(options: RetryOptions) -> None:
    """Do what ``customersms campaign retry`` does."""
    given = (("rejected", options.rejected), ("skipped", options.skipped), ("unknown", options.unknown))
    who = [name for name, is_given in given if is_given]
    if not who:
        raise typer.BadParameter("give --rejected, --skipped or --unknown")
    codes = tuple(code.upper() for code in options.code or ())
    choices = [choice for name in who for choice in chosen(State.PLANNED, name, codes)]
    if not choices:
        raise typer.BadParameter(f"nobody who is {' or '.join(who)} with code {', '.join(codes)} can be planned again")
    console = safe_console(json=options.json)
    with ending_well(options.log_level):
        concerned = asyncio.run(_concerned(options, choices))
        _show(concerned, console)
        if concerned and not options.yes:
            ask(None, "nobody is planned again", question="Send to them again?")
        count, now = asyncio.run(_plan(options, choices)) if concerned else (0, None)
        if options.json:
            say_json({"resolved": count, "as": "planned", "by": options.by, "who": who, "codes": list(codes)})
            return
        console.print(f"{counted(count, 'recipient is', 'recipients are')} planned from now on", highlight=False)
        kept = sum(each.recipients for each in concerned) - count
        if concerned and kept > 0:
            who_stays = counted(kept, "is", "are")
            console.print(f"{who_stays} suppressed, and stay as they are", highlight=False)
        if count and (now is None or now.state is not Wanted.RUN):
            console.print(*run_needed(options.ledger, now), sep="\n", soft_wrap=True, highlight=False, markup=False)


async def _concerned(options: RetryOptions, choices: list[Choice]) -> list[Count]:
    async with Campaign.open(options.ledger.given, create=False) as campaign:
        counts = await campaign.ledger.counts()
    return [
        count
        for count in counts
        if any(choice.state is count.state and choice.code in ("", count.code) for choice in choices)
    ]


async def _plan(options: RetryOptions, choices: list[Choice]) -> tuple[int, WantedNow | None]:
    async with Campaign.open(options.ledger.given, create=False) as campaign:
        return await campaign.ledger.resolve(choices, None, options.by.strip()), await campaign.wanted()


def _show(concerned: list[Count], console: Console) -> None:
    """Show who would be sent to again, and what may come of that."""
    if not concerned:
        console.print("nobody is so", highlight=False)
        return
    table = Table()
    table.add_column("state")
    table.add_column("code", no_wrap=True)
    table.add_column("number", justify="right")
    table.add_column("segments", justify="right")
    for count in concerned:
        table.add_row(count.state.value, plain(count.code), f"{count.recipients:,}", f"{count.segments:,}")
    show_table(console, table)
    total = sum(count.recipients for count in concerned)
    segments = sum(count.segments for count in concerned)
    who = counted(total, "recipient", "recipients")
    console.print(f"{who} would be sent to again, in {counted(segments, 'segment')}", highlight=False)
    if any(count.state is State.UNKNOWN for count in concerned):
        console.print(_TWICE, style="yellow", highlight=False)
