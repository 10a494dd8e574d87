"""``campaign run`` with a ledger that was begun: what does not belong to it, and where nobody is left to send to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.typed_command import Desk

A, B, ME = "+12125551234", "+13235554567", "+16465550000"
PEOPLE = f"phone,name\n{A},Ann\n{B},Bob\n"


def run(desk: Desk, *more: str, file: str = PEOPLE, message: str = "Hi {name}") -> tuple[str, ...]:
    return ("campaign", "run", desk.write(file), "--ledger", str(desk.folder / "l"), "--message", message, *more)


def go_on(desk: Desk, *more: str) -> tuple[str, ...]:
    return ("campaign", "run", "--ledger", str(desk.folder / "l"), *more)


@pytest.mark.parametrize("way", [(), ("--yes",), ("--dry-run",), ("--test-to", ME)])
@pytest.mark.parametrize(
    ("message", "file", "says"),
    [
        ("Hello {name}", PEOPLE, "was made with another message: use another ledger for this one"),
        ("Hi {name}", PEOPLE + "+14155550100,Cy\n", "holds other recipients (2 were added, these are 3)"),
        ("Hi {name}", PEOPLE.replace("Bob", "Bo"), "holds other recipients (2 were added, these are 2)"),
    ],
)
def test_what_is_not_the_campaign_s_is_refused_before_anything_is_shown_or_sent(
    desk: Desk, way: tuple[str, ...], message: str, file: str, says: str
) -> None:
    assert desk(*run(desk, "--max-recipients", "0", "--yes")).status == 4
    ended = desk(*run(desk, *way, message=message, file=file))
    assert (ended.status, says in ended.words) == (2, True), ended.words
    assert "planned" not in ended.words
    assert "Send?" not in ended.words
    assert desk.gateway.requests == 0


def test_a_campaign_that_is_over_ends_well_without_a_question(desk: Desk) -> None:
    assert desk(*run(desk, "--yes")).status == 0
    for again in (go_on(desk), run(desk), go_on(desk, "--yes"), run(desk, "--yes")):
        ended = desk(*again)
        assert ended.status == 0, ended.words
        assert "nobody is planned any more, so nothing is left to send" in ended.words
        assert ended.words.count("l: 2 recipients") == 1, "one table"
        assert "this run: 0 recipients in 0" in ended.words
        assert "Send?" not in ended.words
    assert len(desk.gateway.texts) == 2


def test_a_campaign_that_is_over_shows_its_table_in_a_dry_run_as_well(desk: Desk) -> None:
    assert desk(*run(desk, "--yes")).status == 0
    ended = desk(*go_on(desk, "--dry-run"))
    assert (ended.status, ended.words.count("l: 2 recipients")) == (0, 1)
    assert "nobody is planned any more" in ended.words


def test_a_campaign_that_is_over_says_for_programs_that_not_everyone_was_accepted(desk: Desk) -> None:
    assert desk(*run(desk, "--yes", file=f"phone,name\nbad,Al\n{A},Ann\n")).status == 3
    ended = desk(*go_on(desk, "--json"))
    assert ended.status == 3
    summary = json.loads(ended.out)["summary"]
    assert (summary["accepted"], summary["skipped"], summary["requests"]) == (1, 1, 0)
    assert (summary["exit_status"], summary["resume"], summary["error"]) == (3, None, None)


def test_where_somebody_is_left_a_yes_is_needed_as_before(desk: Desk) -> None:
    assert desk(*run(desk, "--max-recipients", "0", "--yes")).status == 4
    ended = desk(*go_on(desk))
    assert (ended.status, "there is nobody to ask, so add --yes" in ended.words) == (2, True)
    assert "nobody is planned" not in ended.words


def test_what_the_last_run_kept_to_and_this_one_does_not_is_said_before_anybody_agrees(desk: Desk) -> None:
    kept = ("--cap", "1/604800", "--between", "00:00-23:59", "--zone", "UTC")
    assert desk(*run(desk, *kept, "--max-recipients", "0", "--yes")).status == 4
    said = "the last run kept to caps (customersms: per_number 1/604800), and this one has none: give --cap again"
    ended = desk(*go_on(desk, "--dry-run"))
    assert (said in ended.words, "give --between again" in ended.words) == (True, True), ended.words
    assert "the last run" not in desk(*go_on(desk, *kept, "--dry-run")).words


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        (("--expires-after", "3d"), "kept to an expiry (3 d after it was added), and this one has none"),
        (("--at", "2100-01-01T10:00Z", "--until", "00:00"), "kept to a beginning (2100-01-01 "),
        (("--keep-credits", "500"), "kept to --keep-credits (500)"),
        (("--allow-prefix", "+1", "--allow-prefix", "+44"), "kept to --allow-prefix (+1 +44)"),
        (("--max-segments", "9000"), "kept to --max-segments (9,000)"),
    ],
)
def test_whatever_keeps_texts_from_people_is_missed_where_it_is_not_said_again(
    desk: Desk, kept: tuple[str, ...], says: str
) -> None:
    assert desk(*run(desk, *kept, *(() if "--until" in kept else ("--max-recipients", "0")), "--yes")).status == 4
    assert says in desk(*go_on(desk, "--dry-run")).words
    assert "the last run" not in desk(*go_on(desk, *kept, "--dry-run")).words


def test_days_and_dates_are_missed_where_only_the_hours_are_said_again(desk: Desk) -> None:
    hours = ("--between", "00:00-24:00", "--zone", "UTC")
    dates = desk.write("2100-12-25\n2100-12-26\n", "dates.txt")
    kept = (*hours, "--days", "mon-sat", "--not-on", dates)
    assert desk(*run(desk, *kept, "--max-recipients", "0", "--yes")).status == 4
    shown = desk(*go_on(desk, *hours, "--dry-run")).words
    assert "kept to days (mon-sat), and this one has none: give --days again" in shown
    assert "kept to dates without texts (2100-12-25, 2100-12-26), and this one has none: give --not-on again" in shown
    assert "the last run" not in desk(*go_on(desk, *kept, "--dry-run")).words


def test_the_status_says_whether_a_run_is_waited_for_or_a_person_s_word(desk: Desk) -> None:
    status = ("campaign", "status", "--ledger", str(desk.folder / "l"))
    assert desk(*run(desk, "--max-recipients", "1", "--yes")).status == 4
    assert "waits for: a run, as it is stopped" in desk(*status).words
    assert desk("campaign", "stop", "--ledger", str(desk.folder / "l"), "--by", "Ann").status == 0
    assert "waits for: a resume, as it is stopped" in desk(*status).words


def test_who_is_added_hears_of_the_command_that_sends_to_them(desk: Desk) -> None:
    there = ("--ledger", str(desk.folder / "l"))

    def added(number: int) -> str:
        file = desk.write(f"phone,name\n+1415555010{number},Cy\n", "more.csv")
        return desk("campaign", "add", file, *there, "--by", "Ann", "--yes").words

    assert desk(*run(desk, "--max-recipients", "1", "--yes")).status == 4
    assert f"A run is needed to send to them: customersms campaign run {' '.join(there)}" in added(0)
    assert desk("campaign", "pause", *there, "--by", "Ann").status == 0
    paused = added(1)
    assert f"customersms campaign resume {' '.join(there)} && customersms campaign run {' '.join(there)}" in paused
