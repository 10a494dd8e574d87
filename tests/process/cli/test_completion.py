"""What a shell asks the command for when the tab key is pressed, and the command where no script is on the path."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from support.command import PATIENCE

if TYPE_CHECKING:
    from support.command import Commands


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("customersms s", ["send", "sandbox", "suppress"]),
        ("customersms campaign re", ["resolve", "report", "resume", "retry"]),
        ("customersms send --max-w", ["--max-wait"]),
        ("customersms send --priority ", ["urgent", "normal", "bulk"]),
        ("customersms campaign run --le", ["--ledger"]),
    ],
)
def test_commands_options_and_values_are_offered(customersms: Commands, words: str, offered: list[str]) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    ended = customersms(_CUSTOMERSMS_COMPLETE="complete_bash", **asked)
    assert (ended.status, sorted(ended.out.split())) == (0, sorted(offered))


def test_the_script_for_a_shell_can_be_shown(customersms: Commands) -> None:
    shown = customersms(_CUSTOMERSMS_COMPLETE="source_bash").out
    assert "complete -o default -F _customersms_completion customersms" in shown


def test_the_package_runs_as_the_command(customersms: Commands) -> None:
    process = customersms.start_as((sys.executable, "-m", "customersms_async"), "--version")
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out[:12], err) == (0, "customersms ", "")
