"""``customersms idempotency``: the texts of unknown fate under idempotency keys, and a person's word about them.

Exit status: 0 done, 1 an error, 2 wrong usage, or nothing to decide about (yet).
"""

from __future__ import annotations

from typing import Final

import typer

from .. import examples
from ..option_group import takes_option_groups
from .commands import list_unknown, resolve_key, show_key
from .options import ListOptions, ResolveKeyOptions, ShowOptions  # noqa: TC001 - takes_option_groups reads them

app: Final = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list", epilog=examples.epilog(examples.IDEMPOTENCY_LIST))
@takes_option_groups
def list_(options: ListOptions) -> None:
    """List the texts that may have been sent, and of which nobody knows."""
    list_unknown(options)


@app.command(epilog=examples.epilog(examples.IDEMPOTENCY_SHOW))
@takes_option_groups
def show(options: ShowOptions) -> None:
    """Say how a key stands."""
    show_key(options)


@app.command(epilog=examples.epilog(examples.IDEMPOTENCY_RESOLVE))
@takes_option_groups
def resolve(options: ResolveKeyOptions) -> None:
    """Record what a person found out about a text of unknown fate."""
    resolve_key(options)
