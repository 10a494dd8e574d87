"""The command in a pseudo-terminal: what a person sees and answers."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from customersms_async.models import Limit
from customersms_async.sandbox import Fault, Sandbox
from support.command import Commands, Hold, Terminal, until

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

COLOUR = re.compile(r"\x1b\[(?:[\d;:]*;)?(?:3[0-8]|4[0-8]|9\d|10\d)(?:;[\d;:]*)?m")
OPTIONS = ("--message", "Hi {name}", "--batch-size", "1")


@pytest.mark.parametrize(("typed", "status", "texts"), [("y\n", 0, 2), ("n\n", 1, 0)])
def test_a_file_is_sent_once_a_person_agrees(
    customersms: Commands, serve: Serve, typed: str, status: int, texts: int
) -> None:
    gateway, there = serve()
    terminal = customersms.in_terminal("send", "--file", customersms.people(2), *OPTIONS, **there)
    terminal.wait_for(r"Send\? \[y/N\]: ?")
    assert "recipients  2" in terminal.shown
    assert "requests    2" in terminal.shown
    assert gateway.requests == 0
    terminal.type(typed)
    assert terminal.end() == status
    assert len(gateway.texts) == texts
    assert "Traceback" not in terminal.shown
    assert ("2 of 2 rows" in terminal.shown) is (texts > 0)
    assert ("nothing was sent" in terminal.shown) is (texts == 0)


@pytest.mark.parametrize(("typed", "status", "texts"), [("y\n", 0, 3), ("n\n", 1, 1)])
def test_a_test_text_comes_first_and_then_a_person_is_asked(
    customersms: Commands, serve: Serve, typed: str, status: int, texts: int
) -> None:
    gateway, there = serve()
    options = (*OPTIONS, "--test-to", "+16465550000")
    terminal = customersms.in_terminal("send", "--file", customersms.people(2), *options, **there)
    terminal.wait_for(r"Send\? \[y/N\]: ?")
    assert [(text.phone, text.message) for text in gateway.texts] == [("+16465550000", "Hi Person 0")]
    assert re.search(r"the first text, 1 segment .*\s+\+12125550000: Hi Person 0", terminal.shown)
    terminal.type(typed)
    assert terminal.end() == status
    assert len(gateway.texts) == texts
    assert ("nothing else was sent" in terminal.shown) is (texts == 1)


def test_the_file_of_a_campaign_that_was_begun_is_read_once(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    run = ("campaign", "run", customersms.people(2), "--ledger", "l", "--message", "Hi {name}")
    assert customersms(*run, "--yes", "--max-recipients", "0", **there).status == 4
    terminal = customersms.in_terminal(*run, **there)
    terminal.wait_for(r"Send\? \[y/N\]: ?")
    customersms.people(3)  # a reading after the question would be of another file
    terminal.type("y\n")
    assert terminal.end() == 0
    assert len(gateway.texts) == 2


@pytest.mark.parametrize("left_by", ["Ctrl-C", "Ctrl-D", "SIGTERM"])
def test_who_leaves_the_question_has_sent_nothing(customersms: Commands, serve: Serve, left_by: str) -> None:
    gateway, there = serve()
    terminal = customersms.in_terminal("send", "--file", customersms.people(2), *OPTIONS, "--output", "r.csv", **there)
    terminal.wait_for(r"Send\? \[y/N\]: ?")
    terminal.wait_for_its_reading()
    if left_by == "Ctrl-D":
        terminal.type("\x04")
        assert terminal.end() in {1, 130}
    else:
        terminal.process.send_signal(signal.SIGINT if left_by == "Ctrl-C" else signal.SIGTERM)
        assert terminal.end() in ({130} if left_by == "Ctrl-C" else {130, -signal.SIGTERM})
    assert gateway.requests == 0
    assert "Traceback" not in terminal.shown
    assert not (customersms.folder / "r.csv").exists()


def test_nobody_is_asked_about_the_sandbox_and_nothing_goes_elsewhere(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    terminal = customersms.in_terminal("send", "--file", customersms.people(2), *OPTIONS, "--sandbox", **there)
    assert terminal.end() == 0
    assert "Send?" not in terminal.shown
    assert gateway.requests == 0


def test_a_bar_shows_the_counts_what_is_left_and_the_time_to_go(customersms: Commands, serve: Serve) -> None:
    """At 80 and at 200 columns, and no line is ever wider than that."""
    file, options = customersms.people(9), (*OPTIONS, "--yes", "--limit", "4/0.8", "--limit", "5000/3600")
    limits = (Limit(4, 0.8), Limit(5_000, 3_600))
    holds = [Hold(9), Hold(9)]
    terminals = [
        customersms.in_terminal_of(
            columns, None, "send", "--file", file, *options, **serve(limits=limits, faults=hold)[1]
        )
        for columns, hold in zip((80, 200), holds, strict=True)
    ]
    for terminal, hold in zip(terminals, holds, strict=True):
        for part in (
            r"━.* \d of 9, .+ s to go, until \d\d:\d\d:\d\d",
            r"accepted \d  rejected 0  unknown 0  unsent 0  · \d+ a second",
            r"left: \d of 4 in 0.8 s · 4,99\d of 5,000 in 1 h",
        ):
            until(lambda: any(re.search(part, line) for line in terminal.lines))  # noqa: B023 - called at once
        hold.goes_on.set()
        assert terminal.end() == 0
        assert max(map(cell_len, terminal.lines)) <= terminal.columns
        assert "9 of 9 rows" in terminal.shown
        assert re.search(r"│ accepted │ +9 │", terminal.shown)
        assert COLOUR.search(terminal.raw)


def test_no_color_means_no_colour(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    file = customersms.write("people.txt", "+12125551234\nnope\n")
    terminal = customersms.in_terminal("send", "--file", file, "--message", "Hi", "--yes", NO_COLOR="1", **there)
    assert terminal.end() == 3
    assert re.search(r"│ accepted │ +1 │", terminal.shown)
    assert not COLOUR.search(terminal.raw)


def test_a_dumb_terminal_gets_no_escape_sequences(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    terminal = customersms.in_terminal("send", "+12125551234", "--message", "Hi", TERM="dumb", **there)
    assert terminal.end() == 0
    assert "\x1b" not in terminal.raw


def held(customersms: Commands, serve: Serve) -> Terminal:
    """A send whose second request is never answered."""
    _, there = serve(faults={2: (Fault.SLOW, 600)})
    options = ("--message", "Hi", "--yes", "--batch-size", "5", "--max-concurrency", "1", "--timeout", "500")
    return customersms.in_terminal("send", "--file", customersms.people(50), *options, **there)


def test_the_first_ctrl_c_says_that_it_stops_and_the_second_stops(customersms: Commands, serve: Serve) -> None:
    terminal = held(customersms, serve)
    terminal.wait_for(r"5 of 50, .* to go")
    terminal.process.send_signal(signal.SIGINT)
    terminal.wait_for(r"stopping|stops at once")
    assert terminal.process.poll() is None
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert re.search(r"│ unknown  │ +5 │", terminal.shown)
    assert "rows were not read any more" in terminal.shown


def test_something_is_shown_before_the_first_answer(customersms: Commands, serve: Serve) -> None:
    """A gateway may take its whole timeout for it."""
    gateway, there = serve(faults={1: (Fault.SLOW, 600)})
    terminal = customersms.in_terminal("send", "--file", customersms.people(5), "--message", "Hi", "--yes", **there)
    until(lambda: gateway.requests == 1)
    terminal.wait_for(r"0 of 5")


def test_outcomes_go_to_a_programs_pipe_while_a_person_watches(customersms: Commands, serve: Serve) -> None:
    """``customersms send --json > results`` by hand: the errors' side is a terminal, the output is not."""
    gateway, there = serve()
    path = customersms.folder / "results"
    with path.open("wb") as out:
        options = (*OPTIONS, "--yes", "--json")
        terminal = customersms.in_terminal_of(80, out, "send", "--file", customersms.people(3), *options, **there)
        assert terminal.end() == 0
    *outcomes, summary = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(outcome["index"] for outcome in outcomes) == [0, 1, 2]
    assert list(summary) == ["summary"]
    assert '{"index"' not in terminal.shown
    assert len(gateway.texts) == 3


@pytest.mark.parametrize("name", ["people[/a].csv", "people[red].csv"])
def test_a_files_name_is_only_a_name(customersms: Commands, name: str) -> None:
    (customersms.folder / name).parent.mkdir(exist_ok=True)
    customersms.people(1, name)
    terminal = customersms.in_terminal_of(200, None, "estimate", "--file", name, "--message", "Hi")
    assert terminal.end() == 0
    assert f"reading {name}: a table" in terminal.shown
    assert f"{name}: a table separated by commas\r\nrecipients" in terminal.shown


@pytest.mark.parametrize(("typed", "status", "listed"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_whoever_replied_stop_is_suppressed_once_a_person_agrees(
    customersms: Commands, typed: str, status: int, listed: int
) -> None:
    (customersms.folder / "log.csv").write_text("From,Body\n+12125551234,\x1bSTOP\x07\n+12125551235,stop it\n")
    terminal = customersms.in_terminal("suppress", "import", "log.csv", "--stops", "--list", "list.db")
    terminal.wait_for(r"Put 1 number on the list\? \[y/N\]: ?")
    assert "+12***35" in terminal.shown
    assert r'"\x1bSTOP\x07"' in terminal.shown
    assert "\x07" not in terminal.shown
    assert not (customersms.folder / "list.db").exists()
    terminal.type(typed)
    assert terminal.end() == status
    assert ("added to the list: 1" in terminal.shown) is bool(listed)
    assert ("nothing was changed" in terminal.shown) is not bool(listed)
    assert (customersms.folder / "list.db").exists() is bool(listed)
