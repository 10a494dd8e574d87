"""The outlook by the hours of a campaign's terms: when it goes on and ends, as its ledger and the quota tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, final

from ...errors import ConfigurationError, LedgerError, QuotaStoreError
from ..quota import open_quota
from .started_campaign import planned_people

if TYPE_CHECKING:
    from ...campaign.protocol import CampaignLedger
    from ...campaign.terms import CampaignTerms
    from ..schedule_preview import SchedulePreview

_FRESH_SECONDS: Final = 30.0
"""How long an answer counts, at least; one that took long counts twenty times as long."""


@final
class HoursOutlook:
    """Says when a campaign goes on and ends by its hours. Mutable state: the last answer, its terms, and its time."""

    def __init__(self) -> None:
        self._answer: SchedulePreview | None = None
        self._terms: CampaignTerms | None = None
        self._until = 0.0

    async def look(self, ledger: CampaignLedger, terms: CampaignTerms, where: str | None) -> SchedulePreview | None:
        """What would come of those who are left; ``None`` without hours, or where nobody can say."""
        if terms.schedule is None:
            return None
        began = time.monotonic()
        if self._terms != terms or began > self._until:
            try:
                self._answer = await _preview(ledger, terms, where)
            except (QuotaStoreError, ConfigurationError):  # a quota that is away, a zone that this machine lacks
                self._answer = None
            ended = time.monotonic()
            self._terms, self._until = terms, ended + max(_FRESH_SECONDS, 20 * (ended - began))
        return self._answer

    async def seconds_left(self, ledger: CampaignLedger, where: str | None) -> float | None:
        """Seconds until the end of the run that is wanted, by its hours; ``None`` as for ``look``."""
        try:
            wanted = await ledger.wanted()
            found = None if wanted is None or wanted.terms is None else await self.look(ledger, wanted.terms, where)
        except LedgerError:  # the run itself says so
            return None
        return None if found is None or found.ends_us is None else max(0.0, found.ends_us / 1e6 - time.time())


async def _preview(ledger: CampaignLedger, terms: CampaignTerms, where: str | None) -> SchedulePreview | None:
    from ..schedule_preview import Speed, preview_schedule  # imported when used, as few campaigns have hours

    added = await ledger.added()
    if terms.schedule is None or added is None:
        return None
    people = await planned_people(ledger, terms.schedule.begun(added.added_us))
    async with open_quota(where, looking=True) as quota:
        return await preview_schedule(people, quota, terms.key_id, Speed(terms.limits, terms.pace))
