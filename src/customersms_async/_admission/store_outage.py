"""A quota store that can't be asked: when to ask it again, and what to say of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final, Protocol, final
from weakref import WeakSet

from .._runtime.listener_calls import call_listener

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._runtime.log import KeyLog
    from ..events import StoreFailed, StoreRecovered

FIRST_PAUSE_US: Final = 50_000
LONGEST_PAUSE_US: Final = 1_000_000
"""A store that can't be asked is tried again after the first, then after twice as long each time, up to the second."""


class Audience(Protocol):
    """A client's listeners, which are told of a room's store for as long as somebody holds this."""

    @property
    def listeners(self) -> Sequence[Callable[[Any], object]]:
        """The functions that hear of each event."""


@final
class StoreOutage:
    """An outage of one room's store.

    Mutable state: how often the store has failed since its last answer, and why; who is told of that.
    """

    __slots__ = ("_audiences", "_failures", "_log", "reason")

    def __init__(self, log: KeyLog) -> None:
        self._log = log
        self._failures = 0
        self._audiences: WeakSet[Audience] | None = None
        self.reason: str | None = None

    def observe(self, audience: Audience) -> None:
        """Have ``audience`` told from now on; who looks on at several clients is told once."""
        if self._audiences is None:
            self._audiences = WeakSet()
        self._audiences.add(audience)

    def end(self) -> None:
        """End the outage, as the store has answered."""
        if self._failures:
            failures, self._failures, self.reason = self._failures, 0, None
            self._log.info("store_recovered", "the quota store answers again", failures=failures)
            if self._audiences:
                from ..events import StoreRecovered  # few look on

                self._tell(StoreRecovered(key=self._log.name, failures=failures))

    def failed(self, error: Exception) -> int:
        """Count one more failure of the store, tell of it, and give the microseconds until it is asked again."""
        if not self._failures:
            self._log.warning(
                "store_failed", "the quota store can't be asked, and nothing is sent until it can: %s", error
            )
        if self._audiences:
            from ..events import StoreFailed  # few look on

            failures = self._failures + 1
            self._tell(StoreFailed(key=self._log.name, store="quota", error=str(error), failures=failures))
        wait_us = min(LONGEST_PAUSE_US, FIRST_PAUSE_US << min(self._failures, 10))
        self._failures += 1
        self.reason = str(error)
        return round(wait_us * random.uniform(0.5, 1))  # noqa: S311 - no secret

    def _tell(self, event: StoreFailed | StoreRecovered) -> None:
        told: list[Callable[[Any], object]] = []
        for audience in list(self._audiences or ()):
            for hear in audience.listeners:
                if hear not in told:
                    told.append(hear)
                    call_listener(hear, event)
