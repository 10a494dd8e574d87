"""The commands of ``customersms``, each with its options; the API key comes from ``CUSTOMERSMS_API_KEY`` only.

What a command does is imported when it is called, so that none pays for another.
"""

from __future__ import annotations

from typing import Any, Final, final

import typer
from typer.core import TyperGroup

from .bundle import takes_bundles
from .options import EstimateCommandOptions, QuotaCommandOptions, SendCommandOptions  # noqa: TC001 - takes_bundles reads them

app: Final = typer.Typer(
    name="customersms",
    help="Send texts through customersms.pro: within its limits, never twice, with an outcome for everyone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
@takes_bundles
def send(options: SendCommandOptions) -> None:
    """Send a text to numbers, or to everyone in a file."""
    from .send import commands

    commands.send(options)


@app.command()
@takes_bundles
def estimate(options: EstimateCommandOptions) -> None:
    """Say what a send with the same options would come to; sends nothing and needs no key."""
    from .send import commands

    commands.estimate(options)


@app.command()
@takes_bundles
def quota(options: QuotaCommandOptions) -> None:
    """Show what is used and free of every limit of the key."""
    from .quota import show_quota

    show_quota(options)


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Serve a made-up gateway until Ctrl-C: --port, --key, --credits, --limit, --latency, --fault, --magic, --help."""
    from ..sandbox.__main__ import main

    raise typer.Exit(main(context.args, prog="customersms sandbox"))


@final
class CampaignGroup(TyperGroup):
    """The commands of ``customersms campaign``, imported when one of them (or their ``--help``) is asked for."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse what follows ``campaign``, by the commands that it has."""
        from .campaign.app import app as campaign

        self.commands = typer.main.get_group(campaign).commands
        return super().make_context(*arguments, **options)


app.add_typer(
    typer.Typer(
        name="campaign",
        cls=CampaignGroup,
        help="Send to many over hours or days, through kills and restarts, with a ledger on disk.",
        no_args_is_help=True,
    )
)
