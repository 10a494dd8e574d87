"""The options of ``customersms campaign`` that ``send`` does not have, and how they are read."""

from __future__ import annotations

import enum
import shlex
import time
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..._core import phone as phones
from ...campaign.guards import Guards, unix
from ...errors import InvalidRecipientError
from ..files import FileProblem, open_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

KeepCredits = Annotated[
    str | None,
    typer.Option(
        "--keep-credits",
        metavar="N",
        help="Stop with fewer credits left than this; only an answer says how many, so one request goes out anyway.",
    ),
]
MaxRecipients = Annotated[
    int | None, typer.Option("--max-recipients", min=0, metavar="N", help="Stop after so many, earlier runs included.")
]
MaxSegments = Annotated[
    int | None, typer.Option("--max-segments", min=0, metavar="N", help="The same for segments, as they are estimated.")
]
StopAfterUnknown = Annotated[
    int,
    typer.Option("--stop-after-unknown", min=1, metavar="N", help="Stop after so many unknown requests in a row."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Stop at 18:30 today, or at 2026-10-31T18:30.")
]
AllowPrefix = Annotated[
    list[str] | None,
    typer.Option("--allow-prefix", metavar="+CODE", help="Stop if any number has another calling code; repeatable."),
]
Suppress = Annotated[
    Path | None, typer.Option("--suppress", metavar="FILE", help="Numbers that must not be sent to, read at each run.")
]

_OF_THE_INPUT: Final = frozenset({"file", "message", "phone_column", "delimiter", "dry_run", "sample"})
"""Options that say what is in the ledger by now."""


class Becomes(enum.StrEnum):
    """What a person may say of a recipient."""

    ACCEPTED = "accepted"
    PLANNED = "planned"


def read(
    keep_credits: str | None,
    max_recipients: int | None,
    max_segments: int | None,
    stop_after_unknown: int,
    until: str | None,
    allow_prefix: list[str] | None,
) -> dict[str, Any]:
    """The guards as ``Campaign.run`` takes them."""
    return {
        "keep_credits": None if keep_credits is None else _amount(keep_credits),
        "max_recipients": max_recipients,
        "max_segments": max_segments,
        "stop_after_unknown": stop_after_unknown,
        "until": None if until is None else _time(until),
        "allow_prefix": allow_prefix or (),
    }


def check(guards: dict[str, Any]) -> None:
    """Raise ``ConfigurationError`` for a guard that can't be."""
    given = dict(guards)
    until, prefixes = given.pop("until"), given.pop("allow_prefix")
    Guards(**given, until_unix=unix(until), allow_prefixes=tuple(prefixes))


def numbers_in(path: Path, encoding: str, region: str | None) -> Iterator[str]:
    """The numbers of a file, as for ``send --file``; ``FileProblem`` for a row that holds none."""
    try:
        with open_rows(path, phone_column=None, encoding=encoding, delimiter=None) as rows:
            for row in rows:
                try:
                    yield phones.parse(row.phone, region=region)  # type: ignore[arg-type]  # it refuses what is not text
                except InvalidRecipientError as error:
                    raise FileProblem(error.reason, line=row.line) from None
    except FileProblem as problem:
        raise FileProblem(f"{path}: {problem}") from None


def resume_command(context: typer.Context) -> str:
    """The command that goes on with the same ledger and options; the input stands in the ledger."""
    words = context.command_path.split()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in _OF_THE_INPUT or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        flag = max(parameter.opts, key=len)
        if value is True:
            words.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            words += [flag, str(getattr(one, "value", one))]
    return shlex.join(words)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(f"{text!r} is not a number of credits")
    return amount


def _time(text: str) -> datetime:
    """A time of today, or a date and time, in the local time zone unless it names another."""
    try:
        if "-" not in text:
            at = time.strptime(text, "%H:%M")
            today = datetime.now().astimezone().replace(hour=at.tm_hour, minute=at.tm_min, second=0, microsecond=0)
            return today.replace(tzinfo=None).astimezone()  # the clock may be put back or forward before then
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time such as 18:30 or 2026-10-31T18:30") from None
