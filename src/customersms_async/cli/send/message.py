"""The message of a command: as it was typed, or from a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import typer

from ..problems import InputProblem
from .job import TextRules

if TYPE_CHECKING:
    from pathlib import Path

    from ..text_options import TextOptions

LONGEST: Final = 100_000
"""Characters of a message: beyond any text that a phone takes, and a bound for whoever names the wrong file."""


def read_message(options: TextOptions) -> str | None:
    """The message that ``--message`` or ``--message-file`` gives; ``None`` if neither is there.

    Raises ``typer.BadParameter`` for both, and ``InputProblem`` for nothing in it or a file that can't be read.
    """
    if options.message_file is None:
        if options.message is not None and not options.message.strip():
            raise InputProblem("--message has no text in it")
        return options.message
    if options.message is not None:
        raise typer.BadParameter("--message and --message-file both give the text: leave one out")
    return _in_file(options.message_file)


def rules_of(options: TextOptions) -> TextRules:
    """How texts are made of the message."""
    return TextRules(literal=options.literal, smart=options.smart, require=tuple(options.require or ()))


def _in_file(path: Path) -> str:
    """The text in a file: without a byte order mark, its line ends as one character, and without the last of them."""
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise InputProblem(f"--message-file {path} can't be read: {error.strerror}") from None
    if data.startswith((b"{\\rtf", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-")):
        raise InputProblem(f"--message-file {path} is a word processor's file: save it as plain text, in UTF-8")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    except UnicodeDecodeError:
        raise InputProblem(f"--message-file {path} is not text in UTF-8: save it as UTF-8") from None
    if not text.strip():
        raise InputProblem(f"--message-file {path} has no text in it")
    if len(text) > LONGEST or "\0" in text:
        raise InputProblem(
            f"--message-file {path} is no message, as it has more than {LONGEST} characters or a NUL in it: name the"
            " file with the text"
        )
    return text
