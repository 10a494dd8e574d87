"""A person's confirmation, which a command needs before it sends to everyone in a file, or takes their numbers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import typer

from .exits import fail

if TYPE_CHECKING:
    from pathlib import Path

NOTHING_ELSE: Final = "nothing else was sent"
"""What a person is told who answers no once the test text has gone out."""


def ask(file: Path | None, otherwise: str = "nothing was sent", *, question: str = "Send?") -> None:
    """Go on only if a person says so; end the command ``otherwise``, and where nobody can be asked.

    That is where ``file`` (``None``: there is none) is the standard input.
    """
    if str(file) == "-" or not sys.stdin.isatty():
        tried = otherwise == NOTHING_ELSE
        instead = "give --yes in place of --test-to once it is right" if tried else "add --yes"
        fail(f"{otherwise}: there is nobody to ask, so {instead}", 2)
    if not typer.confirm(question, err=True):
        fail(otherwise, 1)
