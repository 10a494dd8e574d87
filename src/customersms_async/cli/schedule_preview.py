"""The preview of hours and expiry: when it ends, how many have which time zone, and who would get no text."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._core.layers import layers
from .._core.plural import counted
from .._core.schedule import ScheduleJudge, When
from .._core.schedule_forecast import Grants, ScheduledPeople, forecast
from .._core.secret import Secret
from ..campaign.zones import ZoneFinder, load_zone
from .formats import length, moment
from .quota import open_quota

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._core.options import Options
    from .._core.schedule import Schedule
    from ..quota import QuotaStore
    from .options import ClientOptions

_MOST_LOOKS: Final = 200
"""How often the quota is asked when it lets a request go: it says so for any place in a line."""

_MOST_ZONES: Final = 6
"""Zones that are named, those of most recipients first."""

_CODES: Final = {When.EXPIRED: "EXPIRED", When.NO_ZONE: "NO_ZONE", When.NEVER: "NO_ZONE"}

SEVERAL: Final = "several zones"
UNKNOWN: Final = "no known zone"
ANY: Final = "any"


class Planned(NamedTuple):
    """One recipient who would be sent to: the number, the text, and their own time zone, if it is known."""

    phone: str
    text: str
    zone: str | None


class SchedulePreview(NamedTuple):
    """What comes of a schedule. ``ends_us``: when the last request leaves, microseconds since 1970; ``None``: none does.

    ``zones``: how many recipients by zone, those of most first, without hours empty; ``skipped``: how many by code.
    """

    now_us: int
    ends_us: int | None
    zones: dict[str, int]
    skipped: dict[str, int]

    @property
    def seconds(self) -> float:
        """The seconds until the last request leaves."""
        return 0.0 if self.ends_us is None else (self.ends_us - self.now_us) / 1e6

    def lines(self) -> list[str]:
        """The preview for people."""
        found = []
        if self.zones:
            named = [f"{count:,} {zone}" for zone, count in list(self.zones.items())[:_MOST_ZONES]]
            if more := sum(list(self.zones.values())[_MOST_ZONES:]):
                named.append(f"{more:,} others")
            found.append(f"time zones: {', '.join(named)}")
        found += [f"{counted(count, 'recipient')} would be skipped: {code}" for code, count in self.skipped.items()]
        if self.ends_us is None:
            found.append("nobody would get a text by these hours")
        else:
            found.append(f"by the hours it ends in {length(self.seconds)}, at {moment(self.seconds)}")
        return found

    def as_object(self) -> dict[str, Any]:
        """The preview for programs; ``seconds`` is ``None`` where nobody would get a text."""
        seconds = None if self.ends_us is None else self.seconds
        return {"seconds_by_hours": seconds, "zones": self.zones, "skipped_by_hours": self.skipped}


async def preview_schedule(
    people: Iterable[Planned], schedule: Schedule, client: ClientOptions, options: Options
) -> SchedulePreview:
    """What would come of sending to ``people`` from now on, by what the quota knows of the key."""
    found = _scheduled(people, schedule)
    now_us = time.time_ns() // 1_000
    async with open_quota(client.quota_at if client.key else "memory") as quota:
        grants = await _grants(quota, client.key, options, len(found.zones_of), now_us)
    batch_size, most = options.batch_size, options.max_concurrency
    ended = forecast(
        *(found, ScheduleJudge(schedule, load_zone), grants, now_us),
        batch_size=batch_size,
        lookahead=batch_size * most,
        max_concurrency=max(1, most - 1),
    )
    skipped: Counter[str] = Counter()
    for when, count in ended.skipped.items():
        skipped[_CODES[when]] += count
    return SchedulePreview(now_us, ended.end_us, _by_zone(found, schedule), dict(skipped))


def _scheduled(people: Iterable[Planned], schedule: Schedule) -> ScheduledPeople:
    finder = None if schedule.hours is None else ZoneFinder(schedule.hours.zone)
    numbers: dict[tuple[str, ...], int] = {}
    zones_of, text_of = array("H"), array("q")
    for one in people:
        zones = () if finder is None else finder.zones(one.phone, one.zone)
        zones_of.append(numbers.setdefault(zones, len(numbers)))
        text_of.append(hash(one.text))
    return ScheduledPeople(list(numbers), zones_of, text_of)


def _by_zone(people: ScheduledPeople, schedule: Schedule) -> dict[str, int]:
    if schedule.hours is None:
        return {}
    found: Counter[str] = Counter()
    for number, count in Counter(people.zones_of).items():
        zones = people.zones[number]
        found[zones[0] if len(zones) == 1 else SEVERAL if zones else UNKNOWN] += count
    return dict(found.most_common())


async def _grants(quota: QuotaStore, key: str | None, options: Options, requests: int, now_us: int) -> Grants:
    """When requests may leave; what is in the quota already counts for as many as its largest limit has."""
    key_id = Secret(key).key_id if key else ""
    bulk = layers(options.limits, options.reserve)
    most = min(requests, max(each.requests for each in bulk))
    places = sorted({0, *range(0, most, max(1, most // _MOST_LOOKS))})
    waits = [now_us + await quota.forecast_us(key_id, [(bulk, place + 1)]) for place in places]

    def not_before_us(place: int) -> int:
        return waits[bisect_right(places, place) - 1] if place < most else 0

    return Grants(bulk, options.gentle_pace, not_before_us)
