"""The commands of ``customersms``; the API key comes from the environment only.

A command and its options are imported when it is called, or its own ``--help`` is, so that none pays for another.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from .._core.version import VERSION
from .lazy_commands import LazyCommand, lazy_group

COMMANDS: Final = {
    "send": LazyCommand("send.app:send", help="Send a text to numbers, or to everyone in a file."),
    "estimate": LazyCommand(
        "send.app:estimate",
        help="Say what a send would come to: takes those options of send that change the figures, sends nothing and"
        " needs no key.",
    ),
    "quota": LazyCommand("quota_command:app", help="Show what is used and free of every limit of the key."),
    "doctor": LazyCommand(
        "doctor.app:app",
        help="Look at each part of the way to the gateway, say what is wrong and what to do; sends nothing.",
    ),
    "worker": LazyCommand(
        "worker.app:app",
        help="Run the campaigns of a database that are wanted and that nobody runs, until SIGTERM or Ctrl-C.",
    ),
    "sandbox": LazyCommand(
        "sandbox_command:app",
        help="Serve a made-up gateway, which takes texts and sends none, until Ctrl-C; for tests and trials.",
    ),
    "ledger": LazyCommand(
        "ledger.app:app", help="Make the schema of a fleet in PostgreSQL, and trust a server after a fail-over."
    ),
    "suppress": LazyCommand("suppress.app:app", help="Keep the list of people who said no, who get no text."),
    "idempotency": LazyCommand(
        "idempotency.app:app",
        help="Look at the idempotency keys that programs keep, and decide about texts of unknown fate.",
    ),
    "campaign": LazyCommand(
        "campaign.app:app", help="Send to many over hours or days, through kills and restarts, with a durable ledger."
    ),
}
"""Every command, in the order of ``customersms --help``, with the words that it and the command's own page show."""

app: Final = typer.Typer(
    name="customersms",
    cls=lazy_group(COMMANDS),
    help="Send texts through customersms.pro: within its limits, never twice, with an outcome for everyone.",
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"customersms {VERSION}")
        raise typer.Exit


@app.callback()
def customersms(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version, and exit.")
    ] = False,
) -> None:
    """Run one of the commands."""
