"""The options of the text: the message, how each person's text is made of it, and a text to oneself first."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, ClassVar

import typer

from .option_group import OptionGroup
from .panels import LOOK_PANEL, MAIN_PANEL


class TextOptions(OptionGroup, frozen=True, kw_only=True):
    """The message, and how each person's text is made of it."""

    panel: ClassVar[str] = MAIN_PANEL

    message: Annotated[
        str | None,
        typer.Option(
            "--message",
            "-m",
            help="The text; with a file, {column} stands for the row's own, {column|words} for words if that is blank,"
            " {{ for {.",
        ),
    ] = None
    message_file: Annotated[
        Path | None,
        typer.Option("--message-file", metavar="PATH", help="Read the message from a file in UTF-8, line breaks too."),
    ] = None
    literal: Annotated[bool, typer.Option("--literal", help="Send the message as it is, with any braces in it.")] = (
        False
    )
    smart: Annotated[
        bool, typer.Option("--smart", help="Typographic quotes, dashes… become those of GSM-7; no word changes.")
    ] = False
    require: Annotated[
        list[str] | None,
        typer.Option("--require", metavar="COLUMN", help="A row where it is blank is invalid; may be given again."),
    ] = None


class TrialOptions(OptionGroup, frozen=True, kw_only=True):
    """A text to oneself before the others get theirs."""

    panel: ClassVar[str] = LOOK_PANEL

    test_to: Annotated[
        str | None,
        typer.Option("--test-to", metavar="PHONE", help="Send the first row's text to this number, then ask."),
    ] = None
    test_row: Annotated[
        int | None, typer.Option("--test-row", min=1, metavar="N", help="The row for --test-to, without the header.")
    ] = None

    def __post_init__(self) -> None:
        if self.test_row is not None and self.test_to is None:
            raise typer.BadParameter("--test-row says which row's text --test-to sends: give both")
