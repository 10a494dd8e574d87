"""What to do after an attempt that left its texts unsent: (what happened, attempt, random) -> stop or delay.

Only texts that provably were not sent get here; an unknown fate is never retried, whatever the settings.
"""

from __future__ import annotations

from .rulings import Then

FIRST_DELAY_US = 500_000
LONGEST_DELAY_US = 8_000_000


def next_try_us(then: Then, attempt: int, max_retries: int, random: float) -> int | None:
    """Microseconds until the try after number ``attempt`` (from 1), or ``None`` to stop.

    After a 429 it is 0: the key's pause, kept in its quota store, is what makes it wait. After a failed connection the
    delay doubles with every attempt up to eight seconds; ``random`` (0 to 1) spreads it over its upper half, so that
    workers which lost the same server neither come back together nor at once.
    """
    if then not in (Then.WAIT, Then.RECONNECT) or attempt > max_retries:
        return None
    if then is Then.WAIT:
        return 0
    ceiling_us = min(LONGEST_DELAY_US, FIRST_DELAY_US << min(attempt - 1, 10))
    return ceiling_us // 2 + int(ceiling_us // 2 * random)


def pause_us(retry_after: float | None, shortest_us: int, longest_us: int) -> int:
    """How long a 429 pauses the key: as told (seconds), but at most the longest window; untold, the shortest."""
    if retry_after is None:
        return shortest_us
    return min(max(0, round(retry_after * 1_000_000)), longest_us)
