"""The options that several commands have, each once: its names, its default and its line of ``--help``.

An option of the client is a field of ``ClientOptions`` and a line in its ``options``; every command that sends has it.
"""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from .._core.failure_guards import FailureGuards
from .._core.options import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_MAX_CONCURRENCY,
    DEFAULT_STOP_AFTER_REFUSED,
    DEFAULT_STOP_AFTER_UNKNOWN,
    DEFAULT_TIMEOUT,
    DOCUMENTED_URL,
    Options,
)
from ..errors import ConfigurationError
from ..models import DOCUMENTED_LIMITS, Limit
from .allowed_options import AllowedOptions
from .credentials import QUOTA_VARIABLE, URL_VARIABLE, key_of_environment
from .option_group import OptionGroup
from .option_values import read_count, read_limit, read_pace
from .panels import ROUTE_PANEL, STOP_PANEL

if TYPE_CHECKING:
    from types import EllipsisType

MEMORY = "memory"
"""What ``--quota`` takes for a quota of this run alone."""


def quota_named(option: str | None) -> str | None:
    """The place of the quota that ``--quota`` names, else the environment; ``None`` is the user's own file."""
    return os.environ.get(QUOTA_VARIABLE) or None if option is None else option


class LogLevel(enum.StrEnum):
    """Python's levels, as ``--log-level`` takes them."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _level(context: typer.Context, level: LogLevel) -> LogLevel:
    """The level that was typed, else what ``CUSTOMERSMS_LOG`` names, else the command's own."""
    from .._runtime.log import level_of_environment  # asyncio with it, which --help does without

    source, named = context.get_parameter_source("log_level"), level_of_environment()
    was_typed = source is not None and source.name == "COMMANDLINE"
    return level if was_typed or named is None else LogLevel(named)


def read_limits(texts: list[str] | None) -> tuple[Limit, ...]:
    """The limits that ``--limit`` names, else the documented ones."""
    return tuple(map(read_limit, texts)) if texts else DOCUMENTED_LIMITS


Encoding = Annotated[str, typer.Option("--encoding", help="Of the file; never guessed.")]
Region = Annotated[
    str | None, typer.Option("--region", metavar="CC", help="Read numbers without + as this country's, such as GB.")
]
Url = Annotated[str | None, typer.Option("--url", help="The endpoint; else CUSTOMERSMS_URL, else the documented one.")]
Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="N/SECONDS", help="Replaces the documented limits; may be given again."),
]
Quota = Annotated[
    str | None,
    typer.Option(
        "--quota",
        metavar="PATH|redis://…|postgresql://…|memory",
        help=f"Where the quota is kept; else as {QUOTA_VARIABLE} says, which nobody else sees, else in a file that all"
        " your runs share. memory: for this run alone.",
    ),
]
BatchSize = Annotated[int, typer.Option("--batch-size", help="Numbers in one request, at most.")]
MaxConcurrency = Annotated[int, typer.Option("--max-concurrency", help="Requests at a time, at most.")]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds for one request; half a second more a number.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Send a file without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop after showing what would happen.")]
Sample = Annotated[
    int, typer.Option("--sample", min=0, metavar="N", help="Show the first N texts; the first is always shown.")
]
JsonOutcomes = Annotated[
    bool,
    typer.Option(
        "--json", help="For programs: one JSON object per outcome, then a summary; with --dry-run, the preview as one."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]
Raw = Annotated[
    bool, typer.Option("--raw", help="Cells of a CSV as they are, also those that a spreadsheet would run.")
]
Logging = Annotated[
    LogLevel,
    typer.Option(
        "--log-level",
        callback=_level,
        case_sensitive=False,
        help="Of the package's log, on standard error; else CUSTOMERSMS_LOG.",
    ),
]
PhoneColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--phone-column",
        metavar="NAME",
        help="If it has no usual name; given again, the next is used where those before are empty.",
    ),
]
Suppress = Annotated[
    Path | None,
    typer.Option(
        "--suppress", metavar="FILE", help="Numbers that must not be sent to; in a log of replies, those who sent them."
    ),
]
SuppressColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--suppress-column",
        metavar="NAME",
        help="The column of --suppress, where its name leaves a doubt; given again, that one too.",
    ),
]


class FileOptions(OptionGroup, frozen=True, kw_only=True):
    """How a file of recipients is read, and the numbers in it."""

    panel: ClassVar[str] = "Reading the file"

    phone_column: PhoneColumn = None
    encoding: Encoding = "utf-8"
    delimiter: Annotated[str | None, typer.Option("--delimiter", help='One character, or "tab".')] = None
    region: Region = None
    one_per_number: Annotated[
        bool, typer.Option("--one-per-number", help="Send a number that occurs again its first text only.")
    ] = False
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COLUMN", help="Write this column beside each outcome; may be given again."),
    ] = None


class ClientOptions(OptionGroup, frozen=True, kw_only=True):
    """The options that make a client. Raises ``typer.BadParameter`` for a limit or a pace that can't be read."""

    panel: ClassVar[str] = ROUTE_PANEL

    url: Url = None
    limit: Limits = None
    quota: Quota = None
    pace: Annotated[str | None, typer.Option("--pace", metavar="N|none", help="Requests a second, at most.")] = None
    batch_size: BatchSize = DEFAULT_BATCH_SIZE
    max_concurrency: MaxConcurrency = DEFAULT_MAX_CONCURRENCY
    timeout: Timeout = DEFAULT_TIMEOUT
    allowed: AllowedOptions = AllowedOptions()
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Send to a made-up gateway that is started here, with a made-up key.")
    ] = False

    def __post_init__(self) -> None:
        self._pace()  # here, so that what can't be read is refused before anything else is done
        read_limits(self.limit)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits that hold for the key."""
        return read_limits(self.limit)

    @property
    def quota_at(self) -> str | None:
        """The place of the quota: a sandbox that lives as long as the run has one of its own, if none is named."""
        return MEMORY if self.sandbox and self.quota is None else quota_named(self.quota)

    @property
    def key(self) -> str | None:
        """The key whose quota is asked: none for a sandbox, which has a made-up one."""
        return None if self.sandbox else key_of_environment()

    def options(self, url: str | None = None) -> Options:
        """The client's own options; it sends to ``url`` if that is given, as once a sandbox is there.

        Raises ``ConfigurationError`` for one out of range, and for a sandbox that ``--url`` goes past.
        """
        if self.sandbox and self.url is not None:
            raise ConfigurationError("--sandbox and --url name two places to send to")
        if url is None:
            url = os.environ.get(URL_VARIABLE, DOCUMENTED_URL) if self.url is None else self.url
        return Options(
            url=url,
            limits=self.limits,
            pace=self._pace(),
            batch_size=self.batch_size,
            max_concurrency=self.max_concurrency,
            timeout=self.timeout,
        )

    def _pace(self) -> Limit | EllipsisType | None:
        return ... if self.pace is None else read_pace(self.pace)


class FailureOptions(OptionGroup, frozen=True, kw_only=True):
    """The options that stop a send to many when request after request fails.

    Raises ``typer.BadParameter`` for a number that can't be read.
    """

    panel: ClassVar[str] = STOP_PANEL

    stop_after_unknown: Annotated[
        str,
        typer.Option(
            "--stop-after-unknown", metavar="N|none", help="Stop after so many requests of unknown fate in a row."
        ),
    ] = str(DEFAULT_STOP_AFTER_UNKNOWN)
    stop_after_refused: Annotated[
        str,
        typer.Option(
            "--stop-after-refused", metavar="N|none", help="Stop after so many requests refused as a whole in a row."
        ),
    ] = str(DEFAULT_STOP_AFTER_REFUSED)

    def __post_init__(self) -> None:
        self.read()  # refused before anything else is done

    def read(self) -> FailureGuards:
        """The guards that they stand for."""
        return FailureGuards(
            stop_after_unknown=read_count("--stop-after-unknown", self.stop_after_unknown),
            stop_after_refused=read_count("--stop-after-refused", self.stop_after_refused),
        )


class QuotaCommandOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms quota``."""

    limit: Limits = None
    quota: Quota = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING
