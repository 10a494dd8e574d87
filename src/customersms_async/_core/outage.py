"""A gateway out of reach: how long to wait, and when to give up."""

from __future__ import annotations

from typing import Final, final

PATIENCE: Final = 3_600.0
"""Seconds that a gateway which has answered before may be out of reach: a restart, a night's maintenance window."""

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0


@final
class Outage:
    """Mutable state: whether the gateway has answered in this run, since when it does not, and how often that was."""

    def __init__(self) -> None:
        self._answered = False
        self._since: float | None = None
        self._tries = 0

    def answered(self) -> None:
        """It is there."""
        self._answered, self._since, self._tries = True, None, 0

    def pause(self, now: float) -> float:
        """It can't be reached: seconds until the next try, doubling up to a minute."""
        self._since = now if self._since is None else self._since
        self._tries += 1
        return float(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._tries - 1, 10)))

    def hopeless(self, now: float) -> bool:
        """Whether to give up: it never answered, so the address may be wrong, or it is gone for too long."""
        return not self._answered or (self._since is not None and now - self._since > PATIENCE)
