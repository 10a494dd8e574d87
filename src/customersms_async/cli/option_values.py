"""The values of options, read from what was typed; what can't be read raises ``typer.BadParameter``."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer

from .._core import limits
from ..models import Limit

if TYPE_CHECKING:
    from datetime import tzinfo

_DATED: Final = re.compile(r"\s*[0-9]{4}-")


def wrong_value(option: str, why: str) -> typer.BadParameter:
    """The error for a value that ``option`` can't have, by whose name it begins."""
    return typer.BadParameter(why, param_hint=f"'{option}'")


def read_limit(text: str) -> Limit:
    """The limit in ``text``: ``100/60`` is 100 requests in 60 seconds."""
    try:
        return limits.read_limit(text)
    except ValueError as error:
        raise wrong_value("--limit", str(error)) from None


def read_pace(text: str) -> Limit | None:
    """The pace in ``text``: ``10`` is ten requests a second, ``none`` no pace."""
    if text.lower() == "none":
        return None
    try:
        rate = float(text)
        return Limit(math.ceil(rate), math.ceil(rate) / rate)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise wrong_value("--pace", f"{text!r} is not a number of requests a second, or none") from None


def read_count(option: str, text: str) -> int | None:
    """The number in ``text``, 1 or more; ``None`` for ``none``."""
    if text.lower() == "none":
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise wrong_value(option, f"{text!r} is not a whole number, 1 or more, or none")
    return int(text)


def check_seconds(option: str, seconds: float) -> None:
    """Raise ``typer.BadParameter`` for a length of time below 0, or without an end."""
    if not 0 <= seconds < math.inf:
        raise wrong_value(option, f"{seconds:g} is not a number of seconds, 0 or more")


def read_moment(option: str, text: str, zone: tzinfo | None) -> datetime:
    """A time of today, or a date and time, in ``zone`` unless it has an offset; without either it is naive."""
    try:
        found = datetime.fromisoformat(dated(text, zone))
    except ValueError:
        raise wrong_value(option, f"{text!r} is not a time such as 18:30 or 2026-10-31T18:30") from None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found


def has_date(text: str) -> bool:
    """Whether a time as it was typed begins with a date; else it is of today."""
    return _DATED.match(text) is not None


def dated(text: str, zone: tzinfo | None) -> str:
    """A time as it was typed, with today's date in ``zone`` (``None``: on this machine) if it has none."""
    if has_date(text):
        return text
    time = text.strip()
    return f"{datetime.now(zone):%Y-%m-%d}T{time if time[1:2] != ':' else f'0{time}'}"
