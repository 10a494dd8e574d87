"""What the commands take: every option once, with how it is read."""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import Annotated

import typer

from ..models import Limit


class LogLevel(enum.StrEnum):
    """Python's levels, as ``--log-level`` takes them."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def read_limit(text: str) -> Limit:
    """``100/60``: 100 requests in 60 seconds."""
    requests, _, seconds = text.partition("/")
    try:
        return Limit(int(requests), float(seconds))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not REQUESTS/SECONDS, such as 100/60") from None


def read_pace(text: str) -> Limit | None:
    """``10``: ten requests a second; ``none``: no pace."""
    if text.lower() == "none":
        return None
    try:
        rate = float(text)
        return Limit(math.ceil(rate), math.ceil(rate) / rate)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise typer.BadParameter(f"{text!r} is not a number of requests a second, or none") from None


Phones = Annotated[list[str] | None, typer.Argument(metavar="PHONE…", help="Numbers such as +12125551234.")]
Message = Annotated[
    str, typer.Option("--message", "-m", help="The text; with --file, {column} stands for the row's own, {{ for {.")
]
File = Annotated[
    Path | None, typer.Option("--file", "-f", help="CSV, TSV, plain lines, JSONL or XLSX; - is standard input.")
]
PhoneColumn = Annotated[str | None, typer.Option("--phone-column", help="If it has no usual name.")]
Encoding = Annotated[str, typer.Option("--encoding", help="Of the file; never guessed.")]
Delimiter = Annotated[str | None, typer.Option("--delimiter", help='One character, or "tab".')]
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
        metavar="PATH|redis://…|memory",
        help="Where the quota is kept; else in a file that all your runs share. memory: for this run alone.",
    ),
]
Pace = Annotated[str | None, typer.Option("--pace", metavar="N|none", help="Requests a second, at most.")]
BatchSize = Annotated[int, typer.Option("--batch-size", help="Numbers in one request, at most.")]
MaxConcurrency = Annotated[int, typer.Option("--max-concurrency", help="Requests at a time, at most.")]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds for one request; half a second more a number.")]
UseSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Send to a made-up gateway that is started here, with a made-up key.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Send a file without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop after showing what would happen.")]
Sample = Annotated[int, typer.Option("--sample", min=0, metavar="N", help="Show the first N texts.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write every outcome to a new .csv or .jsonl file, as it comes.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON object per outcome, then a summary.")]
Logging = Annotated[LogLevel, typer.Option("--log-level", help="Of the log, on standard error.")]
