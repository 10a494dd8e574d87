"""The preview of hours and expiry: when it ends, how many have which time zone, and who would get no text."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from .._core.layers import layers
from .._core.options import DEFAULT_BATCH_SIZE, DEFAULT_MAX_CONCURRENCY, DEFAULT_RESERVE
from .._core.plural import counted
from .._core.schedule import ScheduleJudge, VerdictKind
from .._core.schedule_forecast import Grants, ScheduledPeople, forecast
from .._sending.estimate import bulk_wait
from ..campaign.zones import ZoneFinder, load_zone
from .formats import length, moment

if TYPE_CHECKING:
    from rich.console import Console

    from .._core.options import Options
    from .._core.schedule import SendSchedule
    from ..models import Limit
    from ..quota import QuotaStore

_MOST_LOOKS: Final = 200
"""How often the quota is asked when it lets a request go: it says so for any place in a line."""

_MOST_ZONES: Final = 6
"""Zones that are named, those of most recipients first."""

_CODES: Final = {VerdictKind.EXPIRED: "EXPIRED", VerdictKind.NO_ZONE: "NO_ZONE", VerdictKind.NEVER: "NO_ZONE"}

SEVERAL: Final = "several zones"
UNKNOWN: Final = "no known zone"


@final
class PlannedPeople:
    """The recipients who would be sent to by a schedule, in the input's order, in some ten bytes each.

    Raises ``ConfigurationError`` as ``ZoneFinder`` does. Mutable state: who was added, and the zones that there are.
    """

    def __init__(self, schedule: SendSchedule) -> None:
        self.schedule = schedule
        self._finder = None if schedule.hours is None else ZoneFinder(schedule.hours.zone)
        self._numbers: dict[tuple[str, ...], int] = {}
        self._zones_of, self._text_of = array("H"), array("q")

    def add(self, phone: str, text: str, zone: str | None) -> None:
        """Add one who would get this text; ``zone`` is their own time zone, if it is known."""
        zones = () if self._finder is None else self._finder.zones(phone, zone)
        self._zones_of.append(self._numbers.setdefault(zones, len(self._numbers)))
        self._text_of.append(hash(text))

    def all(self) -> ScheduledPeople:
        """All recipients, as a forecast takes them."""
        return ScheduledPeople(list(self._numbers), self._zones_of, self._text_of)

    def by_zone(self) -> dict[str, int]:
        """How many there are by zone, those of most first; empty without hours."""
        if self._finder is None:
            return {}
        zones, found = list(self._numbers), Counter[str]()
        for number, count in Counter(self._zones_of).items():
            found[zones[number][0] if len(zones[number]) == 1 else SEVERAL if zones[number] else UNKNOWN] += count
        return dict(found.most_common())


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


async def preview_schedule(people: PlannedPeople, quota: QuotaStore, key_id: str, speed: Speed) -> SchedulePreview:
    """What would come of sending to ``people`` from now on, by what the quota knows of the key."""
    found = people.all()
    now_us = time.time_ns() // 1_000
    grants = await _grants(quota, key_id, speed, len(found.zones_of), now_us)
    batch_size, most = speed.batch_size, speed.max_concurrency
    ended = forecast(
        *(found, ScheduleJudge(people.schedule, load_zone), grants, now_us),
        batch_size=batch_size,
        lookahead=batch_size * most,
        max_concurrency=max(1, most - 1),
    )
    skipped: Counter[str] = Counter()
    for when, count in ended.skipped.items():
        skipped[_CODES[when]] += count
    return SchedulePreview(now_us, ended.begin_us, ended.end_us, people.by_zone(), dict(skipped))


async def _grants(quota: QuotaStore, key_id: str, speed: Speed, requests: int, now_us: int) -> Grants:
    """When requests may leave; what is in the quota already counts for as many as its largest limit has."""
    bulk = layers(speed.limits, DEFAULT_RESERVE)
    most = min(requests, max(each.requests for each in bulk))
    places = sorted({0, *range(0, most, max(1, most // _MOST_LOOKS))})
    wait_us = bulk_wait(quota, key_id, bulk)
    waits = [now_us + await wait_us(place + 1) for place in places]

    def not_before_us(place: int) -> int:
        return waits[bisect_right(places, place) - 1] if place < most else 0

    return Grants(bulk, speed.pace, not_before_us)
