"""The options of the commands, each once: its names, its default, its line of ``--help``, and how it is read.

An option of the client is a field of ``ClientOptions`` and a line in its ``options``, and every command has it.
"""

from __future__ import annotations

import enum
import math
import os
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from .._core.options import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_MAX_CONCURRENCY,
    DEFAULT_TIMEOUT,
    DOCUMENTED_URL,
    Options,
)
from ..errors import ConfigurationError
from ..models import DOCUMENTED_LIMITS, Limit
from .bundle import Bundle

if TYPE_CHECKING:
    from types import EllipsisType

MEMORY = "memory"
"""What ``--quota`` takes for a quota of this run alone."""


class LogLevel(enum.StrEnum):
    """Python's levels, as ``--log-level`` takes them."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def read_limit(text: str) -> Limit:
    """The limit in ``text``: ``100/60`` is 100 requests in 60 seconds."""
    requests, _, seconds = text.partition("/")
    try:
        return Limit(int(requests), float(seconds))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not REQUESTS/SECONDS, such as 100/60") from None


def read_limits(texts: list[str] | None) -> tuple[Limit, ...]:
    """The limits that ``--limit`` names, else the documented ones."""
    return tuple(map(read_limit, texts)) if texts else DOCUMENTED_LIMITS


def read_pace(text: str) -> Limit | None:
    """The pace in ``text``: ``10`` is ten requests a second, ``none`` no pace."""
    if text.lower() == "none":
        return None
    try:
        rate = float(text)
        return Limit(math.ceil(rate), math.ceil(rate) / rate)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise typer.BadParameter(f"{text!r} is not a number of requests a second, or none") from None


Encoding = Annotated[str, typer.Option("--encoding", help="Of the file; never guessed.")]
Region = Annotated[
    str | None, typer.Option("--region", metavar="CC", help="Read numbers without + as this country's, such as GB.")
]
Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="N/SECONDS", help="Replaces the documented limits; may be given again."),
]
Quota = Annotated[
    str | None,
    typer.Option(
        "--quota",
        metavar="PATH|redis://…|memory",
        help="Where the quota is kept; else in a file that all your runs share. memory: for this run alone.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Send a file without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop after showing what would happen.")]
Sample = Annotated[int, typer.Option("--sample", min=0, metavar="N", help="Show the first N texts.")]
Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON object per outcome, then a summary.")]
Logging = Annotated[LogLevel, typer.Option("--log-level", help="Of the log, on standard error.")]


class FileOptions(Bundle, frozen=True, kw_only=True):
    """How a file of recipients is read, and the numbers in it."""

    phone_column: Annotated[str | None, typer.Option("--phone-column", help="If it has no usual name.")] = None
    encoding: Encoding = "utf-8"
    delimiter: Annotated[str | None, typer.Option("--delimiter", help='One character, or "tab".')] = None
    region: Region = None


class RecipientOptions(Bundle, frozen=True, kw_only=True):
    """The recipients and their text: numbers, or everyone in a file."""

    phones: Annotated[list[str] | None, typer.Argument(metavar="PHONE…", help="Numbers such as +12125551234.")] = None
    message: Annotated[
        str,
        typer.Option("--message", "-m", help="The text; with --file, {column} stands for the row's own, {{ for {."),
    ]
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="CSV, TSV, plain lines, JSONL or XLSX; - is standard input.")
    ] = None
    reading: FileOptions


class ClientOptions(Bundle, frozen=True, kw_only=True):
    """The options that make a client. Raises ``typer.BadParameter`` for a limit or a pace that can't be read."""

    url: Annotated[
        str | None, typer.Option("--url", help="The endpoint; else CUSTOMERSMS_URL, else the documented one.")
    ] = None
    limit: Limits = None
    quota: Quota = None
    pace: Annotated[str | None, typer.Option("--pace", metavar="N|none", help="Requests a second, at most.")] = None
    batch_size: Annotated[int, typer.Option("--batch-size", help="Numbers in one request, at most.")] = (
        DEFAULT_BATCH_SIZE
    )
    max_concurrency: Annotated[int, typer.Option("--max-concurrency", help="Requests at a time, at most.")] = (
        DEFAULT_MAX_CONCURRENCY
    )
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds for one request; half a second more a number.")
    ] = DEFAULT_TIMEOUT
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
        return MEMORY if self.sandbox and self.quota is None else self.quota

    @property
    def key(self) -> str | None:
        """The key whose quota is asked: none for a sandbox, which has a made-up one."""
        return None if self.sandbox else os.environ.get("CUSTOMERSMS_API_KEY")

    def options(self, url: str | None = None) -> Options:
        """The client's own options; it sends to ``url`` if that is given, as once a sandbox is there.

        Raises ``ConfigurationError`` for one out of range, and for a sandbox that ``--url`` goes past.
        """
        if self.sandbox and self.url is not None:
            raise ConfigurationError("--sandbox and --url name two places to send to")
        if url is None:
            url = os.environ.get("CUSTOMERSMS_URL", DOCUMENTED_URL) if self.url is None else self.url
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


class SendCommandOptions(Bundle, frozen=True, kw_only=True):
    """The options of ``customersms send``."""

    recipients: RecipientOptions
    client: ClientOptions
    yes: Yes = False
    dry_run: DryRun = False
    sample: Sample = 0
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write every outcome to a new .csv or .jsonl file, as it comes."),
    ] = None
    json: Json = False
    log_level: Logging = LogLevel.WARNING


class EstimateCommandOptions(Bundle, frozen=True, kw_only=True):
    """The options of ``customersms estimate``: those of a send, but for what it writes and whether it is one."""

    recipients: RecipientOptions
    client: ClientOptions
    yes: Yes = False
    sample: Sample = 0
    json: Json = False
    log_level: Logging = LogLevel.WARNING


class QuotaCommandOptions(Bundle, frozen=True, kw_only=True):
    """The options of ``customersms quota``."""

    limit: Limits = None
    quota: Quota = None
    json: Json = False
    log_level: Logging = LogLevel.WARNING
