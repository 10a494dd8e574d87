"""Hours: openings are exactly the moments at which the local time is within hours, whatever a zone does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.hours import (
    DAY_US,
    Hours,
    Opening,
    common,
    first_after,
    local_time,
    microseconds,
    openings,
)
from customersms_async.errors import ConfigurationError

ZONES = (
    *("Europe/Paris", "America/New_York", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Gaza", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Africa/Cairo", "America/Santiago", "UTC"),
)
MINUTE_US = 60_000_000


def us(text: str) -> int:
    """The moment of an ISO time, in UTC without an offset."""
    moment = datetime.fromisoformat(text)
    return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def in_words(found: list[Opening], zone: str) -> list[str]:
    """Openings by the clock on the wall."""
    there = ZoneInfo(zone)
    return [
        f"{local_time(one.from_us, there):%a %H:%M%z}-{local_time(one.until_us, there):%a %H:%M%z}" for one in found
    ]


@given(
    zone=st.sampled_from(ZONES),
    begin=st.integers(0, 95),
    end=st.integers(1, 96),
    days=st.sampled_from(["mon-sun", "sun", "sat-mon", "mon,wed,fri"]),
    start=st.integers(us("2010-01-01"), us("2037-01-01")),
    steps=st.lists(st.integers(0, 5 * 1_440 - 1), min_size=20, max_size=60),
)
def test_an_opening_is_when_the_local_time_is_within_hours(
    zone: str, begin: int, end: int, days: str, start: int, steps: list[int]
) -> None:
    if begin == end:
        return
    clock = f"{begin // 4:02}:{15 * (begin % 4):02}-{end // 4:02}:{15 * (end % 4):02}"
    hours, there = Hours(clock, days).compiled(), ZoneInfo(zone)
    from_us = start - start % MINUTE_US
    found = openings(hours, there, from_us, from_us + 5 * DAY_US)
    assert found == sorted(found)
    assert all(one.until_us < other.from_us for one, other in pairwise(found))
    edges = [edge + shift for one in found for edge in one for shift in (-1, 0)]
    for at_us in [*(from_us + step * MINUTE_US for step in steps), *edges]:
        if from_us <= at_us < from_us + 5 * DAY_US:
            is_open = any(one.from_us <= at_us < one.until_us for one in found)
            assert is_open == hours.holds(local_time(at_us, there)), local_time(at_us, there)


@pytest.mark.parametrize(
    ("clock", "zone", "on", "expected"),
    [
        ("09:00-20:00", "Europe/Paris", "2026-11-30", ["Mon 09:00+0100-Mon 20:00+0100"]),
        ("01:30-05:00", "Europe/Paris", "2026-03-29", ["Sun 01:30+0100-Sun 05:00+0200"]),
        ("02:30-05:00", "Europe/Paris", "2026-03-29", ["Sun 03:00+0200-Sun 05:00+0200"]),
        ("01:00-02:30", "Europe/Paris", "2026-03-29", ["Sun 01:00+0100-Sun 03:00+0200"]),
        (
            *("02:15-02:45", "Europe/Paris", "2026-10-25"),
            ["Sun 02:15+0200-Sun 02:45+0200", "Sun 02:15+0100-Sun 02:45+0100"],
        ),
        (
            *("02:30-04:00", "Europe/Paris", "2026-10-25"),
            ["Sun 02:30+0200-Sun 02:00+0100", "Sun 02:30+0100-Sun 04:00+0100"],
        ),
    ],
)  # fmt: skip
def test_a_change_over_cuts_or_repeats_an_opening(clock: str, zone: str, on: str, expected: list[str]) -> None:
    there = ZoneInfo(zone)
    begin = microseconds(datetime.combine(date.fromisoformat(on), time(), tzinfo=there))
    end = microseconds(datetime.combine(date.fromisoformat(on) + timedelta(days=1), time(), tzinfo=there))
    assert in_words(openings(Hours(clock).compiled(), there, begin, end), zone) == expected


def test_a_day_that_a_zone_leaves_out_has_no_opening() -> None:
    hours, there = Hours("09:00-20:00").compiled(), ZoneInfo("Pacific/Apia")
    found = openings(hours, there, us("2011-12-29T12:00"), us("2011-12-31T12:00"))
    assert [f"{local_time(one.from_us, there):%d %H:%M}" for one in found] == ["29 09:00", "31 09:00"]


def test_a_range_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    hours = Hours("18:00-02:00", "fri,sat", [date(2026, 12, 5)])
    found = openings(hours.compiled(), ZoneInfo("UTC"), us("2026-11-30"), us("2026-12-14"))
    assert in_words(found, "UTC") == ["Fri 18:00+0000-Sat 02:00+0000"] * 2 + ["Sat 18:00+0000-Sun 02:00+0000"]
    assert [f"{local_time(one.from_us, ZoneInfo('UTC')):%d}" for one in found] == ["04", "11", "12"]


def test_the_whole_day_is_one_opening_without_gaps() -> None:
    begin, end = us("2026-10-20"), us("2026-10-30")
    assert openings(Hours("00:00-24:00").compiled(), ZoneInfo("Europe/Paris"), begin, end) == [Opening(begin, end)]


@pytest.mark.parametrize(
    ("given_days", "kept"),
    [("MON - sat", "mon-sat"), ("sat-mon", "mon,sat-sun"), (["wed", "mon"], "mon,wed"), ("mon,tue,wed", "mon-wed")],
)
def test_days_are_kept_in_one_way(given_days: str | list[str], kept: str) -> None:
    assert Hours("9:00-20:00", given_days) == Hours((time(9), time(20)), kept)
    assert Hours("9:00-20:00", given_days).days == kept


def test_hours_are_kept_whole_by_json() -> None:
    hours = Hours("9:00-0:00", "mon-fri", [date(2026, 12, 25), date(2026, 1, 1)], "Europe/Paris")
    assert hours.between == "09:00-24:00"
    assert hours.not_on == (date(2026, 1, 1), date(2026, 12, 25))
    assert msgspec.json.decode(msgspec.json.encode(hours), type=Hours) == hours


@pytest.mark.parametrize(
    "between",
    [
        *("9-20", "09:00", "25:00-26:00", "09:60-10:00", "09:00-09:00", "00:00-00:00", "24:00-08:00", "09:00-20:00 x"),
        *(None, ("9", "20"), (time(9, 0, 1), time(20)), (time(9), time(20, tzinfo=UTC))),
    ],
)
def test_what_is_no_time_of_day_is_refused(between: object) -> None:
    with pytest.raises(ConfigurationError, match="hours must be such as 09:00-20:00"):
        Hours(between)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": "monday"}, "days must be such as"),
        ({"days": ""}, "days must be such as"),
        ({"days": []}, "days must be such as"),
        ({"days": [1]}, "days must be such as"),
        ({"days": None}, "days must be such as"),
        ({"not_on": "2026-12-25"}, "not_on must be dates"),
        ({"not_on": [datetime(2026, 12, 25, tzinfo=UTC)]}, "not_on must be dates"),
        ({"zone": ""}, "zone must be the name of a time zone"),
        ({"zone": 3}, "zone must be the name of a time zone"),
    ],
)
def test_other_options_that_make_no_sense_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Hours("09:00-20:00", **options)  # type: ignore[arg-type]


OPENINGS = st.lists(st.integers(0, 200), max_size=20, unique=True).map(
    lambda edges: [Opening(*pair) for pair in zip(*[iter(sorted(edges)[: len(edges) // 2 * 2])] * 2, strict=True)]
)


@given(OPENINGS, OPENINGS)
def test_what_openings_have_in_common_is_in_both(some: list[Opening], others: list[Opening]) -> None:
    found = common(some, others)
    for at in range(201):
        in_both = all(any(one.from_us <= at < one.until_us for one in each) for each in (some, others))
        assert in_both == any(one.from_us <= at < one.until_us for one in found)


@given(OPENINGS, st.integers(0, 200), st.integers(0, 20))
def test_the_next_opening_has_more_left_than_is_asked_for(found: list[Opening], now: int, margin: int) -> None:
    expected = [one for one in found if one.until_us - max(one.from_us, now) > margin]
    assert first_after(found, now, margin) == (expected[0] if expected else None)
