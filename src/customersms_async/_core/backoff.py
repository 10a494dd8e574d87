"""How long to wait before what was not sent is tried again, and when to give up.

Only texts that provably were not sent get here; an unknown fate is never retried, whatever the settings.
"""

from __future__ import annotations

from typing import Final, final

from .outcome_table import NextStep

FIRST_DELAY_US: Final = 500_000
LONGEST_DELAY_US: Final = 8_000_000
"""Bounds of the delay after a failed connection, which somebody may be waiting for in a web request."""

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
"""Bounds of a campaign's pause while the gateway is out of reach, which nobody is waiting for."""

LONGEST_OUTAGE_SECONDS: Final = 3_600.0
"""How long a gateway that has answered before may be out of reach: a restart, a night's maintenance window."""

TOLD_AFTER_SECONDS: Final = 60.0
"""Seconds without a request before that is worth a warning."""


def poll_seconds(waited: float, shortest: float, longest: float) -> float:
    """Seconds to the next look at what somebody else does: a quarter of those waited so far, within these bounds."""
    return min(longest, max(shortest, waited / 4))


def next_try_us(then: NextStep, attempt: int, max_retries: int, random: float) -> int | None:
    """Microseconds until the try after number ``attempt`` (from 1), or ``None`` to stop.

    After a 429 it is 0: the key's pause, kept in its quota store, is what makes it wait. After a failed connection the
    delay doubles with every attempt up to eight seconds; ``random`` (0 to 1) spreads it over its upper half, so that
    workers which lost the same server neither come back together nor at once.
    """
    if then not in (NextStep.WAIT, NextStep.RECONNECT) or attempt > max_retries:
        return None
    if then is NextStep.WAIT:
        return 0
    ceiling_us = min(LONGEST_DELAY_US, FIRST_DELAY_US << min(attempt - 1, 10))
    return ceiling_us // 2 + int(ceiling_us // 2 * random)


def pause_us(retry_after: float | None, shortest_us: int, longest_us: int) -> int:
    """How long a 429 pauses the key: as told (seconds), but at most the longest window; untold, the shortest."""
    if retry_after is None:
        return shortest_us
    return min(max(0, round(retry_after * 1_000_000)), longest_us)


@final
class Outage:
    """A gateway that can't be reached during a campaign's run: how long to wait for it, and when to give up.

    Mutable state: whether it has answered in this run, since when it does not, how many tries failed in a row, and
    whether the outage was told.
    Times are seconds of one clock.
    """

    def __init__(self) -> None:
        self._answered = False
        self._since: float | None = None
        self._failures = 0
        self._was_told = False

    def end(self) -> bool:
        """Take note that the gateway has answered; whether it was told before that it doesn't."""
        was_told = self._was_told
        self._answered, self._since, self._failures, self._was_told = True, None, 0, False
        return was_told

    def is_to_be_told(self, now: float) -> bool:
        """Whether nothing went out for a minute, once in an outage."""
        if self._was_told or self._since is None or now - self._since < TOLD_AFTER_SECONDS:
            return False
        self._was_told = True
        return True

    def wait_seconds(self, now: float) -> float:
        """Take note that a try failed; seconds until the next one, doubling up to a minute."""
        self._since = now if self._since is None else self._since
        self._failures += 1
        return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 10)))

    def is_hopeless(self, now: float) -> bool:
        """Whether to give up: it never answered, so the address may be wrong, or it is gone for too long."""
        return not self._answered or (self._since is not None and now - self._since > LONGEST_OUTAGE_SECONDS)
