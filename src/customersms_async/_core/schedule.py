"""A schedule: when the texts of a campaign may leave, and the verdict on one recipient at one moment.

All times are microseconds since 1970. A text may leave at ``at_us`` at the earliest, within its recipient's hours, and
before ``expires_us``; hours and expiry end ``margin_us`` earlier for it, as an attempt takes that long at most.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, final

import msgspec

from .hours import DAY_US, CompiledHours, Hours, Opening, common, first_after, openings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

NEVER_US: Final = 1 << 62
"""Later than anything that a calendar has."""

LONGEST_MARGIN_US: Final = DAY_US
"""A longer margin leaves nothing of anybody's hours."""

LATEST_US: Final = 221_845_392_000_000_000
"""The year 9000: later than anything that is meant, and early enough for a calendar to go on from there."""

_Moment = Annotated[int, msgspec.Meta(ge=0, le=LATEST_US)]

_NEAR_US: Final = 9 * DAY_US
"""How far openings are looked for at first: every day of the week is in it, and a change-over."""

_FAR_US: Final = 400 * DAY_US
"""How far they are looked for at most: a year with all its change-overs, and more dates left out than that has."""


class SendSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When the texts of a campaign may leave. ``None``: without hours, from now on, for good.

    ``expires_after_us``: so long after ``at_us``, or without one, after the campaign's recipients were added.
    """

    hours: Hours | None = None
    at_us: _Moment | None = None
    expires_us: _Moment | None = None
    expires_after_us: _Moment | None = None
    margin_us: Annotated[int, msgspec.Meta(ge=0, le=DAY_US)] = 0

    def begun(self, added_us: int) -> SendSchedule:
        """The schedule of a campaign whose recipients were added then: with a moment at which it expires, if ever."""
        if self.expires_after_us is None:
            return self
        expires_us = (added_us if self.at_us is None else self.at_us) + self.expires_after_us
        return msgspec.structs.replace(self, expires_us=expires_us, expires_after_us=None)


class VerdictKind(enum.Enum):
    """The kinds of verdict on one recipient at one moment.

    NOW and LATER: they may be texted then. EXPIRED: their time has run out. NO_ZONE: no time zone is known of them,
    which hours need. NEVER: the zones that they may be in are never within hours at once.
    """

    NOW = "now"
    LATER = "later"
    EXPIRED = "expired"
    NO_ZONE = "no zone"
    NEVER = "never"


class Verdict(NamedTuple):
    """The verdict of a schedule on one recipient at one moment.

    ``us`` (microseconds since 1970) is, for NOW, until when they may be texted; for LATER, from when on.
    """

    kind: VerdictKind
    us: int = 0


class _Known(NamedTuple):
    """All openings between two moments."""

    from_us: int
    until_us: int
    openings: list[Opening]

    def covers(self, at_us: int, reach_us: int) -> bool:
        """Whether it reaches from that moment on nearly as far: what has gone by since it was found is let go later."""
        return self.from_us <= at_us and at_us + reach_us <= self.until_us + reach_us // 2


@final
class ScheduleJudge:
    """Judges recipients by one schedule, as it is ``begun``. ``load`` gives the time zone of a name.

    Mutable state: the zones, and the openings of each set of zones, with the moment up to which they are known.
    """

    def __init__(self, schedule: SendSchedule, load: Callable[[str], tzinfo]) -> None:
        self._load = load
        self._hours: CompiledHours | None = None if schedule.hours is None else schedule.hours.compiled()
        self._margin_us = schedule.margin_us
        self._from_us = schedule.at_us or 0
        self._until_us = NEVER_US if schedule.expires_us is None else schedule.expires_us - schedule.margin_us
        self._of_zone: dict[str, _Known] = {}
        self._of_zones: dict[tuple[str, ...], _Known] = {}

    def judge(self, zones: Sequence[str], now_us: int) -> Verdict:
        """The verdict on a recipient who may be in any of ``zones``: it has to be within hours in all of them."""
        if now_us >= self._until_us:
            return Verdict(VerdictKind.EXPIRED)
        opens_us, closes_us = self._from_us, NEVER_US
        if self._hours is not None:
            if not zones:
                return Verdict(VerdictKind.NO_ZONE)
            opening = self._opening(tuple(zones), max(now_us, self._from_us))
            if opening is None:
                return Verdict(VerdictKind.NEVER)
            opens_us, closes_us = max(opening.from_us, opens_us), opening.until_us - self._margin_us
        if opens_us >= self._until_us:
            return Verdict(VerdictKind.EXPIRED)
        if now_us < opens_us:
            return Verdict(VerdictKind.LATER, opens_us)
        return Verdict(VerdictKind.NOW, min(closes_us, self._until_us))

    def _opening(self, zones: tuple[str, ...], at_us: int) -> Opening | None:
        """The first opening of which more than the margin is left at that moment, or when it begins."""
        for reach_us in (_NEAR_US, _FAR_US):
            found = first_after(self._known(zones, at_us, reach_us), at_us, self._margin_us)
            if found is not None:
                return found
        return None

    def _known(self, zones: tuple[str, ...], at_us: int, reach_us: int) -> list[Opening]:
        """The openings that are common to ``zones``, from that moment on, as far as asked for, or further."""
        known = self._of_zones.get(zones)
        if known is None or not known.covers(at_us, reach_us):
            end_us, found = at_us + reach_us, [Opening(at_us, at_us + reach_us)]
            for zone in zones:
                if not found:
                    break
                found = common(found, self._of_one(zone, at_us, end_us))
            known = self._of_zones[zones] = _Known(at_us, end_us, found)
        return known.openings

    def _of_one(self, zone: str, from_us: int, until_us: int) -> list[Opening]:
        assert self._hours is not None  # noqa: S101 - nobody asks without hours
        known = self._of_zone.get(zone)
        if known is None or from_us < known.from_us or known.until_us < until_us:
            found = openings(self._hours, self._load(zone), from_us, until_us)
            known = self._of_zone[zone] = _Known(from_us, until_us, found)
        return known.openings
