"""The rules together with what they need from the world: a clock, chance, the schedule, and a lock."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, final

import msgspec

from ..errors import ConfigurationError
from . import rules
from .schedule import Faults, Planned, Schedule

if TYPE_CHECKING:
    from .answers import Answer


class Manner(msgspec.Struct, frozen=True):
    """How the server takes its time: ``latency`` in seconds, from and to; idle connections last ``keep_alive``."""

    latency: tuple[float, float]
    keep_alive: float


@final
class Gateway:
    """One sandbox behind its public face: what the ASGI app and the connections talk to.

    Mutable: the rules' state, the schedule and the number of requests begun under it; all under one lock, because a
    sandbox may be served in one thread and looked at from another.
    """

    def __init__(
        self, keys: Mapping[str, Decimal], terms: rules.Terms, manner: Manner, faults: Faults, *, seed: int
    ) -> None:
        self.manner = manner
        self._keys, self._terms = keys, terms
        self._schedule, self._begun = Schedule(faults), 0
        self._random = random.Random(seed)  # noqa: S311 - delays, no secrets
        self._lock = threading.Lock()
        self.state = rules.State(keys, terms)
        self.now_us = clock()

    def reset(self) -> None:
        """Begin anew: credits, limits, texts, counters, message ids, magic numbers; the schedule from its start."""
        with self._lock:
            self.state, self._begun = rules.State(self._keys, self._terms), 0

    def misbehave(self, faults: Faults) -> None:
        """Replace the schedule; it counts from the next request to begin."""
        schedule = Schedule(faults)
        with self._lock:
            self._schedule, self._begun = schedule, 0

    def begin(self) -> Planned | None:
        """Count a request as begun, and return the fault that the schedule has for it."""
        with self._lock:
            self._begun += 1
            return self._schedule.planned(self._begun)

    def trip(self) -> tuple[float, float]:
        """Return the seconds that pass before the request is judged, and after: together, one latency."""
        with self._lock:
            both = self._random.uniform(*self.manner.latency)
            outward = self._random.uniform(0, both)
        return outward, both - outward

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, scheduled: Planned | None
    ) -> Answer:
        """Judge a request that was fully read, now."""
        with self._lock:
            return rules.answer(self.state, self.now_us(), method, path, headers, body, scheduled)


def clock() -> Callable[[], int]:
    """Return a clock of microseconds since 1970 that never steps: it goes on from now by the monotonic one."""
    start_ns = time.time_ns() - time.monotonic_ns()
    return lambda: (start_ns + time.monotonic_ns()) // 1_000


def credits_of(keys: Mapping[str, int | Decimal]) -> dict[str, Decimal]:
    """Return the keys with their credits as exact numbers; raises ``ConfigurationError`` for what isn't one."""
    for amount in keys.values():
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise ConfigurationError(f"credits are an int or a Decimal, not {amount!r}")
    return {key: Decimal(amount) for key, amount in keys.items()}


def seconds_range(name: str, given: float | Sequence[float]) -> tuple[float, float]:
    """Return ``given`` as (low, high) in seconds; raises ``ConfigurationError`` unless 0 <= low <= high."""
    bounds = tuple(given) if isinstance(given, Sequence) else (given, given)
    good = len(bounds) == 2 and all(isinstance(one, int | float) and math.isfinite(one) for one in bounds)
    if not (good and 0 <= bounds[0] <= bounds[1]):
        raise ConfigurationError(f"{name} is seconds, or (low, high), 0 or more, not {given!r}")
    return float(bounds[0]), float(bounds[1])
