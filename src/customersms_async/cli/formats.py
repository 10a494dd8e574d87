"""Lengths of time, moments and other people's text, as a terminal shows them."""

from __future__ import annotations

import time
from datetime import datetime


def length(seconds: float) -> str:
    """A length of time in the two largest units that it has."""
    if 0.05 <= seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
    first = next((i for i, (size, _) in enumerate(units) if left >= size), 3)
    parts = [f"{left // units[first][0]} {units[first][1]}"]
    if first < 3 and (rest := left % units[first][0] // units[first + 1][0]):
        parts.append(f"{rest} {units[first + 1][1]}")
    return " ".join(parts)


def moment(seconds: float) -> str:
    """When it will be so many seconds later, as the clock on the wall shows it."""
    try:
        then = datetime.fromtimestamp(time.time() + seconds).astimezone()
    except (OverflowError, ValueError, OSError):
        return "the end of all calendars"
    return f"{then:%H:%M:%S}" if seconds < 43_200 else f"{then:%a %d %b %H:%M}"


def plain(text: str) -> str:
    """A file's or a gateway's text as one that does nothing to a terminal: what can't be printed is escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def credits_left(figure: object) -> str:
    """An account's figure, if any answer has given one."""
    return "not known" if figure is None else f"{figure:,}"
