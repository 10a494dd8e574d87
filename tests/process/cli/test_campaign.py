"""``customersms campaign`` as a process: what it writes, what it says, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from customersms_async.cli.campaign.guard_options import GuardOptions
from customersms_async.sandbox import Fault, Sandbox, magic
from support.campaign_command import LEDGER, A, B, begin, exported, go_on, status
from support.command import PATIENCE, Commands, Hold, until

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]


def test_it_begins_stops_at_a_guard_and_goes_on_with_the_command_that_it_names(
    customersms: Commands, serve: Serve
) -> None:
    gateway, there = serve()
    customersms.people(30)
    ended = customersms(*begin("--max-recipients", "12"), **there)
    assert ended.status == 4
    assert "stopped before the next request: 12 recipients is the most that is allowed" in ended.words
    resume = re.search(r"To go on, with another value of --max-recipients:\s+(customersms .*)", ended.out)
    assert resume is not None
    assert resume[1] == "customersms campaign run --ledger l --pace none --yes --max-recipients 12"
    ended = customersms(*resume[1].split()[1:-2], **there)
    assert (ended.status, ended.err) == (0, "")
    assert (len(gateway.texts), gateway.duplicates()) == (30, ())
    assert status(customersms)["accepted"] == 30
    assert customersms(*begin(), **there).status == 0, "the same again adds nothing and sends nothing"
    assert len(gateway.texts) == 30


def test_the_preview_comes_first_and_nothing_is_made_without_a_yes(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.people(3)
    without = tuple(word for word in begin() if word != "--yes")
    assert customersms(*without, **there).status == 2
    assert customersms(*begin("--dry-run", "--sample", "1")).out.count("Hi Person 0") == 1
    assert not (customersms.folder / "l").exists()
    assert gateway.requests == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"message": "Hello {name}"}, "was made with another message"),
        ({"people": 4}, "holds other recipients (3 were added, these are 4)"),
    ],
)
def test_another_file_or_message_is_refused(
    customersms: Commands, serve: Serve, change: dict[str, Any], says: str
) -> None:
    gateway, there = serve()
    customersms.people(3)
    assert customersms(*begin("--max-recipients", "0"), **there).status == 4
    customersms.people(change.get("people", 3))
    arguments = [change.get("message", word) if word == "Hi {name}" else word for word in begin()]
    ended = customersms(*arguments, **there)
    assert ended.status == 2
    assert says in ended.words
    if "message" in change:
        ended = customersms(*go_on("--message", change["message"]), **there)
        assert (ended.status, says in ended.words) == (2, True)
    assert gateway.requests == 0


def test_a_new_campaign_needs_a_file_and_a_message(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.people(1)
    assert "needs FILE and --message" in customersms(*go_on(), **there).words
    assert "needs --message as well" in customersms("campaign", "run", "people.csv", *LEDGER, **there).words
    for command in (("status",), ("export", "--format", "csv"), ("report", "--html", "r.html")):
        assert "Missing option '--ledger'" in customersms("campaign", *command).words
        ended = customersms("campaign", *command, *LEDGER)
        assert (ended.status, "there is no such ledger" in ended.words) == (1, True)


def test_everyone_is_exported_with_state_reason_and_attempts(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    rejected, lost = magic.number(Fault.ROW_REJECTED), magic.number(Fault.JSON_CUT)
    customersms.write("people.csv", f"phone,name\n{A},Ann\nnope,Bob\n{rejected},Cy\n{lost},Di\n{A},Ann\n{B},Ed\n")
    customersms.write("stop.txt", f"{B}\n")
    assert customersms(*begin("--suppress", "stop.txt"), **there).status == 3
    rows = exported(customersms)
    assert [(row["phone"], row["status"], row["code"], row["attempts"]) for row in rows] == [
        (A, "accepted", "", "1"),
        ("nope", "skipped", "INVALID_PHONE", "0"),
        (rejected, "rejected", "INVALID_NUMBER", "1"),
        (lost, "unknown", "UNREADABLE_ANSWER", "1"),
        (A, "skipped", "DUPLICATE", "0"),
        (B, "skipped", "SUPPRESSED", "0"),
    ]
    assert rows[1]["error"].startswith("line 3: ")
    assert list(rows[0]) == ["phone", "status", "code", "error", "message_id", "attempts", "updated_at", "line"]
    assert [row["line"] for row in rows] == ["2", "3", "4", "5", "6", "7"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", rows[0]["updated_at"])
    ended = customersms(
        "campaign", "export", *LEDGER, "--format", "jsonl", "--status", "unknown", "--status", "accepted"
    )
    assert [json.loads(line)["phone"] for line in ended.out.splitlines()] == [A, lost]

    resolve = ("campaign", "resolve", *LEDGER, "--by", "Ann Lee")
    customersms.write("found.txt", f"{lost}\n+12125550000\n")
    assert "1 recipient is accepted" in customersms(*resolve, "--phones", "found.txt", "--as", "accepted").out
    assert "1 recipient is planned" in customersms(*resolve, "--status", "rejected", "--as", "planned").out
    assert customersms(*resolve, "--status", "rejected", "--as", "accepted").status == 2
    assert customersms(*resolve, "--as", "accepted").status == 2
    found = status(customersms)
    assert found.pop("wanted")["state"] == "draft", "a person has planned somebody again"
    assert found.pop("doubles") == []
    assert found.pop("move") is None
    assert found.pop("running") is None
    assert found.pop("waits_for") == {"what": "run", "seconds": None}
    assert found.pop("rate")["recipients_per_minute"] > 0
    assert found.pop("estimate")["seconds"] >= 0
    assert found == {
        "recipients": 6, "planned": 1, "sending": 0, "accepted": 2, "rejected": 0, "unknown": 0, "skipped": 3,
        "codes": {"skipped": {"DUPLICATE": 1, "INVALID_PHONE": 1, "SUPPRESSED": 1}},
    }  # fmt: skip


def test_duplicates_and_suppressed_numbers_are_no_failure(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.write("people.csv", f"phone,name\n{A},Ann\n{A},Ann\n{B},Ed\n")
    customersms.write("stop.txt", f"{B}\n")
    assert customersms(*begin("--suppress", "stop.txt"), **there).status == 0


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Europe/Berlin", "UTC"])
def test_a_time_of_today_is_in_the_offset_of_today(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time alone was taken for one in 1900, when Kolkata was nine minutes behind, and nobody had summer time."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", zone)
        time.tzset()
        until = GuardOptions(until="18:30").read()["until"]
    time.tzset()
    assert until == datetime.now(ZoneInfo(zone)).replace(hour=18, minute=30, second=0, microsecond=0)


@pytest.mark.parametrize("adding", [True, False])
def test_suppressed_numbers_may_come_through_a_pipe_which_says_them_only_once(
    customersms: Commands, serve: Serve, adding: bool
) -> None:
    gateway, there = serve()
    customersms.write("people.csv", f"phone,name\n{A},Ann\n{B},Ed\n")
    if not adding:
        assert customersms(*begin("--max-recipients", "0"), **there).status == 4
    command = begin if adding else go_on
    assert customersms(*command("--suppress", "-"), typed=f"{B}\n", **there).status == 0
    assert [text.phone for text in gateway.texts] == [A]


def test_what_a_new_campaign_is_refused_for_the_next_run_is_refused_for_as_well(
    customersms: Commands, serve: Serve
) -> None:
    gateway, there = serve()
    customersms.people(3)
    assert customersms(*begin("--max-recipients", "0"), **there).status == 4
    ended = customersms(*go_on("--dry-run"), **there | {"CUSTOMERSMS_URL": "http://sms.invalid/"})
    assert (ended.status, "url must be https" in ended.words) == (2, True)
    customersms.people(1, "rehearsed.csv")
    rehearse = ("campaign", "run", "--ledger", "r", "--sandbox", "--yes")
    assert customersms(*rehearse, "rehearsed.csv", "-m", "Hi").status == 0
    ended = customersms(*rehearse, "--url", there["CUSTOMERSMS_URL"])
    assert (ended.status, "name two places to send to" in ended.words) == (2, True)
    assert gateway.requests == 0


@pytest.mark.parametrize(("text", "says"), [("nobody\n", "line 1: it has no digits"), (None, "No such file")])
def test_a_list_of_suppressed_numbers_that_can_not_be_read_stops_it(
    customersms: Commands, serve: Serve, text: str | None, says: str
) -> None:
    gateway, there = serve()
    customersms.people(3)
    if text is not None:
        customersms.write("stop.txt", text)
    ended = customersms(*begin("--suppress", "stop.txt"), **there)
    assert (ended.status, says in ended.words, gateway.requests) == (2, True, 0)
    assert customersms(*begin("--max-recipients", "0"), **there).status == 4
    ended = customersms(*go_on("--suppress", "stop.txt"), **there)
    assert (ended.status, says in ended.words, gateway.requests) == (2, True, 0)


def test_json_is_for_programs(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.people(3)
    ended = customersms(*begin("--json", "--keep-credits", "99998", "--batch-size", "1"), **there)
    *outcomes, last = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.status == 4
    assert [(outcome["index"], outcome["status"]) for outcome in outcomes] == [(0, "accepted"), (1, "accepted")]
    summary = last["summary"]
    assert (summary["accepted"], summary["planned"], summary["stopped"]) == (2, 1, "keep_credits")
    assert (summary["exit_status"], summary["remaining_credits"]) == (4, "99998")
    assert summary["resume"].startswith("customersms campaign run --ledger l ")


def test_killed_in_the_middle_it_goes_on_and_sends_nothing_twice(customersms: Commands, serve: Serve) -> None:
    """The installed program; every step of its loop is in tests/process/campaign/test_kill_in_loop.py."""
    gateway, there = serve(latency=0.2)
    customersms.people(60)
    arguments = [word if word != "Hi {name}" else "Hi" for word in begin("--batch-size", "4", "--max-concurrency", "3")]
    process = customersms.start(*arguments, **there)
    until(lambda: gateway.requests >= 5)
    process.kill()
    process.communicate(timeout=PATIENCE)
    until(lambda: gateway.requests == len(gateway.texts) / 4)
    counts = status(customersms)
    assert counts["unknown"] <= 12
    assert counts["sending"] == 0
    assert customersms(*go_on(), **there).status == (3 if counts["unknown"] else 0)
    assert gateway.duplicates() == ()
    assert {text.phone for text in gateway.texts} >= {r["phone"] for r in exported(customersms, "--status", "accepted")}
    assert len(exported(customersms)) == 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_those_in_flight_answer_and_it_goes_on_later(
    customersms: Commands, serve: Serve, number: signal.Signals
) -> None:
    gateway, there = serve(latency=0.4)
    customersms.people(40)
    process = customersms.start(*begin("--batch-size", "4", "--max-concurrency", "3"), **there)
    until(lambda: gateway.requests >= 3)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, "")
    assert "waiting for the requests in flight; once more stops at once" in out
    assert "Nothing is lost. To go on:\n  customersms campaign run --ledger l" in out
    counts = status(customersms)
    assert counts["accepted"] == len(gateway.texts) < 40
    assert counts["unknown"] == 0
    assert customersms(*go_on(), **there).status == 0
    assert (len(gateway.texts), gateway.duplicates()) == (40, ())


def test_a_second_signal_stops_at_once_and_what_was_in_flight_is_unknown(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve(faults={1: (Fault.SLOW, 600.0)})
    customersms.people(10)
    process = customersms.start(
        *begin("--batch-size", "4", "--max-concurrency", "1", "--timeout", "900", "--limit", "9/1"), **there
    )
    until(lambda: gateway.requests >= 1)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    until(lambda: "once more stops at once" in process.stdout.readline())  # type: ignore[union-attr]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    counts = status(customersms)
    assert (counts["unknown"], counts["planned"], counts["codes"]) == (1, 9, {"unknown": {"NO_ANSWER": 1}})


def test_two_at_a_time_are_refused_and_the_other_is_named(customersms: Commands, serve: Serve) -> None:
    hold = Hold(3)
    gateway, there = serve(faults=hold)
    customersms.people(40)
    process = customersms.start(*begin("--batch-size", "4", "--max-concurrency", "2"), **there)
    assert hold.begun.wait(PATIENCE)
    ended = customersms(*go_on(), **there)
    hold.goes_on.set()
    assert ended.status == 1
    assert f"a campaign is running on it: process {process.pid}, since " in ended.words
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert gateway.duplicates() == ()


def test_a_terminal_shows_it_while_it_runs(customersms: Commands, serve: Serve) -> None:
    hold = Hold(3)
    _, there = serve(faults=hold)
    customersms.people(40)
    terminal = customersms.in_terminal(*begin("--batch-size", "4", "--max-concurrency", "2"), **there)
    terminal.wait_for(r"\d+ of 40, .* to go, until")
    hold.goes_on.set()
    assert terminal.end() == 0
    assert "l: 40 recipients" in terminal.shown


def test_the_sandbox_confirms_a_whole_campaign(customersms: Commands) -> None:
    customersms.people(20)
    ended = customersms(*begin("--sandbox"))
    assert (ended.status, ended.err) == (0, "")
    assert "no request refused, each text came once" in ended.out


@pytest.mark.parametrize("rehearsed_first", [True, False])
def test_a_rehearsal_and_a_campaign_need_a_ledger_each(
    customersms: Commands, serve: Serve, rehearsed_first: bool
) -> None:
    gateway, there = serve()
    customersms.people(3)
    orders = [begin(), (*begin(), "--sandbox")]
    first, second = reversed(orders) if rehearsed_first else orders
    assert customersms(*first, **there).status == 0
    sent = len(gateway.texts)
    ended = customersms(*second, **there)
    assert (ended.status, "use another ledger" in ended.words) == (2, True)
    assert len(gateway.texts) == sent


def test_a_number_with_two_texts_does_not_stand_for_one_that_is_missing(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    gateway.misbehave({1: Fault.STATUS_500, 2: Fault.STATUS_500})
    customersms.write("people.csv", "phone,name\n+12125550000,Ann\n+12125550000,Bob\n")
    order = ("campaign", "run", "people.csv", "--message", "Dear {name}", "--ledger", "l", "--yes")
    assert customersms(*order, **there).status == 3
    customersms.write("numbers.txt", "+12125550000\n+19995551234\n")
    ended = customersms(
        *("campaign", "resolve", "--ledger", "l", "--phones", "numbers.txt", "--as", "planned", "--by", "Ann")
    )
    assert (ended.status, "not every number is in this ledger" in ended.words) == (1, True)
    assert "2 recipients are planned from now on" in ended.out


def test_numbers_that_nothing_can_be_said_of_are_told(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.people(3)
    assert customersms(*begin(), **there).status == 0
    customersms.write("typo.txt", "+19995551234\n")
    ended = customersms(
        "campaign", "resolve", "--ledger", "l", "--phones", "typo.txt", "--as", "planned", "--by", "Ann"
    )
    assert (ended.status, "not every number is in this ledger" in ended.words) == (1, True)
    assert "1 number is left out, the first is +19995551234; see customersms campaign export --ledger l" in ended.words


def test_a_guard_that_can_not_be_makes_no_ledger(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.people(3)
    for wrong in (("--allow-prefix", "44"), ("--suppress", "nofile")):
        assert customersms(*begin(*wrong), **there).status == 2
        assert not (customersms.folder / "l").exists()


def test_the_first_number_outside_the_allowed_prefixes_is_called_by_its_line_of_the_file(
    customersms: Commands,
) -> None:
    people = customersms.write("people.csv", "phone,name\n+12125551234,Ann\n\n+13235554567,Bob\n+442071838750,Cy\n")
    run = ("campaign", "run", "--ledger", "l", "--sandbox", "--yes", "--allow-prefix", "+1")
    ended = customersms(*run, people, "--message", "Hi")
    assert ended.status == 4
    assert "1 planned number does not begin with +1; the first is line 5 of the file" in ended.words
    assert "To go on, with another --allow-prefix, or with those numbers in a file for --suppress:" in ended.words
