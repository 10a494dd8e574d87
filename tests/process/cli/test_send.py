"""``customersms send`` and ``estimate`` as a process, over pipes: what they send, say and write."""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from customersms_async import cli
from customersms_async.client import AsyncClient
from customersms_async.models import Limit, Message
from support.command import Commands, until
from support.command_results import MIXED, A, B, C, accepted, count, spoken, texted, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]


def test_the_command_is_installed() -> None:
    """As ``pip install`` makes it; reinstall if the environment is older than the command."""
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="customersms")
    assert script.load() is cli.main


def test_numbers_go_to_the_sandbox_and_nobody_is_asked(customersms: Commands) -> None:
    ended = customersms("send", A, "+1 323 555 4567", "--message", "Hi {", "--sandbox")
    assert (ended.status, ended.err) == (0, "")
    assert "a made-up gateway with a made-up key" in ended.words
    assert "holds 2 texts, 0 of them twice no request refused, each text came once" in ended.words
    assert [count(ended, status) for status in ("accepted", "rejected", "unknown", "unsent")] == [2, 0, 0, 0]


def test_a_file_ends_with_a_table_of_reasons_and_where_they_are(customersms: Commands) -> None:
    customersms.write("people.csv", MIXED)
    ended = customersms("send", "--file", "people.csv", "--message", "Hi {name}", "--sandbox", COLUMNS="160")
    assert ended.status == 3
    assert [count(ended, status) for status in ("accepted", "rejected", "unknown", "unsent")] == [3, 1, 0, 6]
    assert "recipients 4 of 10 rows invalid 5 line 4: 'nope': it has no digits line 6: '+1': it has 1 digits" in (
        ended.words
    )
    assert "duplicates 1" in ended.words
    assert re.search(r"3 INVALID_PHONE: it has no digits line 4, line 7, line 9", ended.words)
    assert "1 INVALID_PHONE: it is empty line 8" in ended.words
    assert "1 DUPLICATE: the same number with the same text came before line 5" in ended.words
    assert "1 INVALID_NUMBER: Invalid phone number line 10" in ended.words
    assert "The quota is counted for this run alone" in ended.words, "a sandbox of the run's own has its own"


def test_all_accepted_with_duplicates_aside_is_success(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.write("people.txt", f"{A}\n{B}\n+1 (212) 555-1234\n")
    ended = customersms("send", "--file", "people.txt", "--message", "Hi", "--yes", **there)
    assert ended.status == 0
    assert (count(ended, "accepted"), count(ended, "unsent")) == (2, 1)
    assert texted(gateway) == [A, B]


def test_a_dry_run_sends_nothing_and_needs_no_key(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    del there["CUSTOMERSMS_API_KEY"]
    customersms.write("people.csv", MIXED)
    send = ("send", "--file", "people.csv", "--message", "Hi {name}", "--dry-run", "--output", "r.csv")
    ended = customersms(*send, **there)
    assert (ended.status, ended.err) == (0, "")
    assert "recipients 4 of 10 rows" in ended.words
    ended = customersms("send", A, "nope", "--message", "Hi", "--dry-run", "--sandbox", **there)
    assert "made-up gateway" not in ended.words
    assert "number 2: 'nope': it has no digits" in ended.words
    assert gateway.requests == 0
    assert not (customersms.folder / "r.csv").exists()


def test_samples_are_rendered_texts(customersms: Commands) -> None:
    customersms.write("people.csv", MIXED)
    ended = customersms("estimate", "--file", "people.csv", "--message", "Hi {name}, {{}}", "--sample", "2")
    assert ended.status == 0
    assert f"{A}: Hi Ann, {{}} {B}: Hi Bob, {{}}" in ended.words
    assert "Ida" not in ended.words


async def test_an_estimate_for_programs_is_the_clients_own(customersms: Commands) -> None:
    texts = ["Hi", "Привет" * 20, "漢"]
    pairs = [(f"+1212555{number:04}", texts[number % 3]) for number in range(500)] + [(A, "Hi")] * 2 + [("no", "Hi")]
    customersms.write("people.csv", "to,text\n" + "".join(f"{phone},{text}\n" for phone, text in pairs))
    options = ("--limit", "3/10", "--batch-size", "30", "--max-concurrency", "4", "--json")
    ended = customersms("estimate", "--file", "people.csv", "--message", "{text}", *options)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.count("\n") == 1
    found = json.loads(ended.out)
    async with AsyncClient(api_key="k", limits=Limit(3, 10), batch_size=30, max_concurrency=4) as client:
        theirs = await client.estimate([Message(phone, text) for phone, text in pairs])
    assert {name: found[name] for name in theirs.__struct_fields__} == msgspec.to_builtins(theirs)
    assert {name: found[name] for name in found if name not in theirs.__struct_fields__} == {
        "rows": 503,
        "on_list": None,
        "capped": None,
        "least_segments": 1,
        "most_segments": 2,
        "ucs2_texts": 333,
        "ucs2_characters": "Приветхан"[:6] + "漢",
        "suppressed": 0,
        "listed": None,
        "listed_here": 0,
        "several_texts": 0,
        "odd_numbers": 0,
        "blank": 0,
        "suspicious": [],
        "smart_saves": 0,
    }
    dry = customersms("send", "--file", "people.csv", "--message", "{text}", *options, "--dry-run")
    assert (dry.status, json.loads(dry.out)) == (0, found)


def test_programs_get_every_outcome_once_and_the_file_the_same(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.write("people.csv", MIXED)
    send = ("send", "--file", "people.csv", "--message", "Hi {name}", "--yes", "--json", "--output", "r.csv")
    ended = customersms(*send, **there)
    outcomes, summary = spoken(ended.out)
    assert sorted(outcome["index"] for outcome in outcomes) == list(range(10))
    assert accepted(outcomes) == texted(gateway) == sorted([A, B, C])
    assert {o["message_id"] for o in outcomes if o["status"] == "accepted"} == {t.message_id for t in gateway.texts}
    assert Counter((o["status"], o["code"]) for o in outcomes) == {
        ("accepted", None): 3,
        ("rejected", "INVALID_NUMBER"): 1,
        ("unsent", "DUPLICATE"): 1,
        ("unsent", "INVALID_PHONE"): 5,
    }
    assert {o["index"]: o["code"] for o in outcomes if o["status"] != "accepted"} == {
        2: "INVALID_PHONE",
        3: "DUPLICATE",
        4: "INVALID_PHONE",
        5: "INVALID_PHONE",
        6: "INVALID_PHONE",
        7: "INVALID_PHONE",
        8: "INVALID_NUMBER",
    }
    assert summary.items() >= {"rows": 10, "accepted": 3, "rejected": 1, "unknown": 0, "unsent": 6}.items()
    assert summary.items() >= {"duplicates": 1, "not_read": 0, "interrupted": False, "error": None}.items()
    assert (summary["exit_status"], summary["requests"], ended.status) == (3, gateway.requests, 3)
    assert "line 4" in ended.err
    assert written(customersms.folder / "r.csv") == outcomes


def test_numbers_from_the_command_line_have_their_outcomes_too(customersms: Commands) -> None:
    ended = customersms("send", A, "nope", A, "--message", "Hi", "--sandbox", "--json")
    outcomes, summary = spoken(ended.out)
    assert {o["index"]: (o["phone"], o["status"], o["code"]) for o in outcomes} == {
        0: (A, "accepted", None),
        1: ("nope", "unsent", "INVALID_PHONE"),
        2: (A, "unsent", "DUPLICATE"),
    }
    assert (ended.status, summary["exit_status"]) == (3, 3)
    assert "made-up gateway" in ended.err


def test_what_came_is_in_the_file_even_if_the_command_is_killed(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    file, path = customersms.people(3), customersms.folder / "r.csv"
    process = customersms.start(
        *("send", "--file", file, "--message", "Hi {name}", "--yes", "--limit", "2/600", "--output", "r.csv"), **there
    )
    until(lambda: path.exists() and path.read_text().count("accepted") == 2)
    assert process.poll() is None
    process.kill()
    process.wait()
    assert accepted(written(path)) == texted(gateway)


def test_everyone_is_told_where_no_good_row_is_left(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.write("people.txt", "nope\nnone\n")
    ended = customersms("send", "--file", "people.txt", "--message", "Hi", "--yes", "--json", **there)
    outcomes, summary = spoken(ended.out)
    assert [outcome["index"] for outcome in outcomes] == [0, 1]
    assert (ended.status, summary["requests"], gateway.requests) == (3, 0, 0)


def test_a_byte_of_no_encoding_among_the_numbers_stops_nobody(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    ended = customersms("send", b"\xff123", A, "--message", "Hi", "--output", "r.csv", **there)
    assert "Traceback" not in ended.err
    assert ended.status == 3
    assert texted(gateway) == accepted(written(customersms.folder / "r.csv")) == [A]


def test_an_output_that_cannot_show_a_character_ends_nothing(customersms: Commands) -> None:
    options = ("--message", "Привет", "--dry-run", "--sample", "1")
    ended = customersms("send", A, *options, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "Traceback" not in ended.err
    assert ended.status == 0
