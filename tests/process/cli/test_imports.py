"""What a command imports: its own work, and nothing that another command is made of."""

from __future__ import annotations

import sys

import pytest

from support.command import KEY, PATIENCE, Commands

CODE = """\
import sys
from customersms_async.cli import main
try:
    main()
finally:
    print("IMPORTED", *sys.modules, file=sys.stderr)
"""
SEND = ("send", "+12125551234", "--message", "Hi")
CAMPAIGNS = ("customersms_async.campaign", "customersms_async.cli.campaign")
SANDBOX = ("customersms_async.sandbox", "starlette", "uvicorn")
SUPPRESSING = ("customersms_async.suppression", "customersms_async.cli.suppress")
SENDING = ("customersms_async.cli.send", "customersms_async.cli.doctor", "customersms_async.cli.files", "platformdirs")
OPTIONS = {
    f"customersms_async.cli.{name}"
    for name in ("send", "send.app", "send.options", "doctor", "doctor.app", "doctor.options")
}
"""Where options are kept with their commands, and those folders, which are empty; what makes the commands of them."""
RARE = ("customersms_async.quota.redis", "redis", "phonenumbers", "python_calamine", "aiohttp")


def imported(customersms: Commands, *arguments: str) -> set[str]:
    """The modules that a command has imported at its end."""
    process = customersms.start_as((sys.executable, "-c", CODE), *arguments, CUSTOMERSMS_API_KEY=KEY)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return set(err.rpartition("IMPORTED ")[2].split())


def found(modules: set[str], packages: tuple[str, ...]) -> list[str]:
    return sorted(name for name in modules if name.startswith(packages))


@pytest.mark.parametrize("arguments", [(*SEND, "--dry-run"), ("estimate", *SEND[1:]), ("quota",)], ids=lambda a: a[0])
def test_a_command_imports_no_campaign_no_sandbox_and_nothing_rare(
    customersms: Commands, arguments: tuple[str, ...]
) -> None:
    modules = imported(customersms, *arguments)
    assert found(modules, (*CAMPAIGNS, *SANDBOX, *RARE)) == []


def test_a_rehearsal_imports_a_sandbox_and_no_campaign(customersms: Commands) -> None:
    modules = imported(customersms, *SEND, "--sandbox")
    assert found(modules, (*CAMPAIGNS, *RARE)) == []
    assert {"customersms_async.sandbox", "starlette"} <= modules


@pytest.mark.parametrize(
    "command", [(), ("send",), ("estimate",), ("quota",), ("doctor",), ("suppress",)], ids=" ".join
)
def test_help_imports_the_options_and_nothing_that_a_command_does(
    customersms: Commands, command: tuple[str, ...]
) -> None:
    modules = imported(customersms, *command, "--help")
    assert found(modules - OPTIONS, (*CAMPAIGNS, *SANDBOX, *SENDING, *RARE)) == []
    assert command == ("suppress",) or found(modules, SUPPRESSING) == []


def test_a_list_of_suppressed_numbers_needs_nothing_that_sends(customersms: Commands) -> None:
    modules = imported(customersms, "suppress", "list")
    assert found(modules, (*CAMPAIGNS, *SANDBOX, *RARE, "customersms_async.client", "httpx")) == []
