"""``customersms campaign``: a send that can be killed at any moment and goes on where it was.

Exit status: 0 finished and everyone accepted (duplicates and suppressed numbers aside), 3 finished otherwise, 4 stopped
by a guard, 130 interrupted, 1 an error, 2 wrong usage or unreadable input.
"""

from __future__ import annotations

from typing import Final

import typer

from ..bundle import takes_bundles
from .export import export_ledger
from .options import (  # noqa: TC001 - takes_bundles reads them
    ExportOptions,
    ReportOptions,
    ResolveOptions,
    RunOptions,
    StatusOptions,
)
from .report import report_on_ledger
from .resolve import resolve_recipients
from .resume import resume_command
from .run import run_ledger
from .status import show_status

app: Final = typer.Typer()


@app.command()
@takes_bundles
def run(context: typer.Context, options: RunOptions) -> None:
    """Begin a campaign, or go on with it: to everyone in FILE who was not sent to yet."""
    run_ledger(options, resume_command(context))


@app.command()
@takes_bundles
def status(options: StatusOptions) -> None:
    """Say how many recipients are in which state."""
    show_status(options)


@app.command()
@takes_bundles
def export(options: ExportOptions) -> None:
    """Write what became of everyone to standard output, in the input's order."""
    export_ledger(options)


@app.command()
@takes_bundles
def resolve(options: ResolveOptions) -> None:
    """Record what a person found out about unknown or rejected recipients."""
    resolve_recipients(options)


@app.command()
@takes_bundles
def report(options: ReportOptions) -> None:
    """Write one self-contained page about the campaign."""
    report_on_ledger(options)
