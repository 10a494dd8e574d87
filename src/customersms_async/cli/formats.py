"""Lengths of time, moments and other people's text, as a terminal shows them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


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


def wall_time(unix: float, zone: tzinfo | None = None) -> str | None:
    """A moment (seconds since 1970) to the second, in ``zone`` or else this machine's; ``None`` beyond calendars."""
    try:
        return f"{datetime.fromtimestamp(unix, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return None


def utc_time(unix: float) -> str | None:
    """A moment (seconds since 1970) in UTC, as ISO 8601 to the millisecond; ``None`` beyond all calendars."""
    try:
        return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return None


def plain(text: str) -> str:
    """A file's or a gateway's text as one that does nothing to a terminal: what can't be printed is escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def credits_left(figure: object) -> str:
    """An account's figure, if any answer has given one."""
    return "not known" if figure is None else f"{figure:,}"
