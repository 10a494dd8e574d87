"""The rules together with what they need from the world: a clock, chance, the schedule, and a lock."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, final

from . import rules
from .schedule import Schedule
from .state import GatewayState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from .options import GatewayOptions, ServerTiming
    from .replies import ServerAnswer
    from .schedule import Faults, PlannedFault


@final
class Gateway:
    """One sandbox behind its public face: what the ASGI app and the connections talk to.

    Mutable: the rules' state, the schedule and the number of requests begun under it; all under one lock, because a
    sandbox may be served in one thread and looked at from another.
    """

    def __init__(
        self, keys: Mapping[str, Decimal], options: GatewayOptions, timing: ServerTiming, faults: Faults, *, seed: int
    ) -> None:
        self.timing = timing
        self._keys, self._options = keys, options
        self._schedule, self._begun = Schedule(faults), 0
        self._random = random.Random(seed)  # noqa: S311 - delays, no secrets
        self._lock = threading.Lock()
        self.state = GatewayState(keys, options)
        self.now_us = clock()

    def reset(self) -> None:
        """Begin anew: credits, limits, texts, counters, message ids, magic numbers; the schedule from its start."""
        with self._lock:
            self.state, self._begun = GatewayState(self._keys, self._options), 0

    def misbehave(self, faults: Faults) -> None:
        """Replace the schedule; it counts from the next request to begin."""
        schedule = Schedule(faults)
        with self._lock:
            self._schedule, self._begun = schedule, 0

    def begin(self) -> PlannedFault | None:
        """Count a request as begun, and give the fault that the schedule has for it."""
        with self._lock:
            self._begun += 1
            return self._schedule.planned(self._begun)

    def trip(self) -> tuple[float, float]:
        """The seconds that pass before the request is judged, and after: together, one latency."""
        with self._lock:
            both = self._random.uniform(*self.timing.latency)
            outward = self._random.uniform(0, both)
        return outward, both - outward

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, scheduled: PlannedFault | None
    ) -> ServerAnswer:
        """Judge a request that was fully read, now."""
        with self._lock:
            return rules.answer(self.state, self.now_us(), method, path, headers, body, scheduled)


def clock() -> Callable[[], int]:
    """A clock of microseconds since 1970 that never steps: it goes on from now by the monotonic one."""
    start_ns = time.time_ns() - time.monotonic_ns()
    return lambda: (start_ns + time.monotonic_ns()) // 1_000
