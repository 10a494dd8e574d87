"""The command's options: where to, with which key, under which limits."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from customersms_async.models import Limit
from customersms_async.sandbox import Fault, Sandbox
from support.command import KEY, Commands
from support.command_results import MIXED, A, C, accepted, spoken, texted

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]


def test_the_url_of_the_command_line_comes_first(customersms: Commands, serve: Serve) -> None:
    (gateway, there), (other, elsewhere) = serve(), serve()
    there["CUSTOMERSMS_URL"], url = elsewhere["CUSTOMERSMS_URL"], there["CUSTOMERSMS_URL"]
    assert customersms("send", A, "--message", "Hi", "--url", url, **there).status == 0
    assert (texted(gateway), texted(other)) == ([A], [])


def test_a_bad_key_is_an_error(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    file = customersms.people(250)
    there["CUSTOMERSMS_API_KEY"] = "revoked"
    ended = customersms("send", "--file", file, "--message", "Hi", "--yes", "--json", **there)
    outcomes, summary = spoken(ended.out)
    assert (ended.status, summary["exit_status"]) == (1, 1)
    said = "the gateway does not accept the API key from CUSTOMERSMS_API_KEY: Invalid or inactive API key"
    assert f"It ended early: {said}" in ended.words
    assert re.fullmatch(re.escape(said) + r" \(key [0-9a-f]{8}\)", summary["error"])
    assert len(outcomes) + summary["not_read"] == 250
    assert {outcome["status"] for outcome in outcomes} == {"unsent"}
    assert gateway.texts == ()


def test_credits_that_run_out_are_an_error(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve(keys={KEY: 15})
    file = customersms.people(100)
    options = ("--yes", "--batch-size", "10", "--max-concurrency", "1", "--json")
    ended = customersms("send", "--file", file, "--message", "Hi", *options, **there)
    outcomes, summary = spoken(ended.out)
    assert ended.status == summary["exit_status"] == 1
    assert accepted(outcomes) == texted(gateway)
    assert len(gateway.texts) == 15


def test_without_a_terminal_a_file_needs_yes(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    customersms.write("people.csv", MIXED)
    send = ("send", "--file", "people.csv", "--message", "Hi {name}", "--output", "r.csv")
    ended = customersms(*send, typed="y\n", **there)
    assert ended.status == 2
    assert "nothing was sent: there is nobody to ask, so add --yes" in ended.err
    assert gateway.requests == 0
    assert customersms(*send, "--yes", **there).status == 3
    assert len(gateway.texts) == 3


def test_people_may_come_from_standard_input(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    send = ("send", "--file", "-", "--message", "Hi {name}", "--delimiter", ",", "--yes")
    assert customersms(*send, typed=f"phone,name\n{A},Ann\n", **there).status == 0
    assert [text.message for text in gateway.texts] == ["Hi Ann"]


@pytest.mark.parametrize("trouble", ["connection", "key"])
def test_the_key_appears_nowhere(customersms: Commands, serve: Serve, trouble: str) -> None:
    faults = [Fault.STATUS_500, Fault.CLOSE_AFTER, Fault.JSON_CUT, Fault.RESET_BEFORE, Fault.HTML_FATAL]
    keys = {"cspro_another": 5} if trouble == "key" else {KEY: 10_000}
    _, there = serve(faults=faults if trouble == "connection" else (), keys=keys)
    file = customersms.people(12)
    options = (
        "--yes",
        "--batch-size",
        "2",
        "--log-level",
        "debug",
        "--output",
        "r.jsonl",
        "--stop-after-unknown",
        "none",
    )
    ended = customersms("send", "--file", file, "--message", "Hi", *options, "--output", "r.jsonl", **there)
    assert ended.status == {"connection": 3, "key": 1}[trouble]
    assert "DEBUG" in ended.err
    assert KEY not in ended.out + ended.err + (customersms.folder / "r.jsonl").read_text()
    assert "Traceback" not in ended.err


def test_limits_replace_the_documented_ones(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve(limits=(Limit(4, 0.5), Limit(6, 1)))
    file = customersms.people(10)
    options = ("--yes", "--batch-size", "1", "--limit", "4/0.5", "--limit", "6/1", "--pace", "none")
    ended = customersms("send", "--file", file, "--message", "Hi", *options, **there)
    assert ended.status == 0
    assert (gateway.requests, gateway.refused, len(gateway.texts)) == (10, 0, 10)


@pytest.mark.parametrize(("pace", "seconds"), [("2", 4.0), ("0.5", 18.0), ("none", 0.0), ("NONE", 0.0)])
def test_the_pace_is_what_was_asked_for(customersms: Commands, pace: str, seconds: float) -> None:
    file = customersms.people(10)
    options = ("--batch-size", "1", "--limit", "1000/1", "--pace", pace, "--json")
    ended = customersms("estimate", "--file", file, "--message", "Hi", *options)
    assert json.loads(ended.out)["seconds"] == pytest.approx(seconds)


def test_a_region_reads_numbers_without_a_plus(customersms: Commands, serve: Serve) -> None:
    pytest.importorskip("phonenumbers")
    gateway, there = serve()
    customersms.write("people.txt", "020 7946 0000\n+44 20 7946 0000\n")
    ended = customersms("send", "--file", "people.txt", "--message", "Hi", "--yes", "--region", "gb", **there)
    assert (ended.status, texted(gateway)) == (0, [C])
    assert "1 DUPLICATE" in ended.words


def test_a_text_that_would_wait_too_long_stays_unsent_and_an_urgent_one_is_first(
    customersms: Commands, serve: Serve
) -> None:
    """Of a limit of 20, bulk leaves one (5%): it is there for the urgent text. Each of the others is used."""
    gateway, there = serve()
    numbers = [f"+12125552{number:03}" for number in range(20)]
    slow = ("--message", "Hi", "--limit", "20/3600", "--batch-size", "1", "--max-wait", "5", "--json")
    bulk = customersms("send", *numbers, *slow, "--priority", "bulk", **there)
    outcomes, _ = spoken(bulk.out)
    assert bulk.status == 3
    assert [each["code"] for each in outcomes].count("QUOTA_EXCEEDED") == 1
    assert customersms("send", C, *slow, "--priority", "urgent", **there).status == 0
    assert texted(gateway)[19:] == [C]
