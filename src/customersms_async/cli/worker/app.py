"""``customersms worker``."""

from __future__ import annotations

from typing import Final

import typer

from .. import examples
from ..option_group import takes_option_groups
from .options import WorkerOptions  # noqa: TC001 - takes_option_groups reads it

app: Final = typer.Typer(add_completion=False)


@app.command(epilog=examples.epilog(examples.WORKER))
@takes_option_groups
def run_worker(options: WorkerOptions) -> None:
    """Run the campaigns of a database."""
    from .commands import work

    work(options)
