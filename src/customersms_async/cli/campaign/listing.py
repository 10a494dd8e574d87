"""``customersms campaign list``: the campaigns of a folder or a database, how each stands, and who runs it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ..._core.plural import counted
from ...campaign.listing import campaigns_in
from ...campaign.states import State
from ..exits import ending_well
from ..formats import plain, utc_time
from ..output import safe_console, say_json, show_table
from .counts import COLOURS

if TYPE_CHECKING:
    from ...campaign.listing import ListedCampaign
    from .looking_options import CampaignListOptions


def list_campaigns(options: CampaignListOptions) -> None:
    """Do what ``customersms campaign list`` does."""
    with ending_well(options.log_level):
        found = asyncio.run(campaigns_in(options.place))
        if options.json:
            for one in found:
                say_json(_object(one))
            return
        console = safe_console(json=False)
        if found:
            show_table(console, _table(found))
        for one in found:
            if one.away is not None:
                console.print(f"{plain(one.name)}: {plain(one.away)}", soft_wrap=True, highlight=False)
            if one.problem is not None:
                console.print(f"{plain(one.name)} can't be used: {plain(one.problem)}", soft_wrap=True, highlight=False)
        console.print(counted(len(found), "campaign"), highlight=False)


def _table(found: list[ListedCampaign]) -> Table:
    table = Table()
    table.add_column("campaign", no_wrap=True)
    table.add_column("wanted", overflow="fold")
    table.add_column("recipients", overflow="fold")
    table.add_column("run by", overflow="fold")
    for one in found:
        guard = f" ({plain(one.guard)})" if one.guard else ""
        wanted = "?" if one.problem is not None else f"{one.wanted or 'nobody was added'}{guard}"
        wanted = wanted if one.away is None else "not here"
        there = [Text(f"{one.counts[state]:,} {state}", style=COLOURS[state]) for state in State if one.counts[state]]
        by = "" if one.running is None else plain(one.running.by)
        table.add_row(Text(plain(one.name)), wanted, Text(", ").join(there), Text(by))
    return table


def _object(one: ListedCampaign) -> dict[str, Any]:
    running = one.running
    since = None if running is None or running.since_us is None else utc_time(running.since_us / 1e6)
    return {
        "name": one.name,
        "wanted": one.wanted,
        "guard": one.guard,
        **{state.value: one.counts[state] for state in State},
        "running": None if running is None else {"by": running.by, "since": since},
        "away": one.away,
        "problem": one.problem,
    }
