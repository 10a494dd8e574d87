"""``customersms campaign``: a send that can be killed at any moment and goes on where it was.

Exit status: 0 finished and everyone accepted (duplicates and suppressed numbers aside), 3 finished otherwise, 4 stopped
by a guard or a person, 130 interrupted, 1 an error, 2 wrong usage or unreadable input.
"""

from __future__ import annotations

from typing import Final

import typer

from ...campaign.wanted_states import WantedEvent
from .. import examples
from ..option_group import takes_option_groups
from .add import add_to_ledger
from .deciding_options import (  # noqa: TC001 - takes_option_groups reads them
    MoveOptions,
    ResolveOptions,
    RetryOptions,
    WantOptions,
)
from .export import export_ledger
from .listing import list_campaigns
from .looking_options import (  # noqa: TC001 - takes_option_groups reads them
    CampaignListOptions,
    ExportOptions,
    ReportOptions,
    ServeOptions,
    StatusOptions,
)
from .move import move_ledger
from .pause_resume_stop import say_what_is_wanted
from .report import report_on_ledger
from .resolve import resolve_recipients
from .resume_hints import resume_command
from .retry import retry_recipients
from .run import run_ledger
from .sending_options import AddOptions, RunOptions  # noqa: TC001 - takes_option_groups reads them
from .status import show_status

app: Final = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command(epilog=examples.epilog(examples.RUN))
@takes_option_groups
def run(context: typer.Context, options: RunOptions) -> None:
    """Begin a campaign, or go on with it: to everyone in FILE who was not sent to yet."""
    run_ledger(options, resume_command(context))


@app.command(epilog=examples.epilog(examples.ADD))
@takes_option_groups
def add(options: AddOptions) -> None:
    """Add more people to a campaign, also while it runs; the same file again adds nobody."""
    add_to_ledger(options)


@app.command(epilog=examples.epilog(examples.STATUS))
@takes_option_groups
def status(options: StatusOptions) -> None:
    """Say how a campaign stands: who is in which state, who runs it, how fast, until when, and on which terms."""
    show_status(options)


@app.command("list", epilog=examples.epilog(examples.LIST))
@takes_option_groups
def list_(options: CampaignListOptions) -> None:
    """List the campaigns of a folder or a database: how each stands, and who runs it."""
    list_campaigns(options)


@app.command(epilog=examples.epilog(examples.PAUSE))
@takes_option_groups
def pause(options: WantOptions) -> None:
    """Let no request begin until the campaign is resumed, also where another process runs it."""
    say_what_is_wanted(options, WantedEvent.PAUSE)


@app.command(epilog=examples.epilog(examples.RESUME))
@takes_option_groups
def resume(options: WantOptions) -> None:
    """Take back a pause or a stop, so that campaign run may go on."""
    say_what_is_wanted(options, WantedEvent.RESUME)


@app.command(epilog=examples.epilog(examples.STOP))
@takes_option_groups
def stop(options: WantOptions) -> None:
    """Let no request begin any more, as nobody means to go on with the campaign."""
    say_what_is_wanted(options, WantedEvent.STOP)


@app.command(epilog=examples.epilog(examples.MOVE))
@takes_option_groups
def move(options: MoveOptions) -> None:
    """Move a campaign to another ledger, from a file to a database or back; given again, it goes on where it was."""
    move_ledger(options)


@app.command(epilog=examples.epilog(examples.EXPORT))
@takes_option_groups
def export(options: ExportOptions) -> None:
    """Write what became of everyone to standard output, in the input's order."""
    export_ledger(options)


@app.command(epilog=examples.epilog(examples.RESOLVE))
@takes_option_groups
def resolve(options: ResolveOptions) -> None:
    """Record what a person found out about unknown or rejected recipients, or plan again who hit a cap."""
    resolve_recipients(options)


@app.command(epilog=examples.epilog(examples.RETRY))
@takes_option_groups
def retry(options: RetryOptions) -> None:
    """Have those sent to again whom the gateway refused, who were skipped for now, or whose fate is unknown."""
    retry_recipients(options)


@app.command(epilog=examples.epilog(examples.SERVE))
@takes_option_groups
def serve(options: ServeOptions) -> None:
    """Serve a live page about the campaign, to look at alone, until Ctrl-C."""
    from .serve.command import serve_page  # the server is imported by whoever serves

    serve_page(options)


@app.command(epilog=examples.epilog(examples.REPORT))
@takes_option_groups
def report(options: ReportOptions) -> None:
    """Write one self-contained page about the campaign."""
    report_on_ledger(options)
