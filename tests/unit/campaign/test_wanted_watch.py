"""The look at what is wanted while a run waits: a turn of the event loop stands for each second here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from customersms_async import CampaignStoppedError, LedgerError
from customersms_async.campaign.wanted import WantedNow
from customersms_async.campaign.wanted_states import Wanted, WantedEvent
from customersms_async.campaign.wanted_watch import WantedWatch

if TYPE_CHECKING:
    from customersms_async.campaign.wanted import WantedChange


class Ledger:
    """Says what it is made to say, and counts the questions."""

    def __init__(self) -> None:
        self.state = Wanted.RUN
        self.error: Exception | None = None
        self.asked = 0
        self.found = True

    async def run_is_wanted(self) -> bool:
        return (await self.wanted()).state is Wanted.RUN and self.found

    async def wanted(self) -> WantedNow:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return WantedNow(state=self.state, event=WantedEvent.PAUSE, since_us=0, by="Ann")

    async def want(self, change: WantedChange) -> bool:
        raise NotImplementedError


def watching(ledger: Ledger) -> tuple[WantedWatch, list[Exception]]:
    stops: list[Exception] = []
    watch = WantedWatch(ledger, stops.append, seconds=0.0)
    watch.begin(asyncio.get_running_loop())
    return watch, stops


async def turns(number: int = 20) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_pause_from_elsewhere_is_told_once() -> None:
    ledger = Ledger()
    watch, stops = watching(ledger)
    await turns()
    assert ledger.asked > 1
    assert stops == []
    ledger.state = Wanted.PAUSED
    await turns()
    (stop,) = stops
    assert isinstance(stop, CampaignStoppedError)
    assert stop.guard == "paused"
    watch.end()


async def test_a_second_in_which_an_intent_was_made_needs_no_look() -> None:
    ledger = Ledger()
    watch, _ = watching(ledger)
    for _ in range(20):
        watch.looked()
        await turns(1)
    assert ledger.asked == 0
    watch.end()


async def test_a_run_that_is_not_found_to_be_wanted_is_stopped_by_what_is_wanted_alone() -> None:
    """It is not found where a database is away for a moment, or while the campaign moves."""
    ledger = Ledger()
    ledger.found = False
    watch, stops = watching(ledger)
    await turns()
    assert ledger.asked > 1
    assert stops == []
    watch.end()


async def test_a_ledger_that_can_not_be_looked_at_stops_the_run() -> None:
    ledger = Ledger()
    ledger.error = LedgerError("the disk fails")
    watch, stops = watching(ledger)
    await turns()
    assert stops == [ledger.error]
    watch.end()


async def test_nothing_is_looked_at_after_the_end_and_an_end_before_the_beginning_is_none() -> None:
    ledger = Ledger()
    watch, stops = watching(ledger)
    watch.end()
    await turns()
    assert (ledger.asked, stops) == (0, [])
    WantedWatch(ledger, stops.append).end()
