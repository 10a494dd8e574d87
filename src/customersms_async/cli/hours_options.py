"""The options that say when texts may leave: hours, a beginning and an expiry."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import typer

from .option_group import OptionGroup
from .option_values import dated, has_date, read_moment, wrong_value
from .problems import InputProblem

if TYPE_CHECKING:
    from datetime import tzinfo

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTH: Final = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_WHOLE_DAY: Final = "00:00-24:00"
_JUST_OVER: Final = timedelta(minutes=5)
"""How long a time such as 18:30 is that of today all the same: it has no seconds, and was typed a little before."""

ZoneColumn = Annotated[
    str | None,
    typer.Option(
        "--zone-column",
        metavar="COLUMN",
        help="The file's column with each recipient's own time zone, such as Europe/Paris; empty: by the number.",
    ),
]


class HoursOptions(OptionGroup, frozen=True, kw_only=True):
    """The options that say when texts may leave."""

    panel: ClassVar[str] = "When texts may leave"

    between: Annotated[
        str | None,
        typer.Option("--between", metavar="09:00-20:00", help="Only while it is that time for the recipient."),
    ] = None
    days: Annotated[
        str | None, typer.Option("--days", metavar="mon-sat", help="Only on these days, such as mon-fri or mon,wed.")
    ] = None
    not_on: Annotated[
        Path | None, typer.Option("--not-on", metavar="FILE", help="Not on the dates in FILE: 2026-12-25, one a line.")
    ] = None
    zone: Annotated[
        str | None,
        typer.Option(
            "--zone",
            metavar="NAME",
            help="The time zone where a number tells none, such as Europe/Paris, and of the times given here.",
        ),
    ] = None
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            metavar="SECONDS",
            help="End hours and expiry that much earlier; else by the time that an attempt may take.",
        ),
    ] = None
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Begin at 18:30 today, or at 2026-10-31T18:30.")
    ] = None
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="Skip who was not reached by then, with code EXPIRED."),
    ] = None
    expires_after: Annotated[
        str | None,
        typer.Option(
            "--expires-after",
            metavar="48h",
            help="The same, so long after --at, or after they were added: 90m, 48h, 3d.",
        ),
    ] = None

    def read(self) -> dict[str, Any]:
        """The options as ``Campaign.run`` takes them.

        Raises ``typer.BadParameter`` for what can't be read, ``InputProblem`` for a file of dates that can't be, and
        ``ConfigurationError`` for hours and zones that are none.
        """
        zone = _zone(self.zone)
        if self.expires is not None and self.expires_after is not None:
            raise typer.BadParameter("--expires and --expires-after are two times at which it would expire: give one")
        hours = None
        if self.between is not None or self.days is not None or self.not_on is not None:
            from .._core.hours import Hours  # imported when used, as its zones are

            dates = () if self.not_on is None else _dates(self.not_on)
            between = _WHOLE_DAY if self.between is None else self.between  # empty, as of a variable that is not set
            hours = Hours(between, "mon-sun" if self.days is None else self.days, dates, self.zone)
        expires = None if self.expires is None else read_moment("--expires", self.expires, zone)
        return {
            "hours": hours,
            "at": None if self.at is None else read_moment("--at", self.at, zone),
            "expires": expires if self.expires_after is None else _length("--expires-after", self.expires_after),
            "margin": self.margin,
        }

    def refuse_over(self) -> None:
        """Raise ``typer.BadParameter`` for a time without a date that is over today: tomorrow's may be meant.

        For a campaign that begins: at once, in the evening, for ``--at 08:00``, or with everybody skipped.
        """
        now = datetime.now(UTC)
        for option, text in (("--at", self.at), ("--expires", self.expires)):
            if text is not None and not has_date(text):
                found = read_moment(option, text, _zone(self.zone))
                if found.astimezone(UTC) < now - _JUST_OVER:
                    tomorrow = f"{found + timedelta(days=1):%Y-%m-%dT%H:%M}"
                    raise wrong_value(option, f"{text.strip()} is over today: give its date, such as {tomorrow}")


def with_date(text: str, zone: str | None) -> str:
    """A time that was given, with today's date in ``zone``, or in this machine's, if it has none."""
    return dated(text, _zone(zone))


def _zone(name: str | None) -> tzinfo | None:
    """The time zone of that name; ``None``: this machine's."""
    if name is None:
        return None
    from ..campaign.zones import load_zone  # imported when used: it brings campaigns

    return load_zone(name)


def _length(option: str, text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise wrong_value(option, f"{text!r} is not a length of time such as 90m, 48h or 3d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _dates(path: Path) -> list[date]:
    """The dates in a file, one a line; what follows a # is a remark."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise InputProblem(f"--not-on {path}: {error}") from None
    found = []
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].strip():
            try:
                found.append(date.fromisoformat(text))
            except ValueError:
                raise InputProblem(f"--not-on {path}: line {number}: {text!r} is no date such as 2026-12-25") from None
    if not found:
        raise InputProblem(f"--not-on {path}: no dates are in it")
    return found
