"""Command lines that somebody wrote down, as the command itself reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

import customersms_async.cli.campaign.app
import customersms_async.cli.idempotency.app
import customersms_async.cli.suppress.app  # noqa: F401
from customersms_async.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Sequence


def command_of(words: Sequence[str]) -> tuple[Any, list[str]]:
    """The command that a line gives, and the rest of the line."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "get_command"):  # a group, of click's or of a click that typer brings along
        context = command.make_context("customersms", [], resilient_parsing=True)
        command = command.get_command(context, rest.pop(0))
        assert command is not None, words
    return command, rest


def options_given(words: Sequence[str]) -> dict[str, Any]:
    """The options of a line by their names, with the defaults of all others; fails if the line can't be given."""
    command, rest = command_of(words)
    with command.make_context(command.name, rest) as context:
        return dict(context.params)
