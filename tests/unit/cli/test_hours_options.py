"""The options that say when texts may leave, as they are typed, and the times that a run gets of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import typer

from customersms_async import ConfigurationError, Hours
from customersms_async.cli.hours_options import HoursOptions, with_date
from customersms_async.cli.problems import InputProblem

if TYPE_CHECKING:
    from pathlib import Path

TOKYO = ZoneInfo("Asia/Tokyo")
NOTHING = {"hours": None, "at": None, "expires": None, "margin": None}


def read(**options: Any) -> dict[str, Any]:
    return HoursOptions(**options).read()


def refuse_over(**options: Any) -> None:
    HoursOptions(**options).refuse_over()


def test_without_options_there_are_no_times() -> None:
    assert read() == NOTHING
    assert read(zone="Asia/Tokyo") == NOTHING, "a zone alone says only what times would be in"


@pytest.mark.parametrize(
    ("options", "hours"),
    [
        ({"between": "9:00-20:00"}, Hours("09:00-20:00")),
        ({"between": "18:00-02:00", "days": "mon,wed"}, Hours("18:00-02:00", "mon,wed")),
        ({"days": "Mon-Sat"}, Hours("00:00-24:00", "mon-sat")),
        ({"between": "09:00-20:00", "zone": "Asia/Tokyo"}, Hours("09:00-20:00", zone="Asia/Tokyo")),
    ],
)
def test_hours_are_those_of_the_options_that_are_given(options: dict[str, str], hours: Hours) -> None:
    assert read(**options) == NOTHING | {"hours": hours}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"between": "25:00-26:00"}, "hours must be such as 09:00-20:00"),
        ({"between": "09:00-09:00"}, "hours must be such as 09:00-20:00"),
        ({"between": "9-20"}, "hours must be such as 09:00-20:00"),
        ({"between": ""}, "hours must be such as 09:00-20:00"),
        ({"days": "someday"}, "days must be such as mon-sat"),
        ({"between": "09:00-20:00", "days": ""}, "days must be such as mon-sat"),
        ({"zone": "Mars/Phobos"}, "'Mars/Phobos' is no time zone that this machine knows"),
        ({"zone": ""}, "is no time zone that this machine knows"),
        ({"between": "09:00-20:00", "zone": "../../etc/passwd"}, "is no time zone that this machine knows"),
    ],
)
def test_hours_and_zones_that_are_none_are_refused(options: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read(**options)


@pytest.mark.parametrize("option", ["at", "expires"])
def test_a_time_is_of_today_or_of_its_date_in_the_zone_that_it_or_the_option_names(option: str) -> None:
    naive = datetime(2026, 10, 31, 18, 30)  # noqa: DTZ001 - a time without a zone is what is tested
    assert read(**{option: "2026-10-31T18:30"})[option] == naive
    assert read(**{option: "2026-10-31 18:30", "zone": "Asia/Tokyo"})[option] == naive.replace(tzinfo=TOKYO)
    assert read(**{option: "2026-10-31T18:30Z", "zone": "Asia/Tokyo"})[option] == naive.replace(tzinfo=UTC)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # never on the same day
        before, found, after = _now(zone), read(**{option: " 18:30 ", "zone": zone})[option], _now(zone)
        assert found.utcoffset() == before.utcoffset()
        assert (found.hour, found.minute) == (18, 30)
        assert found.date() in (before.date(), after.date())


@pytest.mark.parametrize("option", ["at", "expires"])
@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-02-30T10:00", "2026-10-31T", "18:30:", "٢:٣٠"])
def test_a_time_that_is_none_is_refused_with_its_option(option: str, text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a time such as 18:30") as refused:
        read(**{option: text})
    assert refused.value.param_hint == f"'--{option}'"


@pytest.mark.parametrize(
    ("text", "length"),
    [("90m", timedelta(minutes=90)), ("48h", timedelta(days=2)), ("3d", timedelta(days=3)), ("1w", timedelta(weeks=1))],
)
def test_a_length_has_a_unit(text: str, length: timedelta) -> None:
    assert read(expires_after=text)["expires"] == length


@pytest.mark.parametrize("text", ["", "48", "h", "0h", "-1h", "1.5h", "48 h", "48s", "9999999h", "٤h", "1h30m"])
def test_a_length_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a length of time such as 90m") as refused:
        read(expires_after=text)
    assert refused.value.param_hint == "'--expires-after'"


def test_two_times_of_expiry_are_refused() -> None:
    with pytest.raises(typer.BadParameter, match="--expires and --expires-after"):
        read(expires="18:30", expires_after="48h")


def test_the_margin_is_handed_on() -> None:
    assert read(margin=0.0) == NOTHING | {"margin": 0.0}


def dates(tmp_path: Path, content: bytes) -> tuple[date, ...]:
    path = tmp_path / "dates"
    path.write_bytes(content)
    found: tuple[date, ...] = read(not_on=path)["hours"].not_on
    return found


def test_dates_to_leave_out_stand_in_a_file_one_a_line(tmp_path: Path) -> None:
    christmas, new_year = date(2026, 12, 25), date(2027, 1, 1)
    for content in (
        b"2026-12-25\n2027-01-01\n",
        b"\xef\xbb\xbf2026-12-25\r\n\r\n 2027-01-01 ",
        b"# holidays\n2027-01-01 # new year\n2026-12-25\n2026-12-25\n",
    ):
        assert dates(tmp_path, content) == (christmas, new_year)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no dates are in it"),
        (b"# none\n\n", "no dates are in it"),
        (b"2026-12-25\n2026-02-30\n", "line 2: '2026-02-30' is no date such as 2026-12-25"),
        (b"25.12.2026\n", "line 1: '25.12.2026' is no date"),
        (b"2026-12-25T10:00\n", "line 1: .* is no date"),
        (b"\xff\xfe2\x000\x00", "--not-on .*: "),
    ],
)
def test_a_file_of_dates_that_holds_none_is_refused_with_the_line(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(InputProblem, match=says):
        dates(tmp_path, content)


def test_a_file_of_dates_that_can_t_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(InputProblem, match=r"--not-on .*: "):
            read(not_on=path)


def test_a_time_of_today_is_given_its_date_once_it_is_to_be_typed_again() -> None:
    assert with_date("2026-10-31T18:30", None) == "2026-10-31T18:30"
    assert with_date("18:30-05:00", None).endswith("T18:30-05:00")
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", None):
        before, found, after = _now(zone), with_date(" 18:30", zone), _now(zone)
        assert found in {f"{day:%Y-%m-%d}T18:30" for day in (before, after)}


def _now(zone: str | None) -> datetime:
    return datetime.now(None if zone is None else ZoneInfo(zone))


@pytest.mark.parametrize("option", ["at", "expires"])
def test_a_time_of_today_that_is_over_is_refused_as_tomorrow_s_may_be_meant(option: str) -> None:
    zone = next(each for each in ("Asia/Tokyo", "Pacific/Honolulu") if 3 <= _now(each).hour < 22)
    now = _now(zone)
    over, later = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-2, 2))
    tomorrow = f"{now + timedelta(days=1):%Y-%m-%d}T{over}"
    with pytest.raises(typer.BadParameter, match=f"{over} is over today: give its date, such as {tomorrow}") as refused:
        refuse_over(**{option: over, "zone": zone})
    assert refused.value.param_hint == f"'--{option}'"
    just_over = f"{now - timedelta(minutes=3):%H:%M}"
    for text in (later, just_over, f"{now:%H:%M}", f"{now:%Y-%m-%d}T{over}"):
        refuse_over(**{option: text, "zone": zone})
