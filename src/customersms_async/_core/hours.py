"""Hours: when a recipient may be texted, by the clock on their wall, and the openings in which that is so.

An opening is a length of time in which a text may leave, from one moment on and before another one, in microseconds
since 1970. Whether a moment is within hours is decided by the local time alone, so that it is right whatever the zone
does: a change-over can cut an opening short, repeat it, or begin it late. Openings are found by looking at the few
moments at which that can change: when a day's hours begin or end, in each of the two meanings that a local time may
have, and when the zone's offset changes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, final

import msgspec

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MINUTES: Final = 1_440
"""Minutes of a day by the clock: 24:00 is the end of one."""

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_US: Final = 86_400_000_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_BETWEEN: Final = re.compile(r"\s*([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})\s*")


@final
class Hours(msgspec.Struct, frozen=True):
    """The time of day at which recipients may be texted, each by their own time zone.

    ``between``: ``"09:00-20:00"``, from the first minute on and before the last one; a range over midnight
    (``"18:00-02:00"``) belongs to the day on which it begins; ``"00:00-24:00"`` is the whole day. Also a pair of
    ``datetime.time`` (whole minutes, without a zone). ``days``: ``"mon-sat"``, ``"mon,wed,fri"``, or several such.
    ``not_on``: dates on which nobody is texted. ``zone``: the IANA name of the time zone for numbers of which none is
    known, such as ``"Europe/Paris"``; ``None``: those are skipped.

    Raises:
        ConfigurationError: for hours, days, dates or a zone that can't be one.

    Example:
        ```python
        async with Campaign.open("spring.ledger") as campaign:
            await campaign.add(["+12125551234"], "Doors open at eight")
            async for outcome in campaign.run(client, hours=Hours("00:00-24:00", days="mon-sun", zone="Europe/Paris")):
                print(outcome.phone, outcome.status)
        ```
    """

    between: str
    days: str = "mon-sun"
    not_on: tuple[date, ...] = ()
    zone: str | None = None

    if TYPE_CHECKING:  # what it takes is wider than what it holds

        def __init__(
            self,
            between: str | tuple[time, time],
            days: str | Iterable[str] = "mon-sun",
            not_on: Iterable[date] = (),
            zone: str | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        begin, end = _minutes(self.between)
        msgspec.structs.force_setattr(self, "between", f"{_clock(begin)}-{_clock(end)}")
        msgspec.structs.force_setattr(self, "days", _days_in_words(_days(self.days)))
        msgspec.structs.force_setattr(self, "not_on", _dates(self.not_on))
        if self.zone is not None and not (isinstance(self.zone, str) and self.zone):
            raise ConfigurationError(f"zone must be the name of a time zone such as Europe/Paris, not {self.zone!r}")

    def compiled(self) -> CompiledHours:
        """The hours as numbers, to be asked often."""
        begin, end = _minutes(self.between)
        return CompiledHours(begin, end, _days(self.days), frozenset(self.not_on))


class CompiledHours(NamedTuple):
    """Hours as numbers: minutes of the day (``end`` is not in it), days of the week from Monday, 0, and dates."""

    begin: int
    end: int
    days: frozenset[int]
    not_on: frozenset[date]

    def holds(self, local: datetime) -> bool:
        """Whether a text may leave when it is this time for its recipient."""
        minute, day = 60 * local.hour + local.minute, local.date()
        if self.begin < self.end:
            return self.begin <= minute < self.end and self._has(day)
        return (minute >= self.begin and self._has(day)) or (minute < self.end and self._has(day - _DAY))

    def _has(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.not_on


class Opening(NamedTuple):
    """A length of time in which a text may leave: from a moment on and before another, microseconds since 1970."""

    from_us: int
    until_us: int


def openings(hours: CompiledHours, zone: tzinfo, from_us: int, until_us: int) -> list[Opening]:
    """All openings in one zone within these two moments, in order; the first and the last may be cut by these."""
    found: list[Opening] = []
    moments = [*_moments(hours, zone, from_us, until_us), until_us]
    for begin, end in pairwise(moments):
        if begin < end and hours.holds(local_time(begin, zone)):
            if found and found[-1].until_us == begin:
                begin = found.pop().from_us
            found.append(Opening(begin, end))
    return found


def common(some: Sequence[Opening], others: Sequence[Opening]) -> list[Opening]:
    """The openings that are in both of these, each in order."""
    found: list[Opening] = []
    first = second = 0
    while first < len(some) and second < len(others):
        one, other = some[first], others[second]
        both = Opening(max(one.from_us, other.from_us), min(one.until_us, other.until_us))
        if both.from_us < both.until_us:
            found.append(both)
        if one.until_us <= other.until_us:
            first += 1
        else:
            second += 1
    return found


def first_after(found: Sequence[Opening], now_us: int, longer_than_us: int) -> Opening | None:
    """The first opening of which more than ``longer_than_us`` is left at that moment, or will be when it begins."""
    place = bisect_right(found, now_us, key=lambda one: one.until_us)
    left = (one for one in found[place:] if one.until_us - max(one.from_us, now_us) > longer_than_us)
    return next(left, None)


def local_time(at_us: int, zone: tzinfo) -> datetime:
    """The time by the clock on the wall in ``zone``."""
    return (_EPOCH + at_us * _MICROSECOND).astimezone(zone)


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to ``moment``, which has a zone."""
    return (moment - _EPOCH) // _MICROSECOND


def _moments(hours: CompiledHours, zone: tzinfo, from_us: int, until_us: int) -> list[int]:
    """All moments at which it may change whether hours hold, ``from_us`` first: a few more than do change it."""
    day, last = local_time(from_us, zone).date() - _DAY, local_time(until_us, zone).date() + _DAY
    found = {from_us}
    while day <= last:
        for minute in (hours.begin, hours.end):
            wall = datetime.combine(day, time()) + timedelta(minutes=minute)
            found |= {microseconds(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)}
        day += _DAY
    found.update(_changes(zone, from_us, until_us))
    return sorted(moment for moment in found if from_us <= moment < until_us)


def _changes(zone: tzinfo, from_us: int, until_us: int) -> Iterator[int]:
    """The moments at which the offset of ``zone`` changes, to the second; at most one a day is seen."""
    marks = [*range(from_us, until_us, DAY_US), until_us]
    for begin, end in pairwise(marks):
        if _offset(begin, zone) != _offset(end, zone):
            low, high = begin // 1_000_000, -(-end // 1_000_000)
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(middle * 1_000_000, zone) == _offset(begin, zone):
                    low = middle
                else:
                    high = middle
            yield high * 1_000_000


def _offset(at_us: int, zone: tzinfo) -> timedelta | None:
    return local_time(at_us, zone).utcoffset()


def _minutes(between: object) -> tuple[int, int]:
    if isinstance(between, str) and (found := _BETWEEN.fullmatch(between)):
        hour, minute, last_hour, last_minute = map(int, found.groups())
        begin, end = 60 * hour + minute, 60 * last_hour + last_minute
        if max(minute, last_minute) < 60 and begin < MINUTES and 0 < end <= MINUTES and begin != end:
            return begin, end
        if max(minute, last_minute) < 60 and begin < MINUTES and end == 0 != begin:
            return begin, MINUTES
    elif isinstance(between, tuple) and len(between) == 2 and all(_is_whole_minute(one) for one in between):
        return _minutes("-".join(f"{one:%H:%M}" for one in between))
    raise ConfigurationError(f"hours must be such as 09:00-20:00, not {between!r}")


def _is_whole_minute(given: object) -> bool:
    return isinstance(given, time) and given.tzinfo is None and not (given.second or given.microsecond)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days(given: object) -> frozenset[int]:
    words = given.split(",") if isinstance(given, str) else list(given) if isinstance(given, Iterable) else []
    found: set[int] = set()
    for word in words:
        first, _, last = "".join(word.lower().split()).partition("-") if isinstance(word, str) else ("", "", "")
        if first not in WEEK or (last or first) not in WEEK:
            raise ConfigurationError(f"days must be such as mon-sat or mon,wed,fri, not {word!r}")
        begin, end = WEEK.index(first), WEEK.index(last or first)
        found |= {day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)}
    if not found:
        raise ConfigurationError(f"days must be such as mon-sat or mon,wed,fri, not {given!r}")
    return frozenset(found)


def _days_in_words(days: frozenset[int]) -> str:
    """Days as ``"mon-thu,sat"``: what is equal has equal words."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(WEEK[run[0]] if len(run) == 1 else f"{WEEK[run[0]]}-{WEEK[run[-1]]}" for run in runs)


def _dates(given: object) -> tuple[date, ...]:
    dates = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    for one in dates:
        if not isinstance(one, date) or isinstance(one, datetime):
            raise ConfigurationError(f"not_on must be dates, not {one!r}")
    return tuple(sorted(set(dates)))
