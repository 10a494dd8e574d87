"""``customersms quota``."""

from __future__ import annotations

from typing import Final

import typer

from . import examples
from .option_group import takes_option_groups
from .options import QuotaCommandOptions  # noqa: TC001 - takes_option_groups reads it

app: Final = typer.Typer(add_completion=False)


@app.command(epilog=examples.epilog(examples.QUOTA))
@takes_option_groups
def show(options: QuotaCommandOptions) -> None:
    """Show what is used and free of every limit."""
    from .quota import show_quota

    show_quota(options)
