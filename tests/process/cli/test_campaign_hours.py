"""``customersms campaign`` with hours, a beginning and an expiry, as a process: who is sent to now, and who waits."""

from __future__ import annotations

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from support.campaign_command import LEDGER, begin, exported, go_on, status
from support.command import PATIENCE, Commands, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

SATELLITE = "+88210000000"


def hours_from_now(begin: int, end: int, zone: str = "America/New_York") -> str:
    """Hours that begin and end so many hours from now, by the clock in ``zone``, where the made-up people live."""
    now = datetime.now(ZoneInfo(zone))
    return "-".join(f"{now + timedelta(hours=hours):%H:%M}" for hours in (begin, end))


def seconds_from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def waits_for(customersms: Commands) -> dict[str, Any] | None:
    found: dict[str, Any] | None = status(customersms)["waits_for"]
    return found


def test_within_hours_everyone_is_sent_to(customersms: Commands) -> None:
    customersms.people(12)
    ended = customersms(*begin("--sandbox", "--between", hours_from_now(-3, 3)))
    assert ended.status == 0
    assert "time zones: 12 America/New_York" in ended.words
    assert status(customersms)["accepted"] == 12


def test_out_of_hours_it_waits_says_so_and_is_ended_by_a_signal(customersms: Commands) -> None:
    customersms.people(12)
    between = hours_from_now(3, 6)
    process = customersms.start(*begin("--sandbox", "--between", between, "--days", "mon-sun"))
    until(lambda: (customersms.folder / "l").exists() and status(customersms).get("running"))
    waits = waits_for(customersms)
    assert waits is not None
    assert waits["what"] == "hours"
    assert 2 * 3_600 < waits["seconds"] < 3 * 3_600 + 60
    shown = customersms("campaign", "status", *LEDGER).words
    assert f"hours: {between} mon-sun" in shown
    assert "waits for: hours: the next text leaves in" in shown
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert f"To go on:\n  customersms campaign run --ledger l --pace none --sandbox --yes --between {between}" in out
    assert "the first text leaves in" in out
    assert status(customersms)["planned"] == 12


def test_a_run_that_waits_for_its_hours_shows_when_it_will_end(customersms: Commands) -> None:
    customersms.people(12)
    terminal = customersms.in_terminal(*begin("--sandbox", "--between", hours_from_now(3, 6), "--days", "mon-sun"))
    terminal.wait_for(r"0 of 12, [23] h( \d+ min)? to go, until ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130


def test_each_is_sent_to_by_the_clock_on_their_own_wall(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.write(
        "people.csv", "phone,name,zone\n+12125550001,A,\n+12125550002,B,Asia/Tokyo\n+33612345678,C,America/New_York\n"
    )
    options = ("--between", hours_from_now(-2, 2), "--zone-column", "zone")
    process = customersms.start(*begin(*options), **there)
    until(lambda: len(gateway.texts) == 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert sorted(text.message for text in gateway.texts) == ["Hi A", "Hi C"]
    assert [row["status"] for row in exported(customersms)] == ["accepted", "planned", "accepted"]


@pytest.mark.parametrize("out_of_hours", [False, True])
def test_at_a_time_a_few_seconds_ahead_it_begins_then(customersms: Commands, serve: Serve, out_of_hours: bool) -> None:
    gateway, there = serve()
    customersms.people(3)
    hours = ("--between", hours_from_now(3, 6)) if out_of_hours else ()
    at = seconds_from_now(4)
    process = customersms.start(*begin("--at", at, *hours), **there)
    if out_of_hours:
        until(lambda: (customersms.folder / "l").exists() and status(customersms).get("running"))
        until(lambda: datetime.now(UTC) > datetime.fromisoformat(at) + timedelta(seconds=1))
        assert gateway.requests == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        return
    out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, len(gateway.texts)) == (0, 3)
    assert "begins" in customersms("campaign", "status", *LEDGER).words
    rows = exported(customersms)
    assert all(datetime.fromisoformat(row["updated_at"]) >= datetime.fromisoformat(at) for row in rows), out


def test_the_command_that_goes_on_names_the_day_of_a_time_that_was_today_s(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.people(3)
    tokyo = ZoneInfo("Asia/Tokyo")
    now = datetime.now(tokyo)
    days, at = [f"{now:%Y-%m-%d}"], f"{now:%H:%M}"
    ended = customersms(
        *begin("--at", at, "--expires", "23:59:59", "--zone", "Asia/Tokyo", "--max-recipients", "0"), **there
    )
    days.append(f"{datetime.now(tokyo):%Y-%m-%d}")
    resume = re.search(r"customersms campaign run --ledger l .*", ended.out)
    assert (ended.status, resume is not None) == (4, True)
    assert resume is not None
    found = [re.search(rf"--{name} (\S+)T{clock}", resume[0]) for name, clock in (("at", at), ("expires", "23"))]
    assert all(one is not None and one[1] in days for one in found), resume[0]
    assert "--zone Asia/Tokyo" in resume[0]


def test_who_has_expired_or_has_no_zone_is_skipped_with_the_code_and_sent_to_once_a_person_says_so(
    customersms: Commands, serve: Serve
) -> None:
    gateway, there = serve()
    customersms.write("people.csv", f"phone,name\n+12125550001,A\n{SATELLITE},B\n")
    now = ("--between", hours_from_now(-3, 3))
    ended = customersms(*begin(*now), **there)
    assert ended.status == 3
    assert "1 recipient would be skipped: NO_ZONE" in ended.words
    assert [(row["status"], row["code"]) for row in exported(customersms)] == [("accepted", ""), ("skipped", "NO_ZONE")]
    retry = ("campaign", "retry", *LEDGER, "--by", "Ann", "--skipped", "--yes", "--code")
    assert "nobody is so" in customersms(*retry, "EXPIRED").words
    assert customersms(*retry, "no_zone").status == 0
    assert status(customersms)["planned"] == 1

    late = customersms(*go_on("--expires", seconds_from_now(-60), *now, "--zone", "America/New_York"), **there)
    assert late.status == 3
    assert [row["code"] for row in exported(customersms)] == ["", "EXPIRED"]
    assert customersms(*retry, "EXPIRED").status == 0
    assert customersms(*go_on(*now, "--zone", "America/New_York"), **there).status == 0
    assert [text.message for text in gateway.texts] == ["Hi A", "Hi B"]


def test_the_preview_tells_people_and_programs_of_zones_and_of_who_would_be_skipped(customersms: Commands) -> None:
    people = f"phone,name,zone\n+12125550001,A,\n+79161234567,B,\n{SATELLITE},C,\n+33612345678,D,Asia/Tokyo\n"
    customersms.write("people.csv", people)
    options = ("--between", "00:00-24:00", "--zone-column", "zone")
    ended = customersms(*begin("--dry-run", "--json", *options))
    found = json.loads(ended.out)
    assert found["zones"] == {"America/New_York": 1, "several zones": 1, "no known zone": 1, "Asia/Tokyo": 1}
    assert found["skipped_by_hours"] == {"NO_ZONE": 1}
    assert 0 <= found["seconds"] < 10
    with_zone = json.loads(customersms(*begin("--dry-run", "--json", *options, "--zone", "Europe/Paris")).out)
    assert with_zone["skipped_by_hours"] == {}
    assert with_zone["zones"]["Europe/Paris"] == 1
    later = json.loads(customersms(*begin("--dry-run", "--json", "--at", seconds_from_now(3_600))).out)
    assert 3_500 < later["seconds"] < 3_700
    assert later["zones"] == {}
    shown = customersms(*begin("--dry-run", *options, "--expires", seconds_from_now(-5))).words
    assert "4 recipients would be skipped: EXPIRED" in shown
    assert "nobody would get a text by these hours" in shown
    assert not (customersms.folder / "l").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--between", "25:00-26:00"), "hours must be such as 09:00-20:00"),
        (("--between", "09:00-20:00", "--zone", "Mars/Phobos"), "is no time zone that this machine knows"),
        (("--at", "soon"), "Invalid value for '--at': 'soon' is not a time such as 18:30"),
        (("--expires-after", "48"), "Invalid value for '--expires-after': '48' is not a length of time such as 90m"),
        (("--expires", "18:30", "--expires-after", "1h"), "give one"),
        (("--at", "9999-01-01T00:00"), "at must be before the year 9000"),
        (("--at", "18:30", "--margin", "-1"), "margin"),
        (("--not-on", "missing"), "--not-on missing"),
        (("--zone-column", "nowhere"), "nowhere"),
    ],
    ids=str,
)
def test_what_can_t_be_is_refused_before_anything_is_made(
    customersms: Commands, options: tuple[str, ...], says: str
) -> None:
    customersms.people(1)
    ended = customersms(*begin("--sandbox", *options))
    assert ended.status in (1, 2)
    assert says in ended.words
    assert "Traceback" not in ended.words
    assert not (customersms.folder / "l").exists()


def test_a_beginning_that_is_over_today_begins_nothing_and_does_not_keep_one_from_going_on(
    customersms: Commands, serve: Serve
) -> None:
    """At ten in the evening, ``--at 08:00`` would have texted everyone at once."""
    gateway, there = serve()
    customersms.people(6)
    zone = next(each for each in ("Asia/Tokyo", "Pacific/Honolulu") if datetime.now(ZoneInfo(each)).hour >= 3)
    over = ("--at", f"{datetime.now(ZoneInfo(zone)) - timedelta(hours=2):%H:%M}", "--zone", zone)
    refused = customersms(*begin(*over), **there)
    assert (refused.status, gateway.requests) == (2, 0)
    assert "is over today: give its date" in refused.words
    assert not (customersms.folder / "l").exists()
    assert customersms(*begin("--max-recipients", "2"), **there).status == 4
    assert customersms(*go_on(*over), **there).status == 0
    assert len(gateway.texts) == 6


def test_the_estimate_goes_by_the_rate_within_hours_too(customersms: Commands, serve: Serve) -> None:
    """A gateway that takes its time is what decides when it ends, whatever the quota would allow."""
    gateway, there = serve(latency=0.4)
    customersms.people(600)
    one_at_a_time = ("--batch-size", "1", "--max-concurrency", "1", "--limit", "99999/60", "--quota", "q")
    process = customersms.start(*begin("--between", "00:00-24:00", "--zone", "UTC", *one_at_a_time), **there)
    until(lambda: gateway.requests >= 4)
    ended = customersms("campaign", "status", *LEDGER, "--quota", "q", "--json")
    process.kill()
    process.communicate(timeout=PATIENCE)
    found = json.loads(ended.out)
    assert (found["running"] is None, found["waits_for"]) == (False, None)
    assert found["estimate"]["seconds"] > 100
