"""The options of ``customersms ledger``, each once."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from ..option_group import OptionGroup
from ..options import AsJson, Logging, LogLevel

DATABASE: Final = "CUSTOMERSMS_DATABASE"
"""The environment variable with the database, if no argument names it."""

Database = Annotated[
    str | None,
    typer.Argument(
        metavar="[postgresql://…]",
        help="The database, as psycopg takes it; else what CUSTOMERSMS_DATABASE names, which shows no password to "
        "whoever lists processes, or else PG* variables.",
        show_default=False,
    ),
]


class MigrateOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms ledger migrate``."""

    database: Database = None
    grant: Annotated[
        list[str] | None,
        typer.Option("--grant", metavar="ROLE", help="A role that may use the schema from now on; may be repeated."),
    ] = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class TrustOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms ledger trust``."""

    database: Database = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING
