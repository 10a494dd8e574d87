"""The ``Retry-After`` header: how long an answer asks its client to wait."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_seconds(value: str | None, now_unix: float) -> float | None:
    """The wait that a ``Retry-After`` header asks for, in seconds or as an HTTP date; ``None`` if it can't be read."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_unix)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
