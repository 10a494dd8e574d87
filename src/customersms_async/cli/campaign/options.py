"""The options that several commands of ``customersms campaign`` have: the ledger, the person, the zone of times."""

from __future__ import annotations

from typing import Annotated

import typer

from ...campaign.job import LEDGER_VARIABLE
from ..panels import MAIN_PANEL
from .ledger_place import LedgerPlace, read_ledger_place

Ledger = Annotated[
    LedgerPlace,
    typer.Option(
        "--ledger",
        parser=read_ledger_place,
        envvar=LEDGER_VARIABLE,
        show_envvar=False,
        metavar="PATH|postgresql://…#NAME",
        rich_help_panel=MAIN_PANEL,
        help="The campaign's file, on a local disk, or its database and its name there; else as"
        f" {LEDGER_VARIABLE} says, which nobody else sees.",
    ),
]

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; the ledger keeps the name.")]
ByOrUser = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who says so; the ledger keeps the name. Else the user's.")
]

Zone = Annotated[
    str | None,
    typer.Option(
        "--zone", metavar="NAME", help="Show times as in this zone, such as Europe/Berlin; else as on this machine."
    ),
]
