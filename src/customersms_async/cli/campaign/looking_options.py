"""The options of the commands that show a campaign, and change nothing of it."""

from __future__ import annotations

import enum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from ...campaign.states import State  # noqa: TC001 - typer reads the annotations
from ..option_group import OptionGroup
from ..options import AsJson, Logging, LogLevel, Quota, Raw
from .options import Ledger, Zone  # noqa: TC001 - typer reads the annotations


class StatusOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign status``."""

    ledger: Ledger
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until the campaign ends or Ctrl-C.")] = (
        False
    )
    quota: Quota = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class CampaignListOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign list``."""

    place: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|postgresql://…", help="Where the campaigns are: a folder of ledgers, or their database."
        ),
    ]
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class ExportFormat(enum.StrEnum):
    """The values of ``--format``."""

    CSV = "csv"
    JSONL = "jsonl"


class ExportedMore(enum.StrEnum):
    """The values of ``--with``: what ``campaign export`` writes on demand."""

    TEXT = "text"
    SEGMENTS = "segments"


class ExportOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign export``."""

    ledger: Ledger
    format: Annotated[ExportFormat, typer.Option("--format", help="What to write to standard output.")]
    status: Annotated[list[State] | None, typer.Option("--status", help="Only these; may be given again.")] = None
    more: Annotated[
        list[ExportedMore] | None,
        typer.Option("--with", help="The text as well, or how many segments it has; may be given again."),
    ] = None
    raw: Raw = False
    log_level: Logging = LogLevel.WARNING


class ReportOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign report``."""

    ledger: Ledger
    html: Annotated[Path, typer.Option("--html", metavar="OUT.html", help="The page to write, or to write anew.")]
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="N/SECONDS",
            help="Draw the chart against these limits; else against those of its last run. May be given again.",
        ),
    ] = None
    zone: Zone = None
    log_level: Logging = LogLevel.WARNING


class ServeOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign serve``."""

    ledger: Ledger
    host: Annotated[
        str,
        typer.Option("--host", help="Where to listen; the default is this machine alone, and nothing is encrypted."),
    ] = "127.0.0.1"
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes any free one.")] = 0
    token: Annotated[
        str | None,
        typer.Option("--token", help="What opens the page; else one is drawn at random. Who lists processes sees it."),
    ] = None
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", metavar="NAME", help="A name of this machine, by which the page may be asked for."
        ),
    ] = None
    zone: Zone = None
    quota: Quota = None
    log_level: Logging = LogLevel.WARNING
