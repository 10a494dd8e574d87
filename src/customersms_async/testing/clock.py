"""A clock for tests of what depends on time."""

from __future__ import annotations

from typing import final


@final
class ManualClock:
    """Integer microseconds that stand still until they are set: ``us`` microseconds at first.

    Example:
        ```python
        clock = ManualClock()
        quota = MemoryQuota(clock=clock)
        clock.us += 60_000_000  # a minute later
        ```
    """

    def __init__(self, us: int = 1_000_000) -> None:
        self.us = us

    def __call__(self) -> int:
        """The time, in microseconds."""
        return self.us
