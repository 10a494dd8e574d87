"""The options of ``customersms campaign``, each once; what it has in common with a send is in ``cli.options``."""

from __future__ import annotations

import enum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Any, ClassVar

import typer

from ...campaign.guards import Guards, unix
from ...campaign.job import LEDGER_VARIABLE
from ...campaign.states import State  # noqa: TC001 - typer reads the annotations
from ..credits_warning import WarnCredits, read_amount
from ..hours_options import HoursOptions, ZoneColumn
from ..option_group import OptionGroup
from ..option_values import read_moment
from ..options import (
    AsJson,
    ClientOptions,
    DryRun,
    Encoding,
    FailureOptions,
    FileOptions,
    JsonOutcomes,
    Logging,
    LogLevel,
    PhoneColumn,
    Quota,
    Raw,
    Region,
    Sample,
    Suppress,
    SuppressColumn,
    Yes,
)
from ..panels import LOOK_PANEL, MAIN_PANEL, STOP_PANEL
from ..telemetry import MetricsPort  # noqa: TC001 - typer reads the annotations
from ..text_options import TextOptions, TrialOptions
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


class ExportedMore(enum.StrEnum):
    """The values of ``--with``: what ``campaign export`` writes on demand."""

    TEXT = "text"
    SEGMENTS = "segments"


Zone = Annotated[
    str | None,
    typer.Option(
        "--zone", metavar="NAME", help="Show times as in this zone, such as Europe/Berlin; else as on this machine."
    ),
]


By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; the ledger keeps the name.")]
ByOrUser = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who says so; the ledger keeps the name. Else the user's.")
]


class ExportFormat(enum.StrEnum):
    """The values of ``--format``."""

    CSV = "csv"
    JSONL = "jsonl"


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


class GuardOptions(OptionGroup, frozen=True, kw_only=True):
    """The options that stop a campaign, and the numbers that it leaves out."""

    panel: ClassVar[str] = STOP_PANEL

    keep_credits: Annotated[
        str | None,
        typer.Option(
            "--keep-credits",
            metavar="N",
            help="Stop with fewer credits left than this; only an answer says how many, so one request goes out"
            " anyway.",
        ),
    ] = None
    max_recipients: Annotated[
        int | None,
        typer.Option("--max-recipients", min=0, metavar="N", help="Stop after so many, earlier runs included."),
    ] = None
    max_segments: Annotated[
        int | None,
        typer.Option("--max-segments", min=0, metavar="N", help="The same for segments, as they are estimated."),
    ] = None
    failures: FailureOptions = FailureOptions()
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Stop at 18:30 today, or at 2026-10-31T18:30.")
    ] = None
    allow_prefix: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-prefix", metavar="+CODE", help="Stop if any number has another calling code; repeatable."
        ),
    ] = None
    suppress: Suppress = None
    suppress_column: SuppressColumn = None

    def read(self) -> dict[str, Any]:
        """The guards as ``Campaign.run`` takes them. Raises ``typer.BadParameter`` for what can't be read."""
        failures = self.failures.read()
        return {
            "keep_credits": None if self.keep_credits is None else read_amount("--keep-credits", self.keep_credits),
            "max_recipients": self.max_recipients,
            "max_segments": self.max_segments,
            "stop_after_unknown": failures.stop_after_unknown,
            "stop_after_refused": failures.stop_after_refused,
            "until": None if self.until is None else read_moment("--until", self.until, None).astimezone(),
            "allow_prefix": self.allow_prefix or (),
        }


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


class WantOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms campaign pause``, ``resume`` and ``stop``."""

    ledger: Ledger
    by: ByOrUser = None
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


def check_guards(guards: dict[str, Any]) -> None:
    """Raise ``ConfigurationError`` for a guard that can't be."""
    given = dict(guards)
    until, prefixes = given.pop("until"), given.pop("allow_prefix")
    Guards(**given, until_unix=unix(until), allow_prefixes=tuple(prefixes))
