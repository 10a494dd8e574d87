"""``--cap`` and the list that ``customersms suppress`` keeps: shown before, and obeyed by every run."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING

import pytest

from customersms_async import SQLiteSuppression

if TYPE_CHECKING:
    from pathlib import Path

    from support.typed_command import Desk, Typed

A, B, C = "+12125551234", "+13235554567", "+442079460000"
PEOPLE = f"phone,name\n{A},Ann\n{B},Bob\n{C},Cid\n"
WEEK = "604800"


def send(desk: Desk, *more: str, people: str = PEOPLE) -> Typed:
    return desk("send", "--file", desk.write(people), "--message", "Hi {name}", "--yes", *more)


def run(desk: Desk, ledger: str, *more: str, people: str = PEOPLE) -> Typed:
    file = desk.write(people)
    return desk("campaign", "run", file, "--ledger", ledger, "--message", "Hi {name}", "--yes", *more)


def summary_of(ended: Typed) -> dict[str, object]:
    summary: dict[str, object] = json.loads(ended.out.splitlines()[-1])["summary"]
    return summary


def count(desk: Desk, phone: str) -> int:
    return sum(text.phone == phone for text in desk.gateway.texts)


def test_nobody_gets_more_texts_than_the_cap_over_all_runs(desk: Desk) -> None:
    assert send(desk, "--cap", f"2/{WEEK}").status == 0
    assert send(desk, "--cap", f"2/{WEEK}", people=f"phone,name\n{A},Ann\n").status == 0
    ended = send(desk, "--cap", f"2/{WEEK}")
    assert ended.status == 3
    assert "capped 1 have reached --cap, and get no text now" in ended.words
    assert "the cap customersms is reached, 2 texts in 604800 s to one number" in ended.words
    assert [count(desk, phone) for phone in (A, B, C)] == [2, 2, 2]
    assert send(desk, people=f"phone,name\n{A},Ann\n").status == 0, "without --cap nobody is kept from a text"


def test_a_run_without_a_cap_is_not_counted_by_one_with_it(desk: Desk) -> None:
    send(desk)
    assert send(desk, "--cap", f"1/{WEEK}").status == 0


def test_a_second_cap_holds_as_well(desk: Desk) -> None:
    both = ("--cap", "1/3600", "--cap", f"2/{WEEK}")
    assert send(desk, *both).status == 0
    assert send(desk, *both).status == 3
    assert send(desk, "--cap", f"2/{WEEK}").status == 0
    assert send(desk, "--cap", f"2/{WEEK}").status == 3
    assert count(desk, A) == 2


def test_the_preview_of_an_estimate_says_it_too(desk: Desk) -> None:
    send(desk, "--cap", f"1/{WEEK}", people=f"phone,name\n{A},Ann\n")
    file = desk.write(PEOPLE)
    ended = desk("estimate", "--file", file, "--message", "Hi", "--cap", f"1/{WEEK}", "--json")
    assert json.loads(ended.out)["capped"] == 1
    assert json.loads(desk("estimate", "--file", file, "--message", "Hi", "--json").out)["capped"] is None


@pytest.mark.parametrize("cap", ["2", "two/7", "0/60", "2/0", "2/-1", "/", "2/inf"])
def test_a_cap_that_can_be_none_is_refused_before_anything_is_read(desk: Desk, cap: str) -> None:
    ended = desk("send", "--file", "nowhere.csv", "--message", "Hi", "--cap", cap)
    assert ended.status == 2
    assert f"'{cap}' is not TEXTS/SECONDS, such as 2/604800" in ended.words


def test_a_test_text_to_oneself_counts_for_no_cap_and_asks_no_list(desk: Desk) -> None:
    desk("suppress", "add", A)
    file = desk.write(PEOPLE)
    words = ("send", "--file", file, "--message", "Hi", "--test-to", A, "--cap", f"1/{WEEK}")
    assert desk(*words, typing="n\n").status != 0
    assert count(desk, A) == 1
    desk("suppress", "remove", A)
    assert send(desk, "--cap", f"1/{WEEK}").status == 0


def test_whoever_is_on_the_users_list_gets_no_text_from_any_run(desk: Desk) -> None:
    assert desk("suppress", "add", B, "--why", "asked on the phone").status == 0
    ended = send(desk)
    assert ended.status == 0
    assert "suppressed 1 on the list that customersms suppress keeps" in ended.words
    assert desk("send", B, "--message", "Hi").status == 0, "suppressed numbers aside"
    assert desk.sent.keys() == {A, C}
    desk("suppress", "remove", B)
    assert send(desk, people=f"phone,name\n{B},Bob\n").status == 0
    assert count(desk, B) == 1


def test_a_run_may_be_told_to_ask_another_list_or_none(desk: Desk) -> None:
    desk("suppress", "add", B)
    other = str(desk.folder / "other.db")
    desk("suppress", "add", C, "--list", other)
    assert send(desk, "--suppression-list", other).status == 0
    assert desk.sent.keys() == {A, B}
    assert send(desk, "--suppression-list", "none", people=f"phone,name\n{B},Bob\n{C},Cid\n").status == 0
    assert [count(desk, phone) for phone in (A, B, C)] == [1, 2, 1]


def test_a_list_that_is_named_and_not_there_stops_everything(desk: Desk) -> None:
    ended = send(desk, "--suppression-list", str(desk.folder / "nowhere.db"))
    assert ended.status != 0
    assert "see --suppression-list" in ended.words
    assert desk.gateway.requests == 0


def test_a_run_makes_no_list(desk: Desk) -> None:
    send(desk)
    assert not list(desk.folder.rglob("suppressed.db*"))


def suppress_at_once(path: Path, phone: str) -> None:
    """Do what another program's ``customersms suppress add`` does; from the sandbox's own thread, too."""

    async def add() -> None:
        async with SQLiteSuppression(path) as store:
            await store.add(phone)

    adding = threading.Thread(target=asyncio.run, args=(add(),))
    adding.start()
    adding.join()


@pytest.mark.parametrize("as_campaign", [False, True])
def test_whoever_is_the_first_on_the_list_while_a_run_goes_on_gets_no_text(desk: Desk, as_campaign: bool) -> None:
    desk("suppress", "add", A)
    (path,) = desk.folder.rglob("suppressed.db")
    path.unlink()
    desk.gateway.misbehave(lambda number: suppress_at_once(path, C) if number == 1 else None)
    one_by_one = ("--batch-size", "1", "--max-concurrency", "1")
    if as_campaign:
        ledger = str(desk.folder / "spring.ledger")
        assert run(desk, ledger, *one_by_one).status == 0
        status = json.loads(desk("campaign", "status", "--ledger", ledger, "--json").out)
        assert status["codes"]["skipped"] == {"SUPPRESSED": 1}
        assert status["wanted"]["terms"]["suppression"] is None
    else:
        assert send(desk, *one_by_one).status == 0
    assert desk.sent.keys() == {A, B}


def test_the_preview_counts_texts_of_one_job_that_leave_no_room_however_far_apart(desk: Desk) -> None:
    phones = [f"+1212555{number}" for number in range(1_000, 1_700)]
    people = "phone,name\n" + "".join(f"{phone},{name}\n" for name in "abc" for phone in phones)
    ended = send(desk, "--cap", f"2/{WEEK}", "--dry-run", "--json", people=people)
    assert json.loads(ended.out)["capped"] == 700


def test_the_results_for_programs_say_who_was_left_out_and_why(desk: Desk) -> None:
    desk("suppress", "add", B)
    send(desk, "--cap", f"1/{WEEK}", people=f"phone,name\n{A},Ann\n")
    ended = send(desk, "--cap", f"1/{WEEK}", "--json")
    outcomes = [json.loads(line) for line in ended.out.splitlines()][:-1]
    assert {o["phone"]: o["code"] for o in outcomes} == {A: "CAPPED", B: "SUPPRESSED", C: None}
    assert (summary_of(ended)["suppressed"], summary_of(ended)["capped"]) == (1, 1)


def test_a_campaign_skips_them_and_a_later_run_does_too(desk: Desk) -> None:
    ledger = str(desk.folder / "spring.ledger")
    desk("suppress", "add", B)
    send(desk, "--cap", f"1/{WEEK}", people=f"phone,name\n{A},Ann\n")
    ended = run(desk, ledger, "--cap", f"1/{WEEK}")
    assert ended.status == 3, "not everyone got it"
    assert desk.sent == {A: "Hi Ann", C: "Hi Cid"}
    assert count(desk, A) == 1
    status = desk("campaign", "status", "--ledger", ledger, "--json")
    assert json.loads(status.out)["codes"]["skipped"] == {"CAPPED": 1, "SUPPRESSED": 1}
    assert desk("campaign", "run", "--ledger", ledger, "--yes").status == 3
    assert desk.gateway.requests == 2


def test_going_on_with_a_campaign_shows_who_is_left_out_now(desk: Desk) -> None:
    ledger = str(desk.folder / "spring.ledger")
    assert run(desk, ledger, "--max-recipients", "0").status == 4
    desk("suppress", "add", B)
    send(desk, "--cap", f"1/{WEEK}", people=f"phone,name\n{A},Ann\n")
    shown = desk("campaign", "run", "--ledger", ledger, "--cap", f"1/{WEEK}", "--dry-run")
    assert "1 recipient is on the list of customersms suppress" in shown.words
    assert "1 recipient has reached --cap, and no text goes there now" in shown.words
    assert desk("campaign", "run", "--ledger", ledger, "--cap", f"1/{WEEK}", "--yes").status == 3
    assert desk.sent == {A: "Hi Ann", C: "Hi Cid"}


def test_going_on_says_of_nobody_that_their_own_earlier_attempt_leaves_no_room(desk: Desk) -> None:
    ledger, refused = str(desk.folder / "spring.ledger"), "+15005550001"
    cap = ("--cap", f"1/{WEEK}")
    run(desk, ledger, *cap, people=f"phone,name\n{refused},Ann\n{B},Bob\n")
    desk("campaign", "retry", "--ledger", ledger, "--rejected", "--by", "ann", "--yes")
    shown = desk("campaign", "run", "--ledger", ledger, *cap, "--yes")
    assert "reached --cap" not in shown.words
    assert desk.gateway.numbers_seen == 3, "it is sent to again"
