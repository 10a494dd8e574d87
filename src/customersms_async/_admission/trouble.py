"""A quota store that can't be asked: when to ask it again, and what to say of it."""

from __future__ import annotations

import random
from typing import Final, final

from .._runtime import log

RETRY_US: Final = (50_000, 1_000_000)
"""A store that can't be asked is tried again after the first, then after twice as long each time, up to the second."""


@final
class Trouble:
    """The trouble that one room has with its store. Mutable state: how often it has now failed, and why."""

    __slots__ = ("_failures", "why")

    def __init__(self) -> None:
        self._failures = 0
        self.why: str | None = None

    def end(self) -> None:
        """Hear that the store has answered."""
        self._failures, self.why = 0, None

    def pause_us(self, error: Exception) -> int:
        """Hear that it failed once more, and say how long to wait."""
        if not self._failures:
            log.warning("the quota store can't be asked, and nothing is sent until it can: %s", error)
        first_us, longest_us = RETRY_US
        wait_us = min(longest_us, first_us << min(self._failures, 10))
        self._failures += 1
        self.why = str(error)
        return round(wait_us * random.uniform(0.5, 1))  # noqa: S311 - no secret
