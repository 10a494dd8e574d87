"""A quota store that can't be asked: when to ask it again, and what to say of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, final

from .._runtime.observing import tell

if TYPE_CHECKING:
    from .._core.observer import Observer
    from .._runtime.log import KeyLog

FIRST_PAUSE_US: Final = 50_000
LONGEST_PAUSE_US: Final = 1_000_000
"""A store that can't be asked is tried again after the first, then after twice as long each time, up to the second."""


@final
class StoreOutage:
    """An outage of one room's store.

    Mutable state: how often the store has failed since its last answer, and why; who is told when one begins and ends.
    """

    __slots__ = ("_failures", "_key_id", "_log", "_observers", "reason")

    def __init__(self, key_id: str, log: KeyLog) -> None:
        self._key_id = key_id
        self._log = log
        self._failures = 0
        self._observers: tuple[Observer, ...] = ()
        self.reason: str | None = None

    def observe(self, observer: Observer) -> None:
        """Have ``observer`` told from now on, once."""
        if observer not in self._observers:
            self._observers += (observer,)

    def end(self) -> None:
        """End the outage, as the store has answered."""
        if self._failures:
            failures, self._failures, self.reason = self._failures, 0, None
            self._log.info("store_recovered", "the quota store answers again", failures=failures)
            for observer in self._observers:
                tell(observer.store_recovered, self._key_id, failures)

    def pause_us(self, error: Exception) -> int:
        """Count one more failure of the store, and say how long to wait before it is asked again."""
        if not self._failures:
            self._log.warning(
                "store_failed", "the quota store can't be asked, and nothing is sent until it can: %s", error
            )
            for observer in self._observers:
                tell(observer.store_failed, self._key_id, str(error))
        wait_us = min(LONGEST_PAUSE_US, FIRST_PAUSE_US << min(self._failures, 10))
        self._failures += 1
        self.reason = str(error)
        return round(wait_us * random.uniform(0.5, 1))  # noqa: S311 - no secret
