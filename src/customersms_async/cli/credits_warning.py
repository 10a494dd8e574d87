"""``--warn-credits``: says once, in a run, that fewer credits are left."""

from __future__ import annotations

import logging
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Final, final

import typer

from .formats import credits_left
from .option_values import wrong_value
from .output import say_json
from .panels import STOP_PANEL

if TYPE_CHECKING:
    from rich.console import Console

    from ..client import AsyncClient

_LOG: Final = logging.getLogger("customersms_async")

WarnCredits = Annotated[
    str | None,
    typer.Option(
        "--warn-credits",
        metavar="N",
        rich_help_panel=STOP_PANEL,
        help="Say once that fewer credits than this are left; sending goes on.",
    ),
]


def read_amount(option: str, text: str) -> Decimal:
    """A number of credits. Raises ``typer.BadParameter`` for what is none."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise wrong_value(option, f"{text!r} is not a number of credits")
    return amount


@final
class CreditsWarning:
    """Looks at what a client knows of its credits, and says once that they are below ``limit`` (``None``: never).

    On standard error, in the log (INFO), and for ``json`` as an object of its own. Mutable state: whether it was said.
    """

    def __init__(self, limit: Decimal | None, client: AsyncClient, console: Console, *, json: bool) -> None:
        self._limit = limit
        self._client = client
        self._console = console
        self._json = json

    def look(self) -> None:
        """Say so, if it is so; costs nothing."""
        if self._limit is None:
            return
        left = self._client.remaining_credits
        if left is None or left >= self._limit:
            return
        words = f"{credits_left(left)} credits are left, fewer than {self._limit:,}"
        self._console.print(words, style="yellow", highlight=False)
        _LOG.info("%s", words)
        if self._json:
            say_json({"warning": "credits", "remaining_credits": left, "below": self._limit})
        self._limit = None
