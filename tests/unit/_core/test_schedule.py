"""A schedule: who may be texted, from when, until when, and who never, against hours counted minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.hours import DAY_US, Hours, local_time, microseconds
from customersms_async._core.schedule import NEVER_US, ScheduleJudge, SendSchedule, Verdict, VerdictKind

MINUTE_US = 60_000_000
PARIS, NEW_YORK, TOKYO, SYDNEY = "Europe/Paris", "America/New_York", "Asia/Tokyo", "Australia/Sydney"


def us(text: str, zone: str = "UTC") -> int:
    """The moment of an ISO time in a zone."""
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def judge(**options: object) -> ScheduleJudge:
    """The judge of a schedule with these options."""
    return ScheduleJudge(SendSchedule(**options), ZoneInfo)  # type: ignore[arg-type]


@given(
    zones=st.lists(st.sampled_from([PARIS, NEW_YORK, TOKYO, SYDNEY, "America/Sao_Paulo"]), min_size=1, max_size=3),
    begin=st.integers(0, 23),
    length=st.integers(1, 24),
    days=st.sampled_from(["mon-sun", "mon-fri", "sun"]),
    margin=st.integers(0, 90),
    start=st.integers(us("2026-01-01") // MINUTE_US, us("2027-01-01") // MINUTE_US),
)
def test_the_verdict_is_what_the_minutes_say(
    zones: list[str], begin: int, length: int, days: str, margin: int, start: int
) -> None:
    end = (begin + length) % 24 or 24
    if begin == end:
        begin, end = 0, 24
    hours = Hours(f"{begin:02}:00-{end:02}:00", days)
    now_us, compiled = start * MINUTE_US, hours.compiled()

    def is_open(at_us: int) -> bool:
        return all(compiled.holds(local_time(at_us, ZoneInfo(zone))) for zone in zones)

    verdict = judge(hours=hours, margin_us=margin * MINUTE_US).judge(zones, now_us)
    if verdict.kind is VerdictKind.NOW:
        assert all(is_open(now_us + each * MINUTE_US) for each in range(margin + 1))
        last_us = verdict.us + margin * MINUTE_US
        assert not is_open(last_us) or last_us - now_us > DAY_US
    elif verdict.kind is VerdictKind.LATER:
        minutes = range(0, (verdict.us - now_us) // MINUTE_US, 30)
        assert not any(
            all(is_open(now_us + (m + each) * MINUTE_US) for each in (0, *range(margin + 1))) for m in minutes
        )
        assert all(is_open(verdict.us + each * MINUTE_US) for each in range(margin + 1))
    else:
        assert verdict.kind is VerdictKind.NEVER
        assert len(zones) > 1 or margin >= 60
        assert not any(
            all(is_open(now_us + (m + each) * MINUTE_US) for each in range(margin + 1)) for m in range(0, 7 * 1440, 60)
        )


def test_hours_hold_in_all_zones_at_once() -> None:
    at = judge(hours=Hours("09:00-20:00"))
    both = (PARIS, NEW_YORK)
    assert at.judge(both, us("2026-11-30T14:59:59", PARIS)) == (VerdictKind.LATER, us("2026-11-30T15:00", PARIS))
    assert at.judge(both, us("2026-11-30T15:00", PARIS)) == (VerdictKind.NOW, us("2026-11-30T20:00", PARIS))
    assert judge(hours=Hours("09:00-18:00")).judge((TOKYO, NEW_YORK), us("2026-11-30")) == Verdict(VerdictKind.NEVER)


def test_zones_that_were_looked_at_alone_are_looked_at_together() -> None:
    at, now_us = judge(hours=Hours("09:00-18:00")), us("2026-11-30T14:00", PARIS)
    assert at.judge((PARIS,), now_us).kind is VerdictKind.NOW
    assert at.judge((PARIS, "Europe/London"), now_us).kind is VerdictKind.NOW
    assert at.judge((TOKYO, NEW_YORK, PARIS), now_us) == Verdict(VerdictKind.NEVER)


def test_zones_that_agree_in_one_half_of_the_year_are_waited_for() -> None:
    at = judge(hours=Hours("09:00-10:00"))
    verdict = at.judge(("America/Denver", "America/Phoenix"), us("2026-04-01"))
    assert verdict == (VerdictKind.LATER, us("2026-11-01T09:00", "America/Denver"))


def test_a_zone_is_needed_for_hours_alone() -> None:
    assert judge(hours=Hours("09:00-20:00")).judge((), us("2026-11-30")) == Verdict(VerdictKind.NO_ZONE)
    assert judge(at_us=us("2026-12-01")).judge((), us("2026-11-30")) == (VerdictKind.LATER, us("2026-12-01"))
    assert judge(expires_us=us("2026-12-01")).judge((), us("2026-11-30")) == (VerdictKind.NOW, us("2026-12-01"))
    assert judge().judge((), us("2026-11-30")) == (VerdictKind.NOW, NEVER_US)


def test_a_text_leaves_before_its_time_runs_out_by_the_margin() -> None:
    at = judge(expires_us=us("2026-12-01T20:00"), margin_us=30_000_000)
    assert at.judge((), us("2026-12-01T19:59:29")) == (VerdictKind.NOW, us("2026-12-01T19:59:30"))
    assert at.judge((), us("2026-12-01T19:59:30")) == Verdict(VerdictKind.EXPIRED)


def test_who_is_out_of_hours_until_the_time_has_run_out_has_expired() -> None:
    at = judge(hours=Hours("09:00-20:00"), expires_us=us("2026-12-01T09:00", PARIS))
    assert at.judge((PARIS,), us("2026-11-30T19:00", PARIS)).kind is VerdictKind.NOW
    assert at.judge((PARIS,), us("2026-11-30T20:00", PARIS)) == Verdict(VerdictKind.EXPIRED)


@pytest.mark.parametrize(("begins", "expected"), [("2026-12-01T08:00", "2026-12-01T09:00"), ("2026-12-01T10:30",) * 2])
def test_hours_are_looked_for_from_the_beginning_on(begins: str, expected: str) -> None:
    at = judge(hours=Hours("09:00-20:00"), at_us=us(begins, PARIS))
    assert at.judge((PARIS,), us("2026-11-30T12:00", PARIS)) == (VerdictKind.LATER, us(expected, PARIS))


def test_time_that_runs_out_some_time_after_it_is_counted_from_the_beginning_or_the_addition() -> None:
    later, added = SendSchedule(expires_after_us=DAY_US, at_us=us("2026-12-05")), us("2026-12-01")
    assert later.begun(added).expires_us == us("2026-12-06")
    assert SendSchedule(expires_after_us=DAY_US).begun(added).expires_us == us("2026-12-02")
    assert SendSchedule(expires_us=7).begun(added) == SendSchedule(expires_us=7)


def test_openings_are_found_anew_as_time_goes_on_and_when_a_clock_is_put_back() -> None:
    hours, start = Hours("09:00-20:00", "mon-sat"), us("2026-01-01")
    at = judge(hours=hours)
    for day in [*range(0, 500, 3), 0, 499]:
        now_us = start + day * DAY_US + 10 * 3_600_000_000
        there = datetime(2026, 1, 1, 10, tzinfo=UTC) + timedelta(days=day)
        assert at.judge((PARIS,), now_us).kind is (VerdictKind.NOW if there.weekday() < 6 else VerdictKind.LATER)
