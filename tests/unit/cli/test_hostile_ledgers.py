"""A ledger that somebody else made: whatever it holds, the command ends in words or does its work, and runs nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from customersms_async._core.schedule import LATEST_US
from customersms_async.cli.app import app
from support.hostile_ledgers import COLUMNS, COMMANDS, MARKUP, good_ledger, look_at, run, spoiled

if TYPE_CHECKING:
    from pathlib import Path

VALUES = (MARKUP, b"\xff\x00", 2**63 - 1, -(2**63), 1e300, float("inf"), -1, 0.5, "", None, "+1\r\nX: y")
SHOWN = [pair for pair in COLUMNS if pair[1] != "era"]  # that of a ledger without its -wal, which is waited for


PLANNED = ["+12125550001", "+12125550005"]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger of a campaign that was sent to some, with something in every table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.txt").write_text("+12125550002\n")
    path = tmp_path / "ledger"
    path.write_bytes(good_ledger())
    return path


def renew(ledger: Path) -> None:
    """Put a good ledger in the place of what is there."""
    for left in ledger.parent.glob("ledger*"):
        left.unlink()
    ledger.write_bytes(good_ledger())


def spoil(ledger: Path, table: str, column: str, value: object) -> None:
    """Put this value into all rows of one column of a good ledger."""
    renew(ledger)
    spoiled(ledger, (f"UPDATE OR REPLACE {table} SET {column} = ?", (value,)))  # noqa: S608 - the schema's own names


def test_every_command_reads_a_good_ledger(ledger: Path) -> None:
    for command in COMMANDS:
        renew(ledger)
        assert look_at(ledger, command) == 0, command
    renew(ledger)
    assert run(ledger) == PLANNED


@pytest.mark.parametrize(("table", "column"), SHOWN, ids=str)
def test_whatever_a_ledger_holds_is_shown_resolved_and_run_or_refused_in_words(
    ledger: Path, table: str, column: str
) -> None:
    """Every column meets markup and four other values, every value every command, a run included."""
    turn = SHOWN.index((table, column))
    for place, value in enumerate((MARKUP, *(VALUES[(turn + step) % len(VALUES)] for step in range(4)))):
        spoil(ledger, table, column, value)
        look_at(ledger, COMMANDS[(turn + place) % len(COMMANDS)])
    spoil(ledger, table, column, VALUES[turn % len(VALUES)])
    run(ledger)


@pytest.mark.parametrize("phone", ["12125550004", "+1", "+1 212 555 0004", "+12125550004\n", MARKUP, "", 12125550004])
def test_a_run_sends_to_nobody_whose_number_is_none(ledger: Path, phone: Any) -> None:
    spoil(ledger, "recipients", "phone", phone)
    assert run(ledger) == []


@pytest.mark.parametrize("text", ["", b"\xff"])
def test_a_run_sends_no_text_that_is_none(ledger: Path, text: Any) -> None:
    spoil(ledger, "texts", "text", text)
    assert run(ledger) == []


def test_a_run_ends_though_a_ledger_counts_planned_recipients_that_it_does_not_hold(ledger: Path) -> None:
    spoiled(ledger, ("UPDATE counts SET recipients = recipients + 1 WHERE state = 'planned'", ()))
    assert run(ledger) == PLANNED


@pytest.mark.parametrize("table", ["session", "progress"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "DROP TABLE {}", "ALTER TABLE {} RENAME TO moved"])
def test_a_ledger_that_lacks_what_each_has_is_refused_in_words(ledger: Path, table: str, statement: str) -> None:
    spoiled(ledger, (statement.format(table), ()))
    for command in (["status"], ["resolve", "--status", "unknown", "--as", "planned", "--by", "me"]):
        assert look_at(ledger, command) == 1
    assert run(ledger) == []


PROGRAMS = {
    "a view": [
        "ALTER TABLE recipients RENAME TO moved",
        "CREATE VIEW recipients AS WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT * FROM n) SELECT * FROM n",
    ],
    "the session's view": [
        "ALTER TABLE session RENAME TO moved",
        "CREATE VIEW session AS WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT * FROM n) SELECT * FROM n",
    ],
    "a trigger": [
        (
            "CREATE TRIGGER odd BEFORE UPDATE ON session BEGIN"
            " SELECT 0 IN (WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT * FROM n) SELECT * FROM n); END"
        ),
    ],
    "a virtual table": [
        "ALTER TABLE counts RENAME TO moved",
        "CREATE VIRTUAL TABLE counts USING fts5(state, code)",
    ],
}
"""What never ends once somebody looks at it, or writes."""


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_would_run_a_program_of_the_ledger_s_own_is_refused(ledger: Path, program: str) -> None:
    spoiled(ledger, *((statement, ()) for statement in PROGRAMS[program]))
    for command in (["status"], ["export", "--format", "csv"], COMMANDS[5]):
        assert look_at(ledger, command) == 1
    assert run(ledger) == []


SCHEDULES = (
    {"hours": {"between": "09:00-20:00", "zone": MARKUP}},
    {"hours": {"between": "09:00-20:00", "zone": "../../etc/passwd"}},
    {"hours": {"between": "09:00-20:00", "not_on": ["9999-12-31"]}},
    {"hours": {"between": "09:00-20:00"}, "at_us": LATEST_US},
    {"at_us": LATEST_US, "expires_us": LATEST_US, "margin_us": 0},
    {"expires_after_us": LATEST_US, "at_us": LATEST_US},
)
NO_SCHEDULES = (
    {"hours": {"between": "25:00-26:00"}},
    {"hours": {"between": MARKUP}},
    {"at_us": 2**63 - 1},
    {"margin_us": -1},
    MARKUP,
)


@pytest.mark.parametrize("schedule", [*SCHEDULES, *NO_SCHEDULES], ids=ascii)
def test_whatever_a_ledger_says_of_hours_is_shown_or_refused_in_words(ledger: Path, schedule: Any) -> None:
    """A run is on terms of its own, so that it sends to everyone; where those in the ledger are none, it is refused."""
    changed = "UPDATE terms SET terms = json_set(terms, '$.schedule', json(?))", (json.dumps(schedule),)
    is_one = schedule in SCHEDULES
    for command in (["status"], ["status", "--json"], ["resume", "--by", "me"]):
        renew(ledger)
        spoiled(ledger, changed)
        assert look_at(ledger, command) == (0 if is_one else 1), command
    renew(ledger)
    spoiled(ledger, changed)
    look_at(ledger, ["report", "--html", "report.html"])
    assert run(ledger) == (PLANNED if is_one else [])


def test_a_cell_of_the_export_runs_nothing(ledger: Path) -> None:
    spoil(ledger, "recipients", "error", "=1+1")
    arguments = ["campaign", "export", "--ledger", str(ledger), "--format", "csv"]
    assert ",'=1+1," in CliRunner().invoke(app, arguments).output
    assert ",=1+1," in CliRunner().invoke(app, [*arguments, "--raw"]).output
