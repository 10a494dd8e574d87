"""``customersms campaign add``, ``retry``, ``list``, ``status --watch`` and ``--warn-credits``, as processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from customersms_async.sandbox import Fault, Sandbox, magic
from support.campaign_command import LEDGER, A, B, begin, exported, go_on, status
from support.command import PATIENCE, Commands, until

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

ADD = ("campaign", "add", "more.csv", *LEDGER, "--by", "Ann Lee", "--yes")
RUN = ("campaign", "run", "people.csv", "-m", "Hi", *LEDGER, "--yes", "--pace", "none", "--batch-size", "10")
WAITING = (*RUN, "--limit", "4/4")


def more(customersms: Commands, *rows: str, header: str = "phone,name") -> None:
    (customersms.folder / "more.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def test_more_people_are_added_and_sent_to_by_the_next_run(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.people(3)
    assert customersms(*begin(), **there).status == 0
    first = exported(customersms)[0]["phone"]
    more(customersms, f"{first},Person 0", f"{A},Ann", "nobody,x")
    ended = customersms(*ADD)
    assert ended.status == 0
    assert "1 recipient is added, and planned 2 are skipped: 1 DUPLICATE, 1 INVALID_PHONE" in ended.words
    assert "A run is needed to send to them: customersms campaign run --ledger l" in ended.words
    again = customersms(*ADD, "--json")
    assert (again.status, json.loads(again.out.splitlines()[-1])["again"]) == (0, True)
    assert status(customersms)["wanted"]["by"] == "Ann Lee"
    assert customersms(*go_on(), **there).status == 3, "nobody is an invalid number"
    assert [text.phone for text in gateway.texts].count(A) == 1
    assert (len(gateway.texts), gateway.duplicates()) == (4, ())
    assert customersms(*begin(), **there).status == 3, "the input is known as it was"


def test_a_run_in_another_process_sends_to_who_is_added_meanwhile(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.people(80)
    process = customersms.start(*RUN, "--limit", "2/7", "--json", **there)
    until(lambda: len(gateway.texts) >= 2)
    more(customersms, f"{A},Ann", f"{B},Ben")
    ended = customersms(*ADD, "--message", "Welcome")
    assert ended.status == 0, ended.words
    assert "Whoever runs the campaign sends to them as well" in ended.words
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["summary"]["accepted"] == 82
    assert {text.phone for text in gateway.texts} >= {A, B}
    assert gateway.duplicates() == ()


def test_two_that_add_at_once_are_both_in_and_no_number_twice(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.people(2)
    assert customersms(*begin("--max-recipients", "0"), **there).status == 4
    for name, numbers in (("one", range(40)), ("two", range(20, 60))):
        rows = "".join(f"+1213{number:07}\n" for number in numbers)
        (customersms.folder / f"{name}.csv").write_text("phone\n" + rows, encoding="utf-8")
    adds = [
        customersms.start("campaign", "add", f"{name}.csv", *LEDGER, "-m", "Hi", "--yes") for name in ("one", "two")
    ]
    for each in adds:
        each.communicate(timeout=PATIENCE)
        assert each.returncode == 0
    assert customersms(*go_on(), **there).status == 0
    assert (len(gateway.texts), gateway.duplicates()) == (62, ())


def test_nobody_is_added_without_a_yes_and_a_first_addition_is_a_draft(customersms: Commands) -> None:
    more(customersms, f"{A},Ann")
    ended = customersms(*ADD[:-1], "--message", "Hi")
    assert (ended.status, "nobody was added: there is nobody to ask, so add --yes" in ended.words) == (2, True)
    assert not (customersms.folder / "l").exists()
    assert "give the text with --message" in customersms(*ADD).words
    assert customersms(*ADD, "--message", "Hi {name}").status == 0
    found = status(customersms)
    assert (found["planned"], found["wanted"]["state"], found["wanted"]["by"]) == (1, "draft", "Ann Lee")


def test_retry_shows_who_it_concerns_asks_and_has_them_sent_to_again(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    (customersms.folder / "people.csv").write_text(
        f"phone,name\n{A},Ann\n{magic.number(Fault.ROW_REJECTED)},Ben\n", encoding="utf-8"
    )
    assert customersms(*begin(), **there).status == 3
    code = next(row["code"] for row in exported(customersms) if row["status"] == "rejected")
    retry = ("campaign", "retry", *LEDGER, "--by", "Ann Lee")
    assert customersms(*retry).status == 2
    refused = customersms(*retry, "--rejected")
    assert refused.status == 2
    assert "1 recipient would be sent to again, in 1 segment" in refused.words
    assert "nobody is planned again: there is nobody to ask, so add --yes" in refused.words
    assert "nobody is so" in customersms(*retry, "--rejected", "--code", "OTHER", "--yes").words
    assert customersms(*retry, "--skipped", "--code", "DUPLICATE", "--yes").status == 2
    ended = customersms(*retry, "--rejected", "--code", code.lower(), "--yes", "--json")
    assert json.loads(ended.out)["resolved"] == 1
    assert status(customersms)["planned"] == 1
    assert len(gateway.texts) == 1
    assert customersms(*go_on(), **there).status == 3


def test_export_has_texts_and_segments_on_demand_quoted_as_every_text_is(customersms: Commands) -> None:
    more(customersms, f"{A},Ann", "nobody,x")
    assert customersms(*ADD, "--message", "=1+1 {name}").status == 0
    ann, nobody = exported(customersms, "--with", "segments", "--with", "text")
    assert (ann["text"], ann["segments"], ann["line"]) == ("'=1+1 Ann", "1", "2")
    assert (nobody["text"], nobody["segments"]) == ("", "0")
    assert exported(customersms, "--with", "text", "--raw")[0]["text"] == "=1+1 Ann"
    lines = customersms("campaign", "export", *LEDGER, "--format", "jsonl", "--with", "text").out.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["=1+1 Ann", None]
    assert "text" not in exported(customersms)[0]


def test_status_says_who_runs_it_how_fast_what_it_waits_for_and_when_it_ends(
    customersms: Commands, serve: Serve
) -> None:
    _, there = serve()
    customersms.people(40)
    process = customersms.start(*RUN, "--limit", "2/3600", "--quota", "q", **there)
    try:
        until(lambda: (customersms.folder / "l").exists())
        until(lambda: seen(customersms)["waits_for"] is not None and seen(customersms)["accepted"])
        found = seen(customersms)
        assert found["running"]["by"].startswith(f"process {process.pid} on ")
        assert found["running"]["since"] is not None
        assert found["waits_for"]["what"] == "quota"
        assert 3_500 < found["waits_for"]["seconds"] < 3_700
        assert found["estimate"]["seconds"] > 3_500
        assert found["rate"]["requests_per_minute"] > 0
        shown = customersms("campaign", "status", *LEDGER, "--quota", "q").words
        assert f"running: process {process.pid} on " in shown
        assert "waits for: the quota: the next request in " in shown
        (listed,) = [json.loads(line) for line in customersms("campaign", "list", ".", "--json").out.splitlines()]
        assert (listed["name"], listed["wanted"], listed["running"]) == ("l", "run", found["running"])
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    found = seen(customersms)
    assert (found["running"], found["waits_for"]["what"]) == (None, "person")


def seen(customersms: Commands) -> dict[str, Any]:
    ended = customersms("campaign", "status", *LEDGER, "--quota", "q", "--json")
    assert ended.status == 0, ended.words
    found: dict[str, Any] = json.loads(ended.out)
    return found


def test_watch_writes_a_line_for_each_change_and_ends_with_the_campaign(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    customersms.people(80)
    process = customersms.start(*WAITING, **there)
    until(lambda: (customersms.folder / "l").exists())
    until(lambda: seen(customersms)["running"] is not None)
    watch = customersms("campaign", "status", *LEDGER, "--watch")
    process.communicate(timeout=PATIENCE)
    assert watch.status == 0, watch.words
    lines = watch.out.splitlines()
    assert "80 accepted" in lines[-1]
    assert "\x1b" not in watch.out
    assert len(set(lines)) == len(lines)


def test_list_shows_every_ledger_of_a_folder_and_nothing_else(customersms: Commands) -> None:
    more(customersms, f"{A},Ann")
    assert customersms(*ADD, "--message", "Hi").status == 0
    (customersms.folder / "other.db").write_bytes(b"SQLite format 3\0" + bytes(600))
    (customersms.folder / "damaged").write_bytes((customersms.folder / "l").read_bytes()[:700])
    before = sorted(path.name for path in customersms.folder.iterdir())
    ended = customersms("campaign", "list", ".", "--json")
    found = {one["name"]: one for one in map(json.loads, ended.out.splitlines())}
    assert sorted(found) == ["damaged", "l"]
    assert (found["l"]["wanted"], found["l"]["planned"], found["l"]["running"]) == ("draft", 1, None)
    assert found["damaged"]["problem"]
    shown = customersms("campaign", "list", ".").words
    assert "damaged can't be used: " in shown
    assert "2 campaigns" in shown
    after = sorted(path.name for path in customersms.folder.iterdir() if not path.name.startswith("damaged-"))
    assert after == before
    assert customersms("campaign", "list", "nowhere").status == 1


def test_low_credits_are_said_once_in_a_run(customersms: Commands, serve: Serve) -> None:
    _, there = serve(keys={"cspro_a_key_that_must_never_show": 10})
    customersms.people(4)
    ended = customersms(*begin("--warn-credits", "9", "--json", "--batch-size", "1", "--max-concurrency", "1"), **there)
    said = [json.loads(line) for line in ended.out.splitlines() if '"warning"' in line]
    assert [(one["warning"], one["below"]) for one in said] == [("credits", "9")]
    assert ended.err.count("credits are left, fewer than 9") == 1
    send = ("send", "--file", "people.csv", "-m", "Hi {name}", "--yes", "--warn-credits", "100", "--json")
    ended = customersms(*send, **there)
    assert ended.err.count("fewer than 100") == 1
    assert customersms(*send[:-2], "many", **there).status == 2
