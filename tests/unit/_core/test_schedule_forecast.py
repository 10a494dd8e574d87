"""A forecast under hours goes through every request: when the first and the last leave, and who gets none."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from customersms_async._core.hours import Hours
from customersms_async._core.layers import Layer
from customersms_async._core.schedule import ScheduleJudge, SendSchedule, VerdictKind
from customersms_async._core.schedule_forecast import Grants, ScheduledPeople, ScheduleForecast, forecast
from customersms_async.models import Limit

SECOND = 1_000_000
HOUR = 3_600 * SECOND
BEGIN = 1_796_000_400 * SECOND  # 2026-11-30T01:00 in UTC
ZONES = [("UTC",), ("Asia/Tokyo",), ("UTC", "Asia/Tokyo"), ()]


def grants(*layers: Layer, pace: Limit | None = None, waits: tuple[int, ...] = ()) -> Grants:
    """When requests may leave; the first few not before these microseconds have gone by."""
    return Grants(layers, pace, lambda place: BEGIN + waits[place] if place < len(waits) else 0)


def ends(
    schedule: SendSchedule, zones_of: list[int], text_of: list[int] | None = None, quota: Grants | None = None
) -> ScheduleForecast:
    """What comes of sending to people with these zones, in batches of two, two at a time."""
    people = ScheduledPeople(ZONES, zones_of, text_of or [0] * len(zones_of))
    judge = ScheduleJudge(schedule, ZoneInfo)
    given = quota or grants(Layer(10**6, HOUR))
    return forecast(people, judge, given, BEGIN, batch_size=2, lookahead=4, max_concurrency=2)


def test_without_hours_it_is_what_the_quota_lets_through() -> None:
    one_a_second = grants(Layer(1, SECOND))
    assert ends(SendSchedule(), [0] * 5, quota=one_a_second) == (BEGIN, BEGIN + 2 * SECOND, 3, {})
    assert ends(SendSchedule(), []) == (None, None, 0, {})


def test_a_pace_lets_a_burst_go_and_then_one_at_a_time() -> None:
    found = ends(SendSchedule(), [0] * 10, list(range(10)), grants(Layer(10**6, HOUR), pace=Limit(4, 2)))
    assert found == (BEGIN, BEGIN + 3 * SECOND, 10, {})


def test_what_the_quota_holds_already_is_waited_for() -> None:
    found = ends(SendSchedule(), [0] * 4, quota=grants(Layer(10, HOUR), waits=(5 * SECOND, 9 * SECOND)))
    assert found == (BEGIN + 5 * SECOND, BEGIN + 9 * SECOND, 2, {})


def test_whoever_is_out_of_hours_is_met_again_when_these_come() -> None:
    """Tokyo's 10:00 is the beginning, London's 09:00 is eight hours later; equal texts wait for no other zone."""
    found = ends(SendSchedule(hours=Hours("09:00-20:00")), [1, 0, 1, 0, 0])
    assert found == (BEGIN, BEGIN + 8 * HOUR, 3, {})


def test_a_batch_that_waits_is_cut_where_hours_end() -> None:
    """One request an hour: Tokyo's hours end at 20:00, ten hours later, with some of a mixed batch in the line."""
    hours = SendSchedule(hours=Hours("10:00-20:00"))
    found = ends(hours, [1] * 18 + [1, 0], quota=grants(Layer(1, HOUR)))
    assert found.requests == 11
    assert found.end_us == BEGIN + 10 * HOUR
    later = ends(hours, [1] * 20 + [1, 0], quota=grants(Layer(1, HOUR)))
    assert later.requests == 12
    assert later.end_us == BEGIN + 24 * HOUR, "the one of Tokyo is left to the next morning, the other goes at once"


@pytest.mark.parametrize(
    ("zones_of", "reason"),
    [
        ([3], VerdictKind.NO_ZONE),
        ([2], VerdictKind.NEVER),
        ([0], VerdictKind.EXPIRED),
        ([0, 0, 0], VerdictKind.EXPIRED),
    ],
)
def test_who_gets_none_is_counted_by_the_reason(zones_of: list[int], reason: VerdictKind) -> None:
    schedule = SendSchedule(hours=Hours("09:00-11:00"), expires_us=BEGIN + HOUR)
    if reason is VerdictKind.NEVER:
        schedule = SendSchedule(hours=Hours("09:00-11:00"))
    assert ends(schedule, zones_of) == (None, None, 0, {reason: len(zones_of)})


def test_a_time_that_runs_out_in_the_line_is_seen_there() -> None:
    found = ends(SendSchedule(expires_us=BEGIN + 2 * HOUR + 1), [0] * 10, quota=grants(Layer(1, HOUR)))
    assert found == (BEGIN, BEGIN + 2 * HOUR, 3, {VerdictKind.EXPIRED: 4})
