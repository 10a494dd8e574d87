"""Looks at one campaign's ledger for its page: all of it that is cheap, and a bounded piece of what is not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, final

from ....models import DOCUMENTED_LIMITS
from . import figures
from .pace import MeasuredPace
from .requests import MOST_READ, RequestTimes
from .sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ....campaign.protocol import CampaignLedger
    from ....campaign.rows import Count, Doubt, Timeline
    from ....campaign.terms import CampaignTerms
    from ....models import Limit
    from ...zones import ShownZone
    from .feed import PageFeed
    from .sweep import Figures

CPU_AT_FIRST: Final = 0.04
CPU_LATER: Final = 0.012
"""Seconds of CPU of this process that a look may take before it leaves the rest to the next one, a second later."""

_LONGEST: Final = 3
"""So many times that on the clock: what a database spends is not seen from here."""


@final
class CampaignLook:
    """What is known of one ledger, from look to look. Everything raises what the ledger raises.

    Mutable state: the ledger's version and what stands there by it; the requests over time, in windows of the limits;
    the sweep, and how many decisions of people it knows of; the measured pace; and what was shown last, for what takes
    a while to put into words.
    """

    def __init__(self, ledger_id: str, feed: PageFeed, zone: ShownZone) -> None:
        self.ledger_id = ledger_id
        self.terms: CampaignTerms | None = None
        self._feed, self._zone = feed, zone
        self._version: str | None = None
        self._counts: list[Count] = []
        self._decided = 0
        self._times: RequestTimes | None = None
        self._limits: Sequence[Limit] = ()
        self._all_read = False
        self._sweep, self._pace = Sweep(), MeasuredPace()
        self._shown_requests: tuple[Timeline | None, bool] | None = None
        self._shown_codes: tuple[Figures, float] | None = None
        self._shown_doubts: tuple[list[Doubt], int, float] | None = None

    async def look(self, ledger: CampaignLedger) -> None:
        """Put into the feed what is there by now."""
        began = time.process_time(), time.monotonic()
        allowed = CPU_LATER if self._version is not None else CPU_AT_FIRST
        version = await ledger.version()
        changed = version != self._version
        if changed:
            await self._read(ledger)
        self._feed.put("pace", self._pace.take(time.monotonic(), self._counts))
        if changed or not self._all_read:
            await self._read_attempts(ledger, began, allowed)
        self._version = version
        if changed and self._all_read and self._sweep.at_rest and not self._sweep.agree(self._counts):
            self._sweep.look_at_all()
        while (places := self._sweep.following()) is not None:
            self._sweep.take(places, await ledger.by_calling_code(places))
            if _is_over(began, allowed):
                break
        while (places := self._sweep.doubtful()) is not None:
            self._sweep.list_doubts(places, await ledger.doubts(places))
            if _is_over(began, allowed):
                break
        self._show()

    async def _read(self, ledger: CampaignLedger) -> None:
        """Read what costs nothing."""
        self._counts = counts = await ledger.counts()
        wanted, moves, given = await ledger.wanted(), await ledger.moves(), await ledger.added()
        resolutions, doubles = await ledger.resolutions(), await ledger.doubles()
        self.terms = None if wanted is None else wanted.terms
        self._keep_limits(DOCUMENTED_LIMITS if self.terms is None else self.terms.limits)
        self._sweep.grow(sum(count.recipients for count in counts))
        decided = resolutions[0].at_us if resolutions else 0
        if decided != self._decided:
            self._decided = decided
            self._sweep.look_at_all()
        self._feed.put("states", figures.states_section(given, counts, self._zone))
        self._feed.put("wanted", figures.wanted_section(wanted, moves[-1] if moves else None, self._zone))
        self._feed.put("failures", figures.failures_section(counts))
        self._feed.put("doubles", figures.doubles_section(doubles, self._zone))
        self._feed.put("resolutions", figures.resolutions_section(resolutions, self._zone))

    def _keep_limits(self, limits: Sequence[Limit]) -> None:
        if self._times is None or tuple(limits) != tuple(self._limits):
            self._limits, self._times, self._all_read = limits, RequestTimes(limits), False

    async def _read_attempts(self, ledger: CampaignLedger, began: tuple[float, float], allowed: float) -> None:
        times, knew_all = self._times, self._all_read
        assert times is not None  # noqa: S101 - the counts are read first, and the limits with them
        more = True
        while more:
            more, news = times.take(await ledger.attempts(times.last, MOST_READ))
            if knew_all:
                for ids in news:
                    self._sweep.touch(ids)
            self._all_read = not more
            if _is_over(began, allowed):
                break

    def _show(self) -> None:
        """Put into words what was found, where that is something else than before."""
        assert self._times is not None  # noqa: S101 - as above
        requests = self._times.timeline(), self._all_read
        if requests != self._shown_requests:
            self._shown_requests = requests
            found, all_read = requests
            section = figures.requests_section(found, self._limits, self._zone, all_read=all_read)
            self._feed.put("requests", section)
        codes = self._sweep.codes(), self._sweep.share
        if codes != self._shown_codes:
            self._shown_codes = codes
            self._feed.put("codes", figures.codes_section(*codes))
        doubts = self._sweep.doubts(), sum(one.recipients for one in self._counts if one.state == "unknown"), codes[1]
        if doubts != self._shown_doubts:
            self._shown_doubts = doubts
            self._feed.put("doubts", figures.doubts_section(doubts[0], self._counts, codes[1], self._zone))


def _is_over(began: tuple[float, float], allowed: float) -> bool:
    """Whether a look that ``began`` then has taken what it may."""
    cpu, clock = began
    return time.process_time() - cpu > allowed or time.monotonic() - clock > _LONGEST * allowed
