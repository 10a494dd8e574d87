"""``customersms ledger``: makes the schema of a fleet in PostgreSQL, and ends the doubt after a fail-over.

Exit status: 0 done, 1 an error, 2 wrong usage.
"""

from __future__ import annotations

from typing import Final

import typer

from .. import examples
from ..option_group import takes_option_groups
from .commands import migrate_schema, trust_server
from .options import MigrateOptions, TrustOptions  # noqa: TC001 - takes_option_groups reads them

app: Final = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command(epilog=examples.epilog(examples.MIGRATE))
@takes_option_groups
def migrate(options: MigrateOptions) -> None:
    """Make the schema customersms in a database, or bring it to this version; forward only."""
    migrate_schema(options)


@app.command(epilog=examples.epilog(examples.TRUST))
@takes_option_groups
def trust(options: TrustOptions) -> None:
    """Say after a fail-over that the new server lacks nothing which the old one had acknowledged."""
    trust_server(options)
