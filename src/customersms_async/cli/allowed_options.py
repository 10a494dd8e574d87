"""The options for who of the recipients may be texted: the caps, and the list of people who said no."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

import typer

from ..models import Caps, Limit
from .option_group import OptionGroup
from .option_values import wrong_value


def read_cap(text: str) -> Limit:
    """The cap in ``text``: ``2/604800`` is two texts in a week."""
    texts, _, seconds = text.partition("/")
    try:
        return Limit(int(texts), float(seconds))
    except ValueError:
        raise wrong_value("--cap", f"{text!r} is not TEXTS/SECONDS, such as 2/604800") from None


SuppressionList = Annotated[
    str | None,
    typer.Option(
        "--suppression-list",
        metavar="PATH|postgresql://…|none",
        help="The list that customersms suppress keeps, or that of a PostgresSuppression; else the one that all your"
        " runs obey. none: none is asked.",
    ),
]


class AllowedOptions(OptionGroup, frozen=True, kw_only=True):
    """Who of the recipients may be texted. Raises ``typer.BadParameter`` for a cap that can't be read."""

    panel: ClassVar[str] = "Who may be texted"

    cap: Annotated[
        list[str] | None,
        typer.Option(
            "--cap",
            metavar="TEXTS/SECONDS",
            help="To one number so many texts in that time, at most, over all runs that share the quota; may be given"
            " again.",
        ),
    ] = None
    suppression_list: SuppressionList = None

    def __post_init__(self) -> None:
        for text in self.cap or ():
            read_cap(text)  # here, so that what can't be read is refused before anything else is done

    @property
    def caps(self) -> Caps | None:
        """What ``--cap`` says, over all runs of the command."""
        return Caps("customersms", per_number=[read_cap(text) for text in self.cap]) if self.cap else None


NOBODY_ASKED: Final = AllowedOptions(suppression_list="none")
"""The options of a text to oneself: no cap, and no list."""
