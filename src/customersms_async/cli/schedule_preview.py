"""The preview of hours and expiry: when it ends, how many have which time zone, and who would get no text."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._core.layers import layers
from .._core.options import DEFAULT_BATCH_SIZE, DEFAULT_MAX_CONCURRENCY, DEFAULT_RESERVE
from .._core.plural import counted
from .._core.schedule import ScheduleJudge, When
from .._core.schedule_forecast import Grants, ScheduledPeople, forecast
from ..campaign.zones import ZoneFinder, load_zone
from .formats import length, moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from .._core.options import Options
    from .._core.schedule import SendSchedule
    from ..models import Limit
    from ..quota import QuotaStore

_MOST_LOOKS: Final = 200
"""How often the quota is asked when it lets a request go: it says so for any place in a line."""

_MOST_ZONES: Final = 6
"""Zones that are named, those of most recipients first."""

_CODES: Final = {When.EXPIRED: "EXPIRED", When.NO_ZONE: "NO_ZONE", When.NEVER: "NO_ZONE"}

SEVERAL: Final = "several zones"
UNKNOWN: Final = "no known zone"


class Planned(NamedTuple):
    """One recipient who would be sent to: the number, the text, and their own time zone, if it is known.

    ``id`` is the place in a ledger, if it is in one.
    """

    phone: str
    text: str
    zone: str | None
    id: int = 0


class Speed(NamedTuple):
    """What decides how fast a campaign goes: limits, pace, numbers in a request, and requests at a time."""

    limits: tuple[Limit, ...]
    pace: Limit | None
    batch_size: int = DEFAULT_BATCH_SIZE
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY

    @classmethod
    def of(cls, options: Options) -> Speed:
        """The speed of a client with these options."""
        return cls(options.limits, options.gentle_pace, options.batch_size, options.max_concurrency)


class SchedulePreview(NamedTuple):
    """What comes of a schedule.

    ``begins_us`` and ``ends_us``: when the first and the last request leave (microseconds since 1970); ``None``: none.
    ``zones``: how many recipients by zone, those of most first, without hours empty; ``skipped``: how many by code.
    """

    now_us: int
    begins_us: int | None
    ends_us: int | None
    zones: dict[str, int]
    skipped: dict[str, int]

    @property
    def seconds(self) -> float:
        """The seconds until the last request leaves."""
        return 0.0 if self.ends_us is None else (self.ends_us - self.now_us) / 1e6

    def lines(self) -> list[str]:
        """The preview for people, but for when it ends."""
        found = []
        if self.zones:
            named = [f"{count:,} {zone}" for zone, count in list(self.zones.items())[:_MOST_ZONES]]
            if more := sum(list(self.zones.values())[_MOST_ZONES:]):
                named.append(f"{more:,} others")
            found.append(f"time zones: {', '.join(named)}")
        found += [f"{counted(count, 'recipient')} would be skipped: {code}" for code, count in self.skipped.items()]
        if self.ends_us is None:
            found.append("nobody would get a text by these hours")
        elif self.begins_us is not None and self.begins_us - self.now_us > 1_000_000:
            wait = (self.begins_us - self.now_us) / 1e6
            found.append(f"the first text leaves in {length(wait)}, at {moment(wait)}")
        return found

    def show(self, console: Console) -> None:
        """Show the preview to a person."""
        for line in self.lines():
            console.print(line, highlight=False, markup=False)

    def as_object(self) -> dict[str, Any]:
        """The preview for programs; ``seconds`` is 0 where nobody would get a text."""
        return {"seconds": self.seconds, "zones": self.zones, "skipped_by_hours": self.skipped}


async def preview_schedule(
    people: Iterable[Planned], schedule: SendSchedule, quota: QuotaStore, key_id: str, speed: Speed
) -> SchedulePreview:
    """What would come of sending to ``people`` from now on, by what the quota knows of the key."""
    found = _scheduled(people, schedule)
    now_us = time.time_ns() // 1_000
    grants = await _grants(quota, key_id, speed, len(found.zones_of), now_us)
    batch_size, most = speed.batch_size, speed.max_concurrency
    ended = forecast(
        *(found, ScheduleJudge(schedule, load_zone), grants, now_us),
        batch_size=batch_size,
        lookahead=batch_size * most,
        max_concurrency=max(1, most - 1),
    )
    skipped: Counter[str] = Counter()
    for when, count in ended.skipped.items():
        skipped[_CODES[when]] += count
    return SchedulePreview(now_us, ended.begin_us, ended.end_us, _by_zone(found, schedule), dict(skipped))


def _scheduled(people: Iterable[Planned], schedule: SendSchedule) -> ScheduledPeople:
    finder = None if schedule.hours is None else ZoneFinder(schedule.hours.zone)
    numbers: dict[tuple[str, ...], int] = {}
    zones_of, text_of = array("H"), array("q")
    for one in people:
        zones = () if finder is None else finder.zones(one.phone, one.zone)
        zones_of.append(numbers.setdefault(zones, len(numbers)))
        text_of.append(hash(one.text))
    return ScheduledPeople(list(numbers), zones_of, text_of)


def _by_zone(people: ScheduledPeople, schedule: SendSchedule) -> dict[str, int]:
    if schedule.hours is None:
        return {}
    found: Counter[str] = Counter()
    for number, count in Counter(people.zones_of).items():
        zones = people.zones[number]
        found[zones[0] if len(zones) == 1 else SEVERAL if zones else UNKNOWN] += count
    return dict(found.most_common())


async def _grants(quota: QuotaStore, key_id: str, speed: Speed, requests: int, now_us: int) -> Grants:
    """When requests may leave; what is in the quota already counts for as many as its largest limit has."""
    bulk = layers(speed.limits, DEFAULT_RESERVE)
    most = min(requests, max(each.requests for each in bulk))
    places = sorted({0, *range(0, most, max(1, most // _MOST_LOOKS))})
    waits = [now_us + await quota.forecast_us(key_id, [(bulk, place + 1)]) for place in places]

    def not_before_us(place: int) -> int:
        return waits[bisect_right(places, place) - 1] if place < most else 0

    return Grants(bulk, speed.pace, not_before_us)
