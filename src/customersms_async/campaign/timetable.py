"""The timetable of a run: when each recipient may be texted, by the schedule of its terms and the ledger's clock."""

from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING, Final, final

from .._core.batching import Batch
from .._core.schedule import NEVER_US, ScheduleJudge, SendSchedule, Verdict, VerdictKind
from ..models import Code, Outcome, Status
from .ledger_clock import LedgerClock
from .zones import ZoneFinder, load_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .protocol import CampaignLedger
    from .rows import PlannedRecipient

_SKIPPED: Final = {
    VerdictKind.EXPIRED: (Code.EXPIRED, "its time has run out"),
    VerdictKind.NO_ZONE: (Code.NO_ZONE, "no time zone is known for it"),
    VerdictKind.NEVER: (Code.NO_ZONE, "it may be in several time zones, which are never within hours at once"),
}
"""Whom a schedule skips: with which code, and why."""


_ZONES_AT_A_TIME: Final = 10
"""Numbers whose zones are looked for in one turn of the event loop."""


@final
class Timetable:
    """Says of the recipients that a run has in hand who may be texted now; everybody else stays planned.

    ``skipped`` collects the outcomes of those whose time has run out, and of whom no time zone is known.

    Mutable state: these; the zones of each recipient met so far (two bytes each); and of the sweep that goes on, how
    many were passed over, and when the first of them may be texted.
    """

    def __init__(self, schedule: SendSchedule, ledger: CampaignLedger, clock: Callable[[], int]) -> None:
        self.skipped: list[Outcome] = []
        self.passed_over: int = 0
        self.opens_us: int = NEVER_US
        self._ledger = ledger
        self._schedule = schedule
        self._clock = LedgerClock(ledger, clock)
        self._judge = ScheduleJudge(schedule, load_zone)
        self._sets: list[tuple[str, ...]] = [()]
        self._numbers_of_sets: dict[tuple[str, ...], int] = {}
        self._set_of = array("H")  # 0: not known yet
        self._finder = None if schedule.hours is None else ZoneFinder(schedule.hours.zone)

    async def begin(self) -> None:
        """Begin, once the ledger has recipients: how long they have may go by when they were added."""
        added = await self._ledger.added()
        if added is not None:
            self._judge = ScheduleJudge(self._schedule.begun(added.added_us), load_zone)

    def begin_sweep(self) -> None:
        """Forget who was passed over: everyone who is planned is met again."""
        self.passed_over, self.opens_us = 0, NEVER_US

    async def sorted(self, page: Sequence[PlannedRecipient]) -> list[PlannedRecipient]:
        """The recipients of a page who may be texted now; the others are passed over, or skipped."""
        await self._find_zones(page)
        await self._clock.look()
        return [one for one in page if self._may_now(one.id, one.phone)]

    def cut(self, batch: Batch) -> Batch:
        """The batch without those who may not be texted any more."""
        may = [self._may_now(*each) for each in zip(batch.indexes, batch.phones, strict=True)]
        if all(may):
            return batch
        kept = [place for place, one in enumerate(may) if one]
        return Batch(batch.message, [batch.phones[each] for each in kept], [batch.indexes[each] for each in kept])

    async def leave_until(self, batch: Batch) -> int | None:
        """The moment, by the process's clock, before which the first byte has to leave; ``None``: it is too late.

        Whoever of the batch that is so for is passed over, or skipped, by the next look at them.
        """
        await self._clock.look()
        until_us = NEVER_US
        for index in batch.indexes:
            verdict = self._verdict(index)
            if verdict.kind is not VerdictKind.NOW:
                return None
            until_us = min(until_us, verdict.us)
        return self._clock.of_process(until_us)

    async def seconds_left(self) -> float:
        """The seconds until the first of those passed over may be texted."""
        await self._clock.look()
        return max(0.0, (self.opens_us - self._clock.earliest_us) / 1e6)

    def _may_now(self, index: int, phone: str) -> bool:
        verdict = self._verdict(index)
        if verdict.kind is VerdictKind.NOW:
            return True
        if verdict.kind is VerdictKind.LATER:
            self.passed_over += 1
            self.opens_us = min(self.opens_us, verdict.us)
        else:
            code, error = _SKIPPED[verdict.kind]
            self.skipped.append(Outcome(index, phone, Status.UNSENT, None, error, code))
        return False

    def _verdict(self, index: int) -> Verdict:
        """The verdict on one recipient now: now by the earliest reading of the clock, and still so by the latest."""
        zones = self._sets[self._set_of[index]]
        verdict = self._judge.judge(zones, self._clock.earliest_us)
        if verdict.kind is VerdictKind.NOW and self._clock.latest_us >= verdict.us:
            return self._judge.judge(zones, verdict.us)
        return verdict

    async def _find_zones(self, page: Sequence[PlannedRecipient]) -> None:
        """Note the zones of these recipients: their own, else those of the number, else the zone of the hours.

        The event loop gets a turn now and then, as numbers of many countries take up to a millisecond each.
        """
        missing = page[-1].id + 1 - len(self._set_of)
        if missing > 0:
            self._set_of.extend([0] * missing)
        if self._finder is None:
            return
        found = 0
        for one in page:
            if not self._set_of[one.id]:
                found += 1
                if found % _ZONES_AT_A_TIME == 0:
                    await asyncio.sleep(0)
                zones = self._finder.zones(one.phone, one.zone)
                number = self._numbers_of_sets.setdefault(zones, len(self._sets))
                if number == len(self._sets):
                    self._sets.append(zones)
                self._set_of[one.id] = number
