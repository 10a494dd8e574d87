"""Lengths of time and moments, as they are shown."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.cli.formats import length, moment, utc_time, wall_time
from customersms_async.cli.send.checked_job import CheckedJob
from customersms_async.cli.send.preview import preview
from support.drawn_screens import drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock on the wall that is put forward and back every year."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_moment_that_a_ledger_can_hold_is_shown_or_is_beyond_all_calendars(us: int) -> None:
    for text in (wall_time(us / 1e6), utc_time(us / 1e6)):
        assert text is None or abs(int(text.partition("-")[0]) - (1970 + us / 31_556_952_000_000)) < 2


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.05, "0.1 s"),
        (0.5, "0.5 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (10.4, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_599.6, "1 h"),
        (3_600, "1 h"),
        (3_660, "1 h 1 min"),
        (3_659, "1 h"),
        (86_399, "23 h 59 min"),
        (86_399.7, "1 d"),
        (90_000, "1 d 1 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_a_length_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert length(seconds) == shown


@given(st.floats(0, 1e9))
def test_a_length_is_never_off_by_more_than_its_smaller_unit(seconds: float) -> None:
    parts = re.findall(r"([\d.]+) (\w+)", length(seconds))
    assert 1 <= len(parts) <= 2
    sizes = [size for unit, size in UNITS.items() for _, named in parts if named == unit]
    assert sizes == sorted(sizes, reverse=True)
    shown = sum(float(number) * UNITS[unit] for number, unit in parts)
    finest = {"d": 3_600, "h": 60, "min": 1, "s": 1}[parts[0][1]]
    assert abs(shown - seconds) <= finest


def test_a_moment_is_the_time_of_day_or_the_day_as_well() -> None:
    before = datetime.now().astimezone().replace(microsecond=0)
    shown = moment(0)
    assert before.strftime("%H:%M:%S") <= shown or shown.startswith("00:00")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", moment(43_199))
    assert re.fullmatch(r"\w{3} \d\d \w{3} \d\d:\d\d", moment(43_200))


def test_a_moment_is_by_the_clock_that_the_wall_will_have_then(berlin: None) -> None:
    half_a_year = 182 * 86_400
    before = int(time.time())
    shown = moment(half_a_year)
    while_asked = range(before, int(time.time()) + 2)
    assert shown in {time.strftime("%a %d %b %H:%M", time.localtime(now + half_a_year)) for now in while_asked}


@pytest.mark.parametrize("seconds", [4e11, 1e14, 1e20])
def test_a_moment_beyond_all_calendars_ends_nothing(seconds: float) -> None:
    assert moment(seconds)
    assert drawn(preview("made up", CheckedJob(rows=1, recipients=1, seconds=seconds)))
