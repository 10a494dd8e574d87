"""The values of options, read from what was typed; what can't be read raises ``typer.BadParameter``."""

from __future__ import annotations

import math

import typer

from ..models import Limit


def read_limit(text: str) -> Limit:
    """The limit in ``text``: ``100/60`` is 100 requests in 60 seconds."""
    requests, _, seconds = text.partition("/")
    try:
        return Limit(int(requests), float(seconds))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not REQUESTS/SECONDS, such as 100/60") from None


def read_pace(text: str) -> Limit | None:
    """The pace in ``text``: ``10`` is ten requests a second, ``none`` no pace."""
    if text.lower() == "none":
        return None
    try:
        rate = float(text)
        return Limit(math.ceil(rate), math.ceil(rate) / rate)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise typer.BadParameter(f"{text!r} is not a number of requests a second, or none") from None


def read_count(text: str) -> int | None:
    """The number in ``text``, 1 or more; ``None`` for ``none``."""
    if text.lower() == "none":
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise typer.BadParameter(f"{text!r} is not a whole number, 1 or more, or none")
    return int(text)
