"""The options of the commands by which a person decides: what is wanted, what became of whom, and where it is."""

from __future__ import annotations

import enum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from ..option_group import OptionGroup
from ..options import AsJson, Encoding, Logging, LogLevel, PhoneColumn, Region
from .ledger_place import LedgerPlace, read_ledger_place
from .options import By, ByOrUser, Ledger  # noqa: TC001 - typer reads the annotations


class Resolved(enum.StrEnum):
    """The values of ``--as``: a person's decision about recipients."""

    ACCEPTED = "accepted"
    PLANNED = "planned"


class Resolvable(enum.StrEnum):
    """The values of ``--status`` of ``campaign resolve``: whom a person may decide about."""

    UNKNOWN = "unknown"
    REJECTED = "rejected"
    CAPPED = "capped"
    EXPIRED = "expired"
    NO_ZONE = "no_zone"


class WantOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign pause``, ``resume`` and ``stop``."""

    ledger: Ledger
    by: ByOrUser = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class ResolveOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign resolve``."""

    ledger: Ledger
    becomes: Annotated[Resolved, typer.Option("--as", help="What they are from now on.")]
    by: By
    status: Annotated[
        Resolvable | None,
        typer.Option(
            "--status", help="All who are unknown, rejected, or skipped with code CAPPED, EXPIRED or NO_ZONE."
        ),
    ] = None
    phones: Annotated[Path | None, typer.Option("--phones", metavar="FILE", help="Only these numbers.")] = None
    phone_column: PhoneColumn = None
    encoding: Encoding = "utf-8"
    region: Region = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class RetryOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign retry``."""

    ledger: Ledger
    by: By
    rejected: Annotated[bool, typer.Option("--rejected", help="All whom the gateway refused.")] = False
    skipped: Annotated[
        bool, typer.Option("--skipped", help="All who are skipped with code CAPPED, EXPIRED or NO_ZONE.")
    ] = False
    unknown: Annotated[
        bool, typer.Option("--unknown", help="All of unknown fate: who has got the text gets it twice.")
    ] = False
    code: Annotated[
        list[str] | None,
        typer.Option("--code", metavar="CODE", help="Only those of them with this code; may be given again."),
    ] = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class MoveOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign move``."""

    source: Annotated[
        LedgerPlace,
        typer.Argument(
            metavar="SOURCE",
            parser=read_ledger_place,
            help="The ledger: a file's path, or postgresql://host/database#NAME.",
        ),
    ]
    target: Annotated[
        LedgerPlace,
        typer.Argument(
            metavar="TARGET",
            parser=read_ledger_place,
            help="Where the campaign goes to, likewise: a file or a name that is not in use.",
        ),
    ]
    undo: Annotated[
        bool, typer.Option("--undo", help="Have it stay where it is, after a move that did not come to its end.")
    ] = False
    by: ByOrUser = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING
