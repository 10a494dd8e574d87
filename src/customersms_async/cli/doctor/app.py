"""``customersms doctor``."""

from __future__ import annotations

from typing import Final

import typer

from .. import examples
from ..option_group import takes_option_groups
from .options import DoctorCommandOptions  # noqa: TC001 - takes_option_groups reads it

app: Final = typer.Typer(add_completion=False)


@app.command(epilog=examples.epilog(examples.DOCTOR))
@takes_option_groups
def look(options: DoctorCommandOptions) -> None:
    """Look at each part of the way to the gateway."""
    from .commands import doctor

    doctor(options)
