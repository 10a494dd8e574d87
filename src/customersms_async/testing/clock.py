"""A clock for tests of what depends on time."""

from __future__ import annotations

from typing import final


@final
class ManualClock:
    """Integer microseconds that stand still until they are set."""

    def __init__(self, us: int = 1_000_000) -> None:
        self.us = us

    def __call__(self) -> int:
        """The time, in microseconds."""
        return self.us
