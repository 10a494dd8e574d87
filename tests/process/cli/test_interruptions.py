"""A send that is interrupted: by signals, by a file that changes, by a reader that goes away."""

from __future__ import annotations

import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async.sandbox import Fault, Sandbox
from support.command import COMMAND, PATIENCE, Commands, Hold, until
from support.command_results import accepted, spoken, texted, written
from support.platforms import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]


@pytest.fixture(autouse=True)
def _the_terminal_s_end_is_heard() -> Iterator[None]:
    """As in a terminal, also where the tests run under ``nohup``."""
    if WINDOWS:
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)])
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


@pytest.mark.skipif(WINDOWS, reason="no terminal says there that it ends")
def test_the_end_of_the_terminal_does_not_end_what_nohup_has_started(customersms: Commands, serve: Serve) -> None:
    hold = Hold(2)
    gateway, there = serve(faults=hold)
    options = "--message Hi --yes --batch-size 10 --max-concurrency 1 --pace none"
    program = f"trap '' HUP; exec {COMMAND[0]} send --file {customersms.people(50)} {options}"
    process = customersms.start_as(("/bin/sh", "-c", program), **there)
    assert hold.begun.wait(PATIENCE)
    process.send_signal(signal.SIGHUP)
    hold.goes_on.set()
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, len(gateway.texts)) == (0, 50), out + err


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
