"""The command that goes on with a campaign, as it is shown at the end of a run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from ..._core.written_address import without_credentials
from ..._postgres.server_url import is_words
from ...campaign.job import LEDGER_VARIABLE
from ...campaign.ledger_opening import is_address
from ...campaign.wanted import kept_from_running
from ...campaign.wanted_states import Wanted
from ..credentials import QUOTA_VARIABLE, URL_VARIABLE
from ..hours_options import with_date
from .ledger_place import LedgerPlace

if TYPE_CHECKING:
    import typer

    from ...campaign.wanted import WantedNow

_OF_THE_INPUT: Final = frozenset((
    "file", "message", "message_file", "literal", "smart", "require", "phone_column", "delimiter",
    "one_per_number", "keep", "zone_column", "dry_run", "sample", "test_to", "test_row",
))  # fmt: skip
"""Options that say what is in the ledger by now."""

_VARIABLES: Final = {"quota": QUOTA_VARIABLE, "url": URL_VARIABLE, "suppression_list": "SUPPRESSION_LIST"}
"""Options that may hold a password, each with the variable of the shell that stands for it."""

_TIMES: Final = frozenset({"at", "expires", "until"})
"""Options whose time may be one of today, and is that of today whenever the command is given."""

_FLAGS: Final = {f"--{name.replace('_', '-')}": variable for name, variable in _VARIABLES.items()}


def resume_command(context: typer.Context) -> str:
    """The command that goes on with the same ledger and options; the input stands in the ledger.

    A URL with credentials is not in it, but the variable that it belongs into; that of the ledger, which says which
    campaign it is, is there without its password.
    """
    words = context.command_path.split()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in _OF_THE_INPUT or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        if isinstance(value, LedgerPlace):
            words += filter(None, [value.option])
            continue
        flag = max(parameter.opts, key=len)
        if value is True:
            words.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            word = str(getattr(one, "value", one))
            if name in _TIMES:
                word = with_date(word, None if name == "until" else context.params.get("zone"))
            variable = _VARIABLES.get(name)
            secret = variable is not None and (without_credentials(word) != word or is_words(word))
            words += [flag, f'"${variable}"' if secret else shlex.quote(word)]
    return " ".join(words)


def once_resumed(resume: str, ledger: LedgerPlace) -> str:
    """The commands that go on where a person has paused or stopped the campaign: ``resume`` is the second of them."""
    return f"{ledger.command('resume')} && {resume}"


def run_needed(ledger: LedgerPlace, wanted: WantedNow | None) -> list[str]:
    """Lines that say that only a run sends to those who are planned, and by which command it begins, or goes on.

    In a database that is a worker's, once the campaign is resumed.
    """
    command = ledger.command("run")
    if is_address(ledger.given) and wanted is not None and wanted.state in (Wanted.PAUSED, Wanted.STOPPED):
        command = ledger.command("resume")
    elif kept_from_running(wanted) is not None:
        command = once_resumed(command, ledger)
    return [f"A run is needed to send to them: {command}", *hints(command, ledger)]


def hints(command: str, ledger: LedgerPlace) -> list[str]:
    """What a person has to know of a ``command`` to repeat that lacks a password, or a URL with one."""
    named = [f"{flag} was, into {variable}" for flag, variable in _FLAGS.items() if f'"${variable}"' in command]
    found = [f"Put what {' and what '.join(named)}: it is not shown, as it holds a password"] if named else []
    if ledger.lacks_password:
        found.append(
            "The password of --ledger is not shown: have it in PGPASSWORD or in a password file, or put the whole of"
            f" --ledger into {LEDGER_VARIABLE} and leave it out"
        )
    return found
