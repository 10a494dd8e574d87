"""A quota store that can't be asked: when to ask it again, and what to say of it."""

from __future__ import annotations

import random
from typing import Final, final

from .._runtime import log

FIRST_PAUSE_US: Final = 50_000
LONGEST_PAUSE_US: Final = 1_000_000
"""A store that can't be asked is tried again after the first, then after twice as long each time, up to the second."""


@final
class StoreOutage:
    """An outage of one room's store. Mutable state: how often the store has failed since its last answer, and why."""

    __slots__ = ("_failures", "reason")

    def __init__(self) -> None:
        self._failures = 0
        self.reason: str | None = None

    def end(self) -> None:
        """Hear that the store has answered."""
        self._failures, self.reason = 0, None

    def pause_us(self, error: Exception) -> int:
        """Hear that the store has failed once more, and say how long to wait before it is asked again."""
        if not self._failures:
            log.warning("the quota store can't be asked, and nothing is sent until it can: %s", error)
        wait_us = min(LONGEST_PAUSE_US, FIRST_PAUSE_US << min(self._failures, 10))
        self._failures += 1
        self.reason = str(error)
        return round(wait_us * random.uniform(0.5, 1))  # noqa: S311 - no secret
