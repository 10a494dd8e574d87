"""The two things that a send needs before it begins: a key, and a person's word."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from .._core.secret import Secret
from ..errors import ConfigurationError
from .exits import fail

if TYPE_CHECKING:
    from pathlib import Path


def check_key() -> None:
    """Raise ``ConfigurationError`` if the environment has no key, or what can be none."""
    key = os.environ.get("CUSTOMERSMS_API_KEY")
    if not key:
        raise ConfigurationError("the API key is missing: set the environment variable CUSTOMERSMS_API_KEY")
    Secret(key)


def ask(file: Path) -> None:
    """Go on only if a person says so; end the command otherwise, and where nobody can be asked."""
    if str(file) == "-" or not sys.stdin.isatty():
        fail("nothing was sent: there is nobody to ask, so add --yes", 2)
    if not typer.confirm("Send?", err=True):
        fail("nothing was sent", 1)
