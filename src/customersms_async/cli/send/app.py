"""``customersms send`` and ``customersms estimate``."""

from __future__ import annotations

from typing import Final

import typer

from .. import examples
from ..option_group import takes_option_groups
from .options import EstimateCommandOptions, SendCommandOptions  # noqa: TC001 - takes_option_groups reads them

send: Final = typer.Typer(add_completion=False)
estimate: Final = typer.Typer(add_completion=False)


@send.command(epilog=examples.epilog(examples.SEND))
@takes_option_groups
def send_texts(options: SendCommandOptions) -> None:
    """Send as the options say."""
    from .commands import send

    send(options)


@estimate.command(epilog=examples.epilog(examples.ESTIMATE))
@takes_option_groups
def estimate_send(options: EstimateCommandOptions) -> None:
    """Say what a send would come to, by those options of send that change the figures."""
    from .commands import estimate

    estimate(options)
