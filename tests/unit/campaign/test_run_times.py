"""The times of a run, as they are given, and the schedule in its terms that they make."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import ConfigurationError, Hours
from customersms_async._core.hours import microseconds
from customersms_async._core.options import Options
from customersms_async._sending.delivery import SECONDS_PER_NUMBER
from customersms_async.campaign.run_times import RunTimes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customersms_async._core.schedule import SendSchedule

NAIVE = datetime(2026, 12, 1, 9, 0)  # noqa: DTZ001 - a time without a zone is what is tested
ANY_TIME = Hours("00:00-24:00")
IN_TOKYO = Hours("00:00-24:00", zone="Asia/Tokyo")
URL = "https://sms.example.com/api.php"


def schedule(**times: Any) -> SendSchedule:
    found = RunTimes(**times).schedule(Options(url=URL))
    assert found is not None
    return found


def us(text: str) -> int:
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.fixture
def _in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine there."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_without_hours_or_times_there_is_no_schedule() -> None:
    assert RunTimes().schedule(Options(url=URL)) is None
    assert RunTimes(margin=5, in_database=True).schedule(Options(url=URL)) is None


@pytest.mark.skipif(sys.platform == "win32", reason="the zone of a process can't be set there")
@pytest.mark.usefixtures("_in_new_york")
@pytest.mark.parametrize(
    ("hours", "given", "at"),
    [
        (IN_TOKYO, NAIVE, "2026-12-01T00:00"),
        (None, NAIVE, "2026-12-01T14:00"),
        (ANY_TIME, NAIVE, "2026-12-01T14:00"),
        (IN_TOKYO, NAIVE.replace(tzinfo=UTC), "2026-12-01T09:00"),
        (None, datetime.fromisoformat("2026-12-01T09:00+05:30"), "2026-12-01T03:30"),
    ],
)
def test_a_time_is_in_its_own_zone_else_in_that_of_the_hours_else_in_this_machine_s(
    hours: Hours | None, given: datetime, at: str
) -> None:
    found = schedule(hours=hours, at=given, expires=given)
    assert (found.at_us, found.expires_us) == (us(at), us(at))


def test_a_time_without_a_zone_is_refused_for_a_database_unless_the_hours_have_one() -> None:
    for name in ("at", "expires"):
        naive: dict[str, Any] = {name: NAIVE}
        aware: dict[str, Any] = {name: NAIVE.replace(tzinfo=UTC)}
        for hours in (None, ANY_TIME):
            with pytest.raises(ConfigurationError, match=f"{name} needs an offset, or the hours a zone"):
                RunTimes(hours=hours, in_database=True, **naive)
        RunTimes(hours=IN_TOKYO, in_database=True, **naive)
        RunTimes(in_database=True, **aware)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ({"hours": "09:00-20:00"}, "hours must be Hours"),
        ({"hours": Hours("09:00-20:00", zone="Mars/Phobos"), "at": NAIVE}, "no time zone that this machine knows"),
        ({"at": "18:30"}, "at must be a datetime"),
        ({"at": timedelta(hours=1)}, "at must be a datetime"),
        ({"at": NAIVE.replace(year=9_000)}, "at must be before the year 9000"),
        ({"expires": datetime.max.replace(tzinfo=UTC)}, "expires must be before the year 9000"),
        ({"expires": timedelta()}, "expires must be more than no time"),
        ({"expires": timedelta(days=-1)}, "expires must be more than no time"),
        ({"expires": timedelta(days=36_500)}, "below 100 years"),
        ({"expires": 48}, "expires must be a datetime"),
        ({"margin": -1}, "margin"),
        ({"margin": 86_401}, "margin"),
        ({"margin": float("nan")}, "margin"),
        ({"margin": "5"}, "margin"),
    ],
)
def test_what_can_t_be_is_refused_before_anything_is_done(times: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        RunTimes(**times)


def test_a_time_before_1970_is_the_beginning() -> None:
    assert schedule(at=datetime.min.replace(tzinfo=UTC)).at_us == 0
    assert schedule(expires=datetime(1969, 1, 1, tzinfo=UTC)).expires_us == 0


def test_a_length_counts_from_at_else_from_when_the_recipients_were_added() -> None:
    expires = timedelta(hours=48)
    assert schedule(expires=expires).begun(us("2026-12-01")).expires_us == us("2026-12-03")
    begun = schedule(expires=expires, at=NAIVE.replace(tzinfo=UTC)).begun(us("2026-11-01"))
    assert begun.expires_us == us("2026-12-03T09:00")
    assert begun.expires_after_us is None
    assert begun.begun(0) == begun
    latest = schedule(expires=timedelta(days=36_499), at=datetime(8_999, 12, 31, tzinfo=UTC)).begun(0)
    assert latest.expires_us is not None


def test_the_margin_is_the_time_that_an_attempt_of_a_full_batch_may_take_unless_it_is_given() -> None:
    at = NAIVE.replace(tzinfo=UTC)
    for timeout, batch_size in ((5, 1), (5, 100), (0.5, 7)):
        found = RunTimes(at=at).schedule(Options(url=URL, timeout=timeout, batch_size=batch_size))
        assert found is not None
        assert found.margin_us == round(1e6 * (timeout + SECONDS_PER_NUMBER * (batch_size - 1)))
    for margin in (0, 0.5, 86_400):
        assert schedule(at=at, margin=margin).margin_us == margin * 1e6
