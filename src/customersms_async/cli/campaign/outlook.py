"""Where a campaign runs, how fast, what it waits for, and when it will end: by its ledger and the quota's store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..._core.options import DEFAULT_BATCH_SIZE
from ..._core.plural import counted
from ..._sending.estimate import KeyForecast, forecast_of_key
from ...campaign.states import State
from ...campaign.wanted import kept_from_running
from ...campaign.wanted_states import Wanted
from ...errors import ConfigurationError, QuotaStoreError
from ..formats import length, moment, plain, utc_time, wall_time
from ..quota import open_quota
from ..zones import BEYOND

if TYPE_CHECKING:
    from ...campaign.protocol import CampaignLedger
    from ...campaign.rows import Activity, RunningNow
    from ...campaign.terms import CampaignTerms
    from ...campaign.wanted import WantedNow
    from ..schedule_preview import SchedulePreview
    from .hours_outlook import HoursOutlook

LATELY: Final = 300.0
"""Seconds over which the rate is measured."""

_QUIET: Final = 5.0
"""Seconds without a request after which something is waited for, if the quota lets it go."""

_SHORT: Final = 0.05
"""Seconds of a wait that are none for people."""


class Waits(msgspec.Struct, frozen=True):
    """What a campaign waits for, and for how long, if that is known. ``what`` is for programs, ``words`` for people."""

    what: str
    words: str
    seconds: float | None = None


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """How a campaign goes on. ``over`` are the seconds over which the rate (each a minute) was measured.

    ``seconds`` until its end: an estimate, by the quota and the rate; ``None``: nobody can say.
    """

    running: RunningNow | None = None
    requests: float | None = None
    recipients: float | None = None
    over: float = 0.0
    waits: Waits | None = None
    seconds: float | None = None

    def as_object(self) -> dict[str, Any]:
        """The outlook for programs."""
        running = self.running
        rate = {"requests_per_minute": self.requests, "recipients_per_minute": self.recipients}
        ends = None if self.seconds is None else utc_time(time.time() + self.seconds)
        since = None if running is None or running.since_us is None else utc_time(running.since_us / 1e6)
        return {
            "running": None if running is None else {"by": running.by, "since": since},
            "rate": None if self.requests is None else {**rate, "over_seconds": round(self.over, 1)},
            "waits_for": None if self.waits is None else {"what": self.waits.what, "seconds": self.waits.seconds},
            "estimate": None if ends is None else {"seconds": round(self.seconds or 0.0, 1), "ends_at": ends},
        }

    def lines(self) -> list[str]:
        """The outlook for people: each line can be shown as it is."""
        found = [_running(self.running)]
        if self.requests is not None and self.recipients is not None:
            rate = f"{counted(round(self.recipients), 'recipient')}, {counted(round(self.requests), 'request')}"
            found.append(f"rate: {rate} a minute, over the last {length(self.over)}")
        if self.waits is not None:
            found.append(f"waits for: {self.waits.words}")
        if self.seconds is not None:
            if_run = "" if self.running is not None else "if it ran from now on, "
            found.append(f"estimate: {if_run}ends in {length(self.seconds)}, at {moment(self.seconds)}")
        return [plain(line) for line in found]


async def outlook(ledger: CampaignLedger, wanted: WantedNow | None, quota: str | None, hours: HoursOutlook) -> Outlook:
    """How the campaign in a ledger goes on, just now; reads, and changes nothing.

    Requests that are left are reckoned with as many recipients as the last ones had, or else with the most allowed.
    """
    now = time.time()
    running, activity = await ledger.running(), await ledger.activity(round((now - LATELY) * 1e6))
    counts = await ledger.counts()
    planned = sum(count.recipients for count in counts if count.state is State.PLANNED)
    sending = sum(count.recipients for count in counts if count.state is State.SENDING)
    over, requests, recipients = _rate(activity, running, now)
    if not planned or wanted is None or wanted.terms is None:
        waits = None if wanted is None else _by_ledger(wanted, planned, sending, running)
        return Outlook(running=running, requests=requests, recipients=recipients, over=over, waits=waits)
    batch_size = -(-activity.recipients // activity.requests) if activity.requests else DEFAULT_BATCH_SIZE
    left = await ledger.requests(batch_size)
    by_quota = await _by_quota(wanted.terms, quota, left)
    by_hours = await hours.look(ledger, wanted.terms, quota)
    waits = _by_ledger(wanted, planned, sending, running) or _for_hours(by_hours, by_quota, now)
    waits = waits or _while_running(activity, by_quota, sending, now)
    seconds = None if by_quota is None else by_quota.last
    if wanted.terms.schedule is not None:
        ends_us = None if by_hours is None else by_hours.ends_us
        seconds = None if ends_us is None else max(0.0, ends_us / 1e6 - now)
    if seconds is not None and waits is None and recipients:  # as fast as it was, if that is slower
        seconds = max(seconds, planned / recipients * 60)
    return Outlook(running=running, requests=requests, recipients=recipients, over=over, waits=waits, seconds=seconds)


def _rate(activity: Activity, running: RunningNow | None, now: float) -> tuple[float, float | None, float | None]:
    """Over how many seconds, and how many requests and recipients a minute that were; ``None`` without any."""
    if activity.first_us is None:
        return 0.0, None, None
    since = activity.first_us / 1e6
    if running is not None and running.since_us is not None:
        since = min(since, max(now - LATELY, running.since_us / 1e6))
    over = min(LATELY, max(1.0, now - since))
    return over, activity.requests / over * 60, activity.recipients / over * 60


def _by_ledger(wanted: WantedNow, planned: int, sending: int, running: RunningNow | None) -> Waits | None:
    """What the ledger alone says that is waited for."""
    if wanted.state in (Wanted.PAUSED, Wanted.STOPPED):
        if not planned:
            return None
        if kept_from_running(wanted) is None:
            return Waits("person", "a run, as it is stopped")
        return Waits("person", f"a resume, as it is {wanted.state.value}")
    if planned and running is None:
        return Waits("run", "a run, as nobody runs it")
    if sending and not planned:
        return Waits("answers", f"what becomes of {counted(sending, 'recipient')} being sent to")
    return None


def _while_running(activity: Activity, quota: KeyForecast | None, sending: int, now: float) -> Waits | None:
    """What a campaign that runs waits for, by the quota and by what became of its last request."""
    if quota is not None and quota.paused > _SHORT:
        return Waits("pause", f"the end of the gateway's pause (429), in {length(quota.paused)}", quota.paused)
    if quota is not None and quota.next > _SHORT:
        return Waits("quota", f"the quota: the next request in {length(quota.next)}", quota.next)
    if sending or (activity.last_us is not None and now - activity.last_us / 1e6 < _QUIET):
        return None
    if activity.last_error is not None and activity.last_status is None:
        return Waits("outage", f"the gateway, after an outage: {activity.last_error}")
    return None


def _for_hours(hours: SchedulePreview | None, quota: KeyForecast | None, now: float) -> Waits | None:
    """The wait for the hours of the next recipient, unless the quota or the gateway makes it wait longer."""
    if hours is None or hours.begins_us is None:
        return None
    wait = hours.begins_us / 1e6 - now
    if wait <= max(1.0, 0.0 if quota is None else max(quota.next, quota.paused)):
        return None
    return Waits("hours", f"hours: the next text leaves in {length(wait)}, at {moment(wait)}", wait)


async def _by_quota(terms: CampaignTerms, where: str | None, requests: int) -> KeyForecast | None:
    """What the quota lets through, by the terms of the run; ``None`` if its store can't say."""
    try:
        async with open_quota(where, looking=True) as store:
            return await forecast_of_key(store, terms.key_id, terms.limits, terms.pace, requests)
    except (QuotaStoreError, ConfigurationError):
        return None


def _running(running: RunningNow | None) -> str:
    if running is None:
        return "running: nobody runs it just now"
    if running.since_us is None:
        return f"running: {running.by}"
    return f"running: {running.by}, since {wall_time(running.since_us / 1e6) or BEYOND}"
