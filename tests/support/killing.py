"""A campaign that is run by the real command, killed, and gone on with; and what must hold of it then."""

from __future__ import annotations

import ast
import asyncio
import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customersms_async import Campaign
from support.command import environment
from support.command_host import shared_host
from support.ledger_aging import let_minutes_pass
from support.step_tracer import TRACED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customersms_async.sandbox import Sandbox

KEY = "cspro_a_key_that_must_never_show"
BATCH, REQUESTS = 20, 4
BOUND = BATCH * REQUESTS
"""How many one crash may leave unknown."""

TORTURE = "TORTURE" in os.environ
KILLED = -9
INPUT = ("people.csv", "--message", "Hello")


STEPS = {
    "loop": {
        "runner.py": "_run _send_all _is_over _start delivered _leaving _answered",
        "run_guards.py": "prepare check begin_request",
        "run_record.py": "begin finish end",
        "preparation.py": "want_run prepare",
        "wanted.py": "next_wanted end_of_run",
        "wanted_rows.py": "want append _terms_id stop",
        "recorder.py": "begin take end _store",
        "deliveries.py": "_deliver _ended",
        "plan.py": "next put_back again",
        "file.py": "transaction begin commit check_place become_runner settle close",
        "copy_check.py": "refuse",
        "wal_check.py": "checkpoint",
        "transitions.py": "begin _begin record _record _move_all _answer recover",
        "request.py": "post _may_leave _settle",
    },
    "refusing": {
        "runner.py": "_send_all delivered",
        "recorder.py": "begin end skip_soon skip _store",
        "checked_delivery.py": "run _step _learn _give",
        "checks.py": "look before_first_byte after_attempt",
        "cap_counting.py": "look take record",
        "transitions.py": "begin record _record _move_all skip _skip",
    },
    "pausing": {
        "campaign.py": "__aexit__",
        "deciding_methods.py": "pause resume stop wanted",
        "ledger.py": "want open close",
        "questions.py": "wanted",
        "handle.py": "_recover leave",
        "wanted.py": "next_wanted",
        "wanted_rows.py": "want append current _terms_id",
        "file.py": "transaction begin commit check_place settle close",
        "wal_check.py": "checkpoint",
    },
    "moving": {
        "move.py": "_go_on _make_there _say",
        "move_target.py": "reserve work bring free _change _begin _finish _forget",
        "packing.py": "make_empty say_it_arrives place replace free _named_aside pack",
        "copying.py": "reserve bring_new free _make _let_go one_transaction _fill copy_tables",
        "move_rows.py": "say append say_of_move",
        "file.py": "commit",
    },
    "adding": {
        "opening.py": "create look",
        "file.py": "begin commit roll_back check_place settle",
        "wal_check.py": "checkpoint open_checked",
        "input_writer.py": "take finish",
        "ledger.py": "add open _begin_adding _finish_adding",
        "handle.py": "_recover _become_runner",
        "transitions.py": "suppress",
    },
    "more": {
        "ledger_input.py": "add_more",
        "ledger.py": "add_more judge open",
        "fitted_addition.py": "__init__ know know_texts fit",
        "later_additions.py": "add is_there",
        "file.py": "beside begin commit roll_back check_place",
        "transitions.py": "suppress",
    },
}
"""The functions whose lines are the steps; ``make torture`` takes every line of these files."""


class Killing:
    """One campaign that is run, killed, and gone on with."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.ledger = folder / "ledger"

    def people(self, count: int) -> None:
        rows = "".join(f"+1212{number:07}\n" for number in range(count))
        (self.folder / "people.csv").write_text("phone\n" + rows, encoding="utf-8")

    def run(self, *more: str, **order: Any) -> int:
        """Run the command to its end, whichever that is; gives its exit status."""
        options = ("--pace", "none", "--limit", "100000/1", "--batch-size", str(BATCH))
        arguments = ("--ledger", "ledger", "--yes", *options, *more)
        return self.command("run", *arguments, "--max-concurrency", str(REQUESTS), **order)

    def begin(self, people: int, **order: Any) -> None:
        """Put so many people into the ledger, and send to none of them."""
        self.people(people)
        assert self.run(*INPUT, "--max-recipients", "0", **order) == 4

    def add(self, numbers: range, **order: Any) -> int:
        """Add these people to the ledger; gives the command's exit status."""
        rows = "".join(f"+1212{number:07}\n" for number in numbers)
        (self.folder / "more.csv").write_text("phone\n" + rows, encoding="utf-8")
        return self.command("add", "more.csv", *INPUT[1:], "--ledger", "ledger", "--yes", "--by", "Ann", **order)

    def command(self, *arguments: str, **order: Any) -> int:
        names = {"CUSTOMERSMS_URL": self.sandbox.url, "CUSTOMERSMS_API_KEY": KEY, "TMPDIR": str(self.folder)}
        there = environment(self.folder, **names)
        return shared_host().run(self.folder, there, ["campaign", *arguments], hurried=True, **order)

    def counts(self) -> dict[str, int]:
        """What the ledger says now that nobody runs."""

        async def ask() -> dict[str, int]:
            async with Campaign.open(self.ledger) as campaign:
                return {state.value: count for state, count in (await campaign.counts()).items()}

        return asyncio.run(ask())

    def export(self) -> list[dict[str, str]]:
        (self.folder / "out.txt").unlink(missing_ok=True)
        assert self.command("export", "--ledger", "ledger", "--format", "csv") == 0
        with (self.folder / "out.txt").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def check(killing: Killing, people: int) -> None:
    """Nobody twice, nobody lost, and what the ledger says is true."""
    texts = [text.phone for text in killing.sandbox.texts]
    assert killing.sandbox.duplicates() == ()
    rows = killing.export()
    assert [row["phone"] for row in rows] == [f"+1212{number:07}" for number in range(people)]
    accepted = {row["phone"] for row in rows if row["status"] == "accepted"}
    unknown = {row["phone"] for row in rows if row["status"] == "unknown"}
    assert len(accepted) + len(unknown) == people, "the run came to its end"
    assert accepted <= set(texts) <= accepted | unknown


def finish(killing: Killing, people: int) -> None:
    """Go on to the end; then do what a person would, who can look into the gateway's books."""
    unknown = killing.counts()["unknown"]
    assert killing.run() == (3 if unknown else 0)
    check(killing, people)
    let_minutes_pass(killing.ledger)
    texts = {text.phone for text in killing.sandbox.texts}
    doubtful = [row["phone"] for row in killing.export() if row["status"] == "unknown"]
    for becomes, arrived in (("accepted", True), ("planned", False)):
        phones = [phone for phone in doubtful if (phone in texts) is arrived]
        (killing.folder / "found.txt").write_text("\n".join(phones), encoding="utf-8")
        if phones:
            assert (
                killing.command(
                    "resolve", "--ledger", "ledger", "--phones", "found.txt", "--as", becomes, "--by", "Ann"
                )
                == 0
            )
    assert killing.run() == 0
    check(killing, people)
    assert len(killing.sandbox.texts) == people


def steps(killing: Killing, kind: str) -> list[str]:
    """The steps that one undisturbed run comes to, in the order of their first time."""
    if kind == "adding":
        killing.begin(200, log="steps.txt")
    elif kind == "more":
        killing.begin(200)
        assert killing.add(range(150, 250), log="steps.txt") == 0
    else:
        killing.people(200)
        assert killing.run(*INPUT, **({"log": "steps.txt"} if kind == "loop" else {})) == 0
    if kind == "pausing":
        assert killing.command("pause", "--ledger", "ledger", log="steps.txt") == 0
    found = chosen_steps(killing, kind)
    idle = STEPS[kind].keys() - {step.partition(":")[0] for step in found}
    assert not idle, f"nothing of {idle} is tried"
    killing.ledger.unlink()
    killing.sandbox.reset()
    return found


def chosen_steps(killing: Killing, kind: str) -> list[str]:
    """Those of the steps in ``steps.txt`` that are chosen."""
    found = (killing.folder / "steps.txt").read_text(encoding="utf-8").split()
    chosen = functions_of(kind)
    starts = {name: statements(name) for name in chosen}
    parts = [step.split(":") for step in found]
    return [
        f"{name}:{function}:{line}"
        for name, function, line in parts
        if name in chosen and (TORTURE or function in chosen[name]) and int(line) in starts[name]
    ]


def functions_of(kind: str) -> dict[str, set[str]]:
    """The functions whose lines are the steps, by file; each is there, as one that has moved on would try nothing."""
    chosen = {name: set(functions.split()) for name, functions in STEPS[kind].items()}
    for name, functions in chosen.items():
        there = {node.name for node in _nodes(name) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert functions <= there, f"{name} has no {functions - there}"
    return chosen


def statements(name: str) -> set[int]:
    """The lines on which a statement begins, in the traced files of that name."""
    return {node.lineno for node in _nodes(name) if isinstance(node, ast.stmt)}


def _nodes(name: str) -> Iterator[ast.AST]:
    paths = [path for path in map(Path, TRACED) if path.name == name]
    assert paths, f"no {name} is traced"
    for path in paths:
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))
