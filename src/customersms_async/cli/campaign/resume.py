"""The command that goes on with a campaign, as it is shown at the end of a run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import typer

_OF_THE_INPUT: Final = frozenset({"file", "message", "phone_column", "delimiter", "dry_run", "sample"})
"""Options that say what is in the ledger by now."""


def resume_command(context: typer.Context) -> str:
    """The command that goes on with the same ledger and options; the input stands in the ledger."""
    words = context.command_path.split()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in _OF_THE_INPUT or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        flag = max(parameter.opts, key=len)
        if value is True:
            words.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            words += [flag, str(getattr(one, "value", one))]
    return shlex.join(words)
