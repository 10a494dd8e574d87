"""The options of ``customersms suppress``, each once."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from ..option_group import OptionGroup
from ..options import AsJson, Encoding, Logging, LogLevel, Region

ListPath = Annotated[
    str | None,
    typer.Option(
        "--list",
        metavar="FILE",
        help="The list: a file, or postgresql://… for one in a database; else the one that all your runs obey.",
    ),
]
Numbers = Annotated[list[str], typer.Argument(metavar="NUMBER…", help="Numbers such as +12125551234.")]


class SaidOptions(OptionGroup, frozen=True, kw_only=True):
    """What an entry of the list says beside the number."""

    why: Annotated[str, typer.Option("--why", help="The reason, for whoever reads the list later.")] = ""
    by: Annotated[str, typer.Option("--by", help="The name of whoever decides.")] = ""


class ChangeOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms suppress add`` and ``remove``."""

    numbers: Numbers
    said: SaidOptions
    region: Region = None
    list_file: ListPath = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class SuppressedOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms suppress list``."""

    number: Annotated[
        str | None, typer.Argument(metavar="NUMBER", help="Show all that was said of this number, from the beginning.")
    ] = None
    region: Region = None
    list_file: ListPath = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class ImportOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms suppress import``."""

    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, plain lines, JSONL or XLSX; - is standard input.")
    ]
    stops: Annotated[
        bool, typer.Option("--stops", help="FILE is a log of replies: take who replied STOP, ARRET, BAJA or the like.")
    ] = False
    take_doubtful: Annotated[
        bool, typer.Option("--take-doubtful", help="Take those too whose reply begins so, and says more.")
    ] = False
    suppress_column: Annotated[
        list[str] | None,
        typer.Option(
            "--suppress-column",
            metavar="NAME",
            help="The column of their numbers, where its name leaves a doubt; given again, that one too.",
        ),
    ] = None
    body_column: Annotated[
        str | None, typer.Option("--body-column", metavar="NAME", help="The column of the replies' words.")
    ] = None
    encoding: Encoding = "utf-8"
    region: Region = None
    said: SaidOptions
    list_file: ListPath = None
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING
