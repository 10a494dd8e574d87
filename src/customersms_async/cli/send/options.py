"""The options of ``customersms send`` and ``customersms estimate``, but for those that other commands have as well."""

from __future__ import annotations

import enum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, ClassVar

import typer

from ...models import Priority
from ..credits_warning import WarnCredits  # noqa: TC001 - typer reads the annotations
from ..hours_options import HoursOptions, ZoneColumn
from ..option_group import OptionGroup
from ..option_values import check_seconds
from ..options import (
    AsJson,
    ClientOptions,
    DryRun,
    FailureOptions,
    FileOptions,
    JsonOutcomes,
    Logging,
    LogLevel,
    Raw,
    Sample,
    Suppress,
    SuppressColumn,
    Yes,
)
from ..panels import LOOK_PANEL, ROUTE_PANEL
from ..telemetry import MetricsPort  # noqa: TC001 - typer reads the annotations
from ..text_options import TextOptions, TrialOptions


class RecipientOptions(OptionGroup, frozen=True, kw_only=True):
    """The recipients and their text: numbers, or everyone in a file."""

    phones: Annotated[list[str] | None, typer.Argument(metavar="PHONE…", help="Numbers such as +12125551234.")] = None
    text: TextOptions
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="CSV, TSV, plain lines, JSONL or XLSX; - is standard input.")
    ] = None
    reading: FileOptions
    suppress: Suppress = None
    suppress_column: SuppressColumn = None


class PriorityName(enum.StrEnum):
    """The priorities, as ``--priority`` takes them."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


class TurnOptions(OptionGroup, frozen=True, kw_only=True):
    """The options for how long a text may wait for its turn, and who goes first.

    Raises ``typer.BadParameter`` for a number that can't be.
    """

    panel: ClassVar[str] = ROUTE_PANEL
    max_wait: Annotated[
        float | None,
        typer.Option(
            "--max-wait",
            metavar="SECONDS",
            help="Leave a text unsent that would wait longer than this for quota, pace or connection; else it waits.",
        ),
    ] = None
    priority: Annotated[
        PriorityName | None,
        typer.Option(
            "--priority",
            case_sensitive=False,
            help="Who goes first, of all that use the key; else normal, with --file bulk.",
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.max_wait is not None:
            check_seconds("--max-wait", self.max_wait)

    def priority_of(self, *, file: bool) -> Priority:
        """The priority asked for, else that of a ``file``, or of numbers on the command line."""
        if self.priority is not None:
            return Priority[self.priority.name]
        return Priority.BULK if file else Priority.NORMAL


class SendCommandOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms send``."""

    panel: ClassVar[str] = LOOK_PANEL
    recipients: RecipientOptions
    client: ClientOptions
    turn: TurnOptions = TurnOptions()
    failures: FailureOptions = FailureOptions()
    warn_credits: WarnCredits = None
    trial: TrialOptions = TrialOptions()
    yes: Yes = False
    dry_run: DryRun = False
    sample: Sample = 1
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write every outcome to a new .csv or .jsonl file, as it comes."),
    ] = None
    raw: Raw = False
    json: JsonOutcomes = False
    metrics_port: MetricsPort = None
    log_level: Logging = LogLevel.WARNING


class EstimateCommandOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms estimate``: those of a send that change the figures, and the hours of a campaign.

    ``yes`` changes nothing: it is taken from whoever gives it as to a send, and not shown.
    """

    panel: ClassVar[str] = LOOK_PANEL

    recipients: RecipientOptions
    client: ClientOptions
    zone_column: ZoneColumn = None
    times: HoursOptions = HoursOptions()
    yes: Annotated[bool, typer.Option("--yes", "-y", hidden=True)] = False
    sample: Sample = 1
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING
