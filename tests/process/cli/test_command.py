"""The command as a process, over pipes: what it sends, says and writes, and how it ends."""

from __future__ import annotations

import csv
import importlib.metadata
import itertools
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import typer

from customersms_async import cli
from customersms_async.cli.options import read_limit, read_pace
from customersms_async.cli.send.screen import PLAIN_EVERY
from customersms_async.client import AsyncClient
from customersms_async.models import Limit, Message, Outcome
from customersms_async.sandbox import Fault, Sandbox, magic
from support.command import KEY, PATIENCE, Commands, Ended, Hold, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

A, B, C = "+12125551234", "+13235554567", "+442079460000"
FIELDS = list(Outcome.__struct_fields__)
MIXED = f"""\
phone,name
{A},Ann
{B},Bob
nope,Cy
{A},Ann
+1,Di
two,Ed
,Flo
none,Gus
{magic.number(Fault.ROW_REJECTED)},Ida
{C},Jo
"""
"""Rows 0 to 9 on lines 2 to 11: three good ones, one rejected, one repeated, five of no use."""


def count(ended: Ended, status: str) -> int:
    """What the table at the end says."""
    found = re.search(rf"^[│|] {status} +[│|] +([\d,]+) ", ended.out + ended.err, re.MULTILINE)
    assert found is not None
    return int(found[1].replace(",", ""))


def spoken(out: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The outcomes and the summary that ``--json`` wrote, and nothing else was there."""
    *outcomes, summary = [json.loads(line) for line in out.splitlines()]
    assert all(list(outcome) == FIELDS for outcome in outcomes)
    assert list(summary) == ["summary"]
    return outcomes, summary["summary"]


def written(path: Path) -> list[dict[str, Any]]:
    """The outcomes in a file, as ``--json`` has them; a last line that is not whole yet is an error."""
    text = path.read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    rows = list(csv.DictReader(text.splitlines(keepends=True), strict=True))
    optional = {"message_id", "error", "code"}
    return [
        {k: (v or None) if k in optional else v for k, v in row.items()} | {"index": int(row["index"])} for row in rows
    ]


def accepted(outcomes: list[dict[str, Any]]) -> list[str]:
    return sorted(outcome["phone"] for outcome in outcomes if outcome["status"] == "accepted")


def texted(gateway: Sandbox) -> list[str]:
    return sorted(text.phone for text in gateway.texts)


# Sending


def test_the_command_is_installed() -> None:
    """As ``pip install`` makes it; reinstall if the environment is older than the command."""
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="customersms")
    assert script.load() is cli.main


def test_numbers_go_to_the_sandbox_and_nobody_is_asked(customersms: Commands) -> None:
    ended = customersms("send", A, "+1 323 555 4567", "--message", "Hi {name}", "--sandbox")
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
    ended = customersms("estimate", "--file", "people.csv", "--message", "Hi {name}, {{x}}", "--sample", "2")
    assert ended.status == 0
    assert f"{A}: Hi Ann, {{x}} {B}: Hi Bob, {{x}}" in ended.words
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
        "least_segments": 1,
        "most_segments": 2,
        "ucs2_texts": 333,
        "ucs2_characters": "Приветхан"[:6] + "漢",
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


# Where to, with which key, under which limits


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
    assert "It ended early: Invalid or inactive API key" in ended.words
    assert summary["error"] == "Invalid or inactive API key"
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
    options = ("--yes", "--batch-size", "2", "--log-level", "debug", "--output", "r.jsonl")
    ended = customersms("send", "--file", file, "--message", "Hi", *options, **there)
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


# Wrong usage


SEND = ("send", "--file", "people.csv", "--message", "Hi {name}", "--yes")
NUMBER = ("send", A, "--message", "Hi")
WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "nobody": (("send", "--message", "Hi"), "give either phone numbers or --file"),
    "numbers and a file": ((*SEND, A), "give either phone numbers or --file"),
    "no message": (("send", A), "Missing option '--message'"),
    "a limit that is none": ((*NUMBER, "--limit", "100"), "'100' is not REQUESTS/SECONDS"),
    "a quota of a bad limit": (("quota", "--limit", "1/-1"), "'1/-1' is not REQUESTS/SECONDS"),
    "a pace in words": ((*NUMBER, "--pace", "fast"), "'fast' is not a number of requests a second"),
    "an empty batch": ((*NUMBER, "--batch-size", "0"), "batch_size must be a whole number, 1 or more"),
    "no concurrency": ((*NUMBER, "--max-concurrency", "0"), "max_concurrency must be a whole number, 1 or more"),
    "no time": ((*NUMBER, "--timeout", "0"), "timeout must be a number of at least 0.001"),
    "an unknown level": ((*NUMBER, "--log-level", "loud"), "Invalid value for '--log-level'"),
    "the key as an option": ((*NUMBER, "--api-key", "k"), "No such option: --api-key"),
    "an unknown column": ((*SEND[:-2], "Hi {nam}"), "no column is called 'nam'; did you mean {name}?"),
    "a lone brace": ((*SEND[:-2], "Hi {"), "character 4 of the message: a lone {"),
    "a missing file": (("send", "--file", "no.csv", "--message", "Hi"), "no.csv: it can't be read: No such file"),
    "a damaged file": (("send", "--file", "damaged.csv", "--message", "Hi", "--yes"), "line 3: it has 3 columns"),
    "a stray quote": (("send", "--file", "quote.csv", "--message", "Hi", "--yes"), "line 3: a quote is opened"),
    "another encoding": (
        ("send", "--file", "latin.csv", "--message", "Hi", "--yes"),
        "line 3: it is not text in utf-8",
    ),
    "a long delimiter": ((*SEND, "--delimiter", ";;"), "';;' can't separate columns"),
    "results that exist": ((*SEND, "--output", "old.csv"), "old.csv exists, and results are never overwritten"),
    "results of another kind": ((*SEND, "--output", "r.txt"), "the results can be .csv or .jsonl"),
    "results nowhere": ((*SEND, "--output", "nowhere/new.csv"), "nowhere/new.csv: No such file or directory"),
    "two places": ((*SEND, "--sandbox", "--url", "https://sms.invalid/", "--output", "new.csv"), "name two places"),
    "a url in the open": ((*SEND, "--url", "http://sms.invalid/", "--output", "new.csv"), "url must be https"),
    "a region that is none": ((*SEND, "--region", "XX"), "'XX' is not a region"),
    "an unknown command": (("sent", A), "No such command 'sent'"),
    "nothing": ((), "Usage: customersms"),
}


@pytest.mark.parametrize(
    "text", ["", "100", "100/", "/60", "0/60", "1.5/60", "1/0", "1/-1", "1/nan", "1/inf", "1/1e300"]
)
def test_a_limit_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(f"{text!r} is not REQUESTS/SECONDS")):
        read_limit(text)


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e-300"])
def test_a_pace_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(f"{text!r} is not a number of requests a second")):
        read_pace(text)


@pytest.mark.parametrize(
    ("text", "pace"), [("10", Limit(10, 1)), ("0.5", Limit(1, 2)), ("2.5", Limit(3, 1.2)), ("None", None)]
)
def test_a_pace_may_be_any_rate(text: str, pace: Limit | None) -> None:
    assert read_pace(text) == pace


@pytest.fixture(scope="module", autouse=True)
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Ended]]]:
    """All wrong commands, each in a folder of its own; they run while the first tests of this file do."""
    gateway = Sandbox({KEY: 1_000})

    def run(arguments: tuple[str, ...], url: str) -> Ended:
        commands = Commands(tmp_path_factory.mktemp("wrong"))
        commands.write("people.csv", f"phone,name\n{A},Ann\n2125551234,Bob\n")
        commands.write("damaged.csv", f"phone,name\n{A},Ann\n{B},Bob,Cy\n{C},Di\n")
        commands.write("quote.csv", f'phone,name\n{A},Ann\n{B},"Bob\n{C},Di\n')
        (commands.folder / "latin.csv").write_bytes(f"phone,name\n{A},Ann\n{B},Zoé\n".encode("latin-1"))
        commands.write("old.csv", "precious")

        def files() -> dict[str, bytes]:
            return {path.name: path.read_bytes() for path in commands.folder.iterdir() if path.is_file()}

        before = files()
        try:
            ended = commands(*arguments, CUSTOMERSMS_URL=url, CUSTOMERSMS_API_KEY=KEY, COLUMNS="200")
        finally:
            commands.close()
        assert files() == before
        return ended

    with gateway.serve_in_thread() as url, ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(run, arguments, url) for name, (arguments, _) in WRONG.items()}
        pool.shutdown(cancel_futures=True)
        assert gateway.requests == 0


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_ends_with_status_2_and_changes_nothing(wrong: dict[str, Future[Ended]], name: str) -> None:
    ended = wrong[name].result(PATIENCE)
    assert (ended.status, WRONG[name][1] in ended.words) == (2, True), ended.words
    assert "Traceback" not in ended.err


def test_a_missing_key_is_told_before_anything_else(customersms: Commands) -> None:
    customersms.write("people.csv", MIXED)
    ended = customersms(*SEND)
    assert (ended.status, ended.out) == (2, "")
    assert "the API key is missing: set the environment variable CUSTOMERSMS_API_KEY" in ended.words


def test_a_key_that_can_be_none_is_refused_without_a_trace(customersms: Commands) -> None:
    ended = customersms(*NUMBER, "--output", "r.csv", CUSTOMERSMS_API_KEY=f"{KEY} with a space")
    assert ended.status == 2
    assert "the API key holds a character that no key has" in ended.err
    assert KEY not in ended.out + ended.err
    assert not (customersms.folder / "r.csv").exists()


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_it_says_what_to_install(customersms: Commands, missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from customersms_async.cli import main; main()"
    process = customersms.start_as((sys.executable, "-c", code), "quota")
    out, err = process.communicate(timeout=PATIENCE)
    assert (out, process.returncode) == ("", 1)
    assert 'pip install "customersms-async[cli]"' in err
    assert "Traceback" not in err


# Interruptions


class Held:
    """A long send to a gateway that holds one of its answers back, and all that it wrote so far."""

    def __init__(self, customersms: Commands, serve: Serve, hold: Hold | None = None) -> None:
        """Requests 1 and 2 are answered, request 3 when ``hold`` says so, or never."""
        self.gateway, there = serve(faults=hold or {3: (Fault.SLOW, 600)})
        self.path = customersms.folder / "results.jsonl"
        file = customersms.people(500)
        self.process = customersms.start(
            *("send", "--file", file, "--message", "Hi", "--yes", "--json", "--output", "results.jsonl"),
            *("--batch-size", "10", "--max-concurrency", "1", "--timeout", "500", "--pace", "none"),
            **there,
        )
        assert self.process.stderr is not None
        self.err = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until(lambda: hold.begun.is_set() if hold else self.gateway.requests == 3)
        until(lambda: len(written(self.path)) == 20)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.err += line

    def end(self, patience: float = PATIENCE) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Wait for the end; the outcomes and the summary."""
        assert self.process.stdout is not None
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError("it does not end") from None
        self._reader.join(PATIENCE)
        outcomes, summary = spoken(self.process.stdout.read())
        assert self.process.returncode == summary["exit_status"]
        assert outcomes == written(self.path)
        indexes = [outcome["index"] for outcome in outcomes]
        assert len(indexes) == len(set(indexes)) == 500 - summary["not_read"]
        assert "Traceback" not in self.err
        return outcomes, summary


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_send_with_an_answer_for_what_is_in_flight(
    customersms: Commands, serve: Serve, number: signal.Signals
) -> None:
    hold = Hold(3)
    held = Held(customersms, serve, hold)
    held.process.send_signal(number)
    until(lambda: "once more stops at once" in held.err)
    hold.goes_on.set()
    outcomes, summary = held.end()
    assert (summary["interrupted"], summary["exit_status"], summary["requests"]) == (True, 130, 3)
    assert held.gateway.requests == 3
    assert accepted(outcomes) == texted(held.gateway)
    assert len(held.gateway.texts) == 30
    assert {(o["status"], o["code"]) for o in outcomes} == {("accepted", None), ("unsent", "STOPPED")}
    assert summary["not_read"] > 0
    assert "once more stops at once" in held.err
    assert "rows were not read any more: nothing went out to them" in held.err


def test_a_second_signal_stops_at_once_and_what_is_in_flight_is_unknown(customersms: Commands, serve: Serve) -> None:
    held = Held(customersms, serve)
    held.process.send_signal(signal.SIGTERM)
    until(lambda: "once more stops at once" in held.err)
    assert held.process.poll() is None
    held.process.send_signal(signal.SIGINT)
    outcomes, summary = held.end()
    assert (summary["interrupted"], summary["exit_status"], summary["unknown"]) == (True, 130, 10)
    assert len(accepted(outcomes)) == 20
    unknown = [outcome["phone"] for outcome in outcomes if outcome["status"] == "unknown"]
    assert sorted([*accepted(outcomes), *unknown]) == texted(held.gateway)
    assert held.gateway.requests == 3


def test_two_signals_at_the_same_moment_end_it_too(customersms: Commands, serve: Serve) -> None:
    """As when Ctrl-C reaches a command together with the wrapper that passes it on."""
    held = Held(customersms, serve)
    held.process.send_signal(signal.SIGSTOP)
    held.process.send_signal(signal.SIGINT)
    held.process.send_signal(signal.SIGTERM)
    held.process.send_signal(signal.SIGCONT)
    _, summary = held.end()
    assert (summary["interrupted"], summary["unknown"]) == (True, 10)


def test_a_signal_while_it_waits_for_the_quota_ends_it(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    file, path = customersms.people(10), customersms.folder / "r.csv"
    options = ("--yes", "--limit", "2/600", "--batch-size", "1", "--output", "r.csv")
    process = customersms.start("send", "--file", file, "--message", "Hi", *options, **there)
    until(lambda: path.exists() and path.read_text().count("accepted") == 2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "waiting for the requests in flight; once more stops at once" in out
    assert "accepted" in out
    assert (len(accepted(written(path))), gateway.requests) == (2, 2)


def test_a_file_that_changes_on_the_way_ends_with_a_report(customersms: Commands, serve: Serve) -> None:
    hold = Hold(2)
    gateway, there = serve(faults=hold)
    file, path = customersms.people(9_000), customersms.folder / "r.jsonl"
    options = ("--yes", "--json", "--pace", "none", "--max-concurrency", "1", "--output", "r.jsonl")
    process = customersms.start("send", "--file", file, "--message", "Hi", *options, **there)
    assert hold.begun.wait(PATIENCE)
    with (customersms.folder / file).open("a") as people:
        people.write("+12125559999,Zed\n")
    hold.goes_on.set()
    out, err = process.communicate(timeout=PATIENCE)
    assert "the file has changed since it was opened" in err
    assert 100 < len(gateway.texts) < 9_000
    assert accepted(written(path)) == texted(gateway)
    outcomes, summary = spoken(out)
    assert accepted(outcomes) == texted(gateway)
    assert process.returncode == summary["exit_status"] in {1, 2}


def test_a_reader_that_goes_away_does_not_take_the_results_with_it(customersms: Commands, serve: Serve) -> None:
    """``customersms send --json --output r.jsonl | head -1``: what was sent is in the file."""
    gateway, there = serve(latency=0.3)
    file, path = customersms.people(60), customersms.folder / "r.jsonl"
    options = ("--yes", "--json", "--batch-size", "5", "--output", "r.jsonl")
    process = customersms.start("send", "--file", file, "--message", "Hi", *options, **there)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.wait(PATIENCE)
    assert "Traceback" not in err
    assert sorted(outcome["phone"] for outcome in written(path) if outcome["status"] != "unsent") == texted(gateway)


# While it works, without a terminal


@pytest.fixture(scope="module", autouse=True)
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Future[float]]]:
    """A send that takes nine seconds, begun well before anyone looks at it; and how long it took, once it is over."""
    gateway, commands = Sandbox({KEY: 10}), Commands(tmp_path_factory.mktemp("slow"))
    with gateway.serve_in_thread() as url, ThreadPoolExecutor(1) as pool:
        options = ("--yes", "--limit", "1/9", "--batch-size", "1")
        began = time.monotonic()
        process = commands.start(
            *("send", "--file", commands.people(2), "--message", "Hi", *options),
            CUSTOMERSMS_URL=url,
            CUSTOMERSMS_API_KEY=KEY,
        )

        def took() -> float:
            process.wait()
            return time.monotonic() - began

        yield process, pool.submit(took)
        commands.close()


def test_one_plain_line_comes_every_few_seconds(slow: tuple[subprocess.Popen[str], Future[float]]) -> None:
    process, took = slow
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "\x1b" not in out
    lines = re.findall(r"^\d of 2, .*$", out, re.MULTILINE)
    assert 1 <= len(lines) <= max(1, took.result(PATIENCE) // PLAIN_EVERY)
    assert re.fullmatch(
        r"1 of 2, [\d.]+ s to go, until \d\d:\d\d:\d\d: 1 accepted, 0 rejected, 0 unknown, 0 unsent;"
        r" 0 a second; left: 0 of 1 in 9.0 s",
        lines[0],
    )


@pytest.fixture(scope="module", autouse=True)
def abandoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, subprocess.Popen[str], Path]]:
    """A send of six seconds whose reader has left by the time of its first plain line."""
    gateway = Sandbox({KEY: 10}, faults={2: (Fault.SLOW, 6.0)})
    commands = Commands(tmp_path_factory.mktemp("abandoned"))
    with gateway.serve_in_thread() as url:
        process = commands.start(
            *("send", A, B, "--message", "Hi", "--batch-size", "1", "--max-concurrency", "1", "--output", "r.csv"),
            CUSTOMERSMS_URL=url,
            CUSTOMERSMS_API_KEY=KEY,
        )
        assert process.stdout is not None
        process.stdout.close()
        yield gateway, process, commands.folder / "r.csv"
        commands.close()


def test_a_reader_that_goes_away_does_not_end_the_send(
    abandoned: tuple[Sandbox, subprocess.Popen[str], Path],
) -> None:
    gateway, process, path = abandoned
    process.wait(PATIENCE)
    assert accepted(written(path)) == texted(gateway) == [A, B]


# The sandbox


def test_the_sandbox_serves_until_it_is_told_to_stop(customersms: Commands) -> None:
    process = customersms.start("sandbox", "--port", "0", "--key", "made_up", "--limit", "2/60")
    assert process.stdout is not None
    told = "".join(itertools.takewhile(lambda line: "It stops on Ctrl-C" not in line, process.stdout))
    url = re.search(r"CUSTOMERSMS_URL=(\S+)", told)
    assert url is not None
    there = {"CUSTOMERSMS_URL": url[1], "CUSTOMERSMS_API_KEY": "made_up"}
    assert customersms("send", A, B, "--message", "Hi", **there).status == 0
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "requests: 1\ntexts accepted: 2, of which twice: 0" in out


def test_the_sandbox_has_its_own_options(customersms: Commands) -> None:
    ended = customersms("sandbox", "--magic")
    assert (ended.status, ended.out) == (0, f"{magic.table()}\n")
    ended = customersms("sandbox", "--limit", "0/1")
    assert ended.status == 2
    assert "usage: customersms sandbox" in ended.err
    assert "argument --limit" in ended.err
