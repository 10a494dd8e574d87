"""The options that stop a campaign before its next request: its guards, by their flags."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import typer

from ...campaign.guards import Guards, unix
from ..credits_warning import read_amount
from ..option_group import OptionGroup
from ..option_values import read_moment
from ..options import FailureOptions, Suppress, SuppressColumn
from ..panels import STOP_PANEL


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
        typer.Option("--max-segments", min=0, metavar="N", help="Stop after so many segments, as they are estimated."),
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


def check_guards(guards: dict[str, Any]) -> None:
    """Raise ``ConfigurationError`` for a guard that can't be."""
    given = dict(guards)
    until, prefixes = given.pop("until"), given.pop("allow_prefix")
    Guards(**given, until_unix=unix(until), allow_prefixes=tuple(prefixes))
