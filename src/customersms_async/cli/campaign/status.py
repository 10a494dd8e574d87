"""``customersms campaign status``, once or again and again until the campaign ends."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.console import Group
from rich.live import Live
from rich.text import Text

from ...campaign import Campaign
from ...campaign.refusals import LedgerAwayError
from ...campaign.states import State
from ...campaign.wanted_states import Wanted
from ..error_words import in_words
from ..exits import ending_well
from ..formats import plain
from ..options import quota_named
from ..output import safe_console, say_json
from .counts import counts_object, counts_table
from .doubles import doubles_line
from .hours_outlook import HoursOutlook
from .move_output import move_lines, move_object
from .outlook import Outlook, Waits, outlook
from .wanted_output import wanted_lines, wanted_object

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ...campaign.move_states import LedgerMove
    from ...campaign.rows import Count, KnownDouble
    from ...campaign.wanted import WantedNow
    from .looking_options import StatusOptions

LOOK_EVERY: Final = 1.5
"""Seconds between two looks of ``--watch``."""


class SeenCampaign(msgspec.Struct, frozen=True):
    """All that ``campaign status`` says."""

    counts: list[Count]
    wanted: WantedNow | None
    doubles: list[KnownDouble]
    move: LedgerMove | None
    outlook: Outlook

    def as_object(self) -> dict[str, Any]:
        """The status as a JSON object."""
        phones = [one.phone for one in self.doubles]
        wishes, moved = wanted_object(self.wanted), move_object(self.move)
        found = {**counts_object(self.counts), "wanted": wishes, "doubles": phones, "move": moved}
        return {**found, **self.outlook.as_object()}

    def picture(self, name: str) -> RenderableType:
        """The status as a terminal shows it."""
        lines: list[RenderableType] = [counts_table(name, self.counts)]
        if self.doubles:
            lines.append(Text(f"{doubles_line(self.doubles)}: {plain(self.doubles[0].phone)} first"))
        more = self.outlook.lines() if self.counts else []
        lines += [Text(line) for line in (*more, *move_lines(self.move), *wanted_lines(self.wanted))]
        return Group(*lines)

    def line(self) -> str:
        """The status in one line."""
        states = counts_object(self.counts)
        counts = ", ".join(f"{states[state.value]:,} {state}" for state in State if states[state.value])
        return "; ".join([counts or "nobody was added", *self.outlook.lines()])

    @property
    def is_over(self) -> bool:
        """Whether nothing happens any more by itself."""
        if any(count.state is State.SENDING for count in self.counts):
            return False
        return self.wanted is None or self.wanted.state in (Wanted.DONE, Wanted.STOPPED)


def show_status(options: StatusOptions) -> None:
    """Do what ``customersms campaign status`` does."""
    with ending_well(options.log_level):
        if options.watch:
            asyncio.run(_watch(options, safe_console(json=False)))
            return
        seen = asyncio.run(_look(options, HoursOutlook()))
        if options.json:
            say_json(seen.as_object())
        else:
            safe_console(json=False).print(seen.picture(options.ledger.name), soft_wrap=True, highlight=False)


async def _look(options: StatusOptions, hours: HoursOutlook) -> SeenCampaign:
    async with Campaign.open(options.ledger.given, create=False) as campaign:
        return await _see(campaign, options, hours)


async def _see(campaign: Campaign, options: StatusOptions, hours: HoursOutlook) -> SeenCampaign:
    ledger = campaign.ledger
    counts, wanted = await ledger.counts(), await ledger.wanted()
    doubles, moves = await ledger.doubles(), await ledger.moves()
    ahead = await outlook(ledger, wanted, quota_named(options.quota), hours)
    return SeenCampaign(counts, wanted, doubles, moves[-1] if moves else None, ahead)


async def _watch(options: StatusOptions, console: Console) -> None:
    """Show it until nothing happens by itself any more: on a terminal in one place, else a line for each change."""
    live = Live(console=console, auto_refresh=False) if console.is_terminal and not options.json else None
    told, hours = "", HoursOutlook()
    if live is not None:
        live.start()
    try:
        while True:
            began = time.monotonic()
            try:
                seen = await _look(options, hours)
            except LedgerAwayError as error:
                away = Outlook(waits=Waits("database", f"the database: {in_words(error)}"))
                seen = SeenCampaign([], None, [], None, away)
                over, said = False, "; ".join(away.lines())
                picture: RenderableType = Text(said)
            else:
                over, said, picture = seen.is_over, seen.line(), seen.picture(options.ledger.name)
            if live is not None:
                live.update(picture, refresh=True)
            elif options.json:
                said = msgspec.json.encode({**seen.as_object(), "estimate": None}).decode()
                if said != told:
                    say_json(seen.as_object())
            elif _without_times(said) != _without_times(told):
                console.print(said, soft_wrap=True, highlight=False, markup=False)
            told = said
            if over:
                return
            await asyncio.sleep(max(0.1, LOOK_EVERY - (time.monotonic() - began)))
    finally:
        if live is not None:
            live.stop()


def _without_times(line: str) -> str:
    """The line without what changes by itself as time goes by."""
    return line.partition("; rate:")[0].partition("; estimate:")[0]
