"""The options of the commands that put recipients into a campaign, or send to them: ``run`` and ``add``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, ClassVar

import typer

from ..credits_warning import WarnCredits  # noqa: TC001 - typer reads the annotations
from ..hours_options import HoursOptions, ZoneColumn
from ..option_group import OptionGroup
from ..options import (
    AsJson,
    ClientOptions,
    DryRun,
    FileOptions,
    JsonOutcomes,
    Logging,
    LogLevel,
    Sample,
    Suppress,
    SuppressColumn,
    Yes,
)
from ..panels import LOOK_PANEL, MAIN_PANEL
from ..telemetry import MetricsPort  # noqa: TC001 - typer reads the annotations
from ..text_options import TextOptions, TrialOptions
from .guard_options import GuardOptions  # noqa: TC001 - typer reads the annotations
from .options import Ledger  # noqa: TC001 - typer reads the annotations


class RunOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign run``."""

    panel: ClassVar[str] = LOOK_PANEL

    ledger: Ledger
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="As for send --file; not needed to go on with a ledger.")
    ] = None
    text: TextOptions = TextOptions()
    reading: FileOptions
    client: ClientOptions
    yes: Yes = False
    dry_run: DryRun = False
    sample: Sample = 1
    trial: TrialOptions = TrialOptions()
    zone_column: ZoneColumn = None
    times: HoursOptions = HoursOptions()
    guards: GuardOptions
    warn_credits: WarnCredits = None
    json: JsonOutcomes = False
    metrics_port: MetricsPort = None
    log_level: Logging = LogLevel.WARNING


class AddOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign add``."""

    panel: ClassVar[str] = LOOK_PANEL

    ledger: Ledger
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As for send --file.")]
    text: TextOptions = TextOptions()
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="NAME",
            rich_help_panel=MAIN_PANEL,
            help="Who adds them; the ledger keeps the name. Else the user's.",
        ),
    ] = None
    reading: FileOptions
    zone_column: ZoneColumn = None
    suppress: Suppress = None
    suppress_column: SuppressColumn = None
    client: ClientOptions
    yes: Yes = False
    dry_run: DryRun = False
    sample: Sample = 1
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING
