"""The rules together with what they need from the world: a clock, chance, the schedule, switches, and a lock."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, TypeVar, final

from . import rules
from .arrivals import without_keys
from .request_log import cut_line, request_line
from .schedule import Schedule
from .state import GatewayState
from .switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from .options import GatewayOptions, ServerTiming
    from .replies import ServerAnswer
    from .schedule import Faults, PlannedFault
    from .switches import SwitchChange

Shown = TypeVar("Shown")


@final
class Gateway:
    """One sandbox behind its public face: what the ASGI app and the connections talk to.

    Mutable: the rules' state, the schedule and the number of requests begun under it, the switches; all under one
    lock, because a sandbox may be served in one thread and looked at from another. And ``write_line``, which gets a
    line for each request, and ``names``, by which its inbox may be asked.
    """

    def __init__(
        self, keys: Mapping[str, Decimal], options: GatewayOptions, timing: ServerTiming, faults: Faults, *, seed: int
    ) -> None:
        self.timing = timing
        self._keys, self._options = keys, options
        self._schedule, self._begun = Schedule(faults), 0
        self._random = random.Random(seed)  # noqa: S311 - delays, no secrets
        self._lock = threading.Lock()
        self._switches = Switches(options.limits)
        self.state: GatewayState = GatewayState(keys, options)
        self.now_us: Callable[[], int] = clock()
        self.began_us: int = self.now_us()
        self.write_line: Callable[[str], object] | None = None
        self.names: frozenset[str] = frozenset()

    def reset(self) -> None:
        """Begin anew: credits, limits, texts, counters, message ids, magic numbers; the schedule from its start.

        What was switched is as it was in the beginning.
        """
        with self._lock:
            self.state, self._begun = GatewayState(self._keys, self._options), 0
            self._switches, self.began_us = Switches(self._options.limits), self.now_us()

    def misbehave(self, faults: Faults) -> None:
        """Replace the schedule; it counts from the next request to begin."""
        schedule = Schedule(faults)
        with self._lock:
            self._schedule, self._begun = schedule, 0

    def begin(self) -> PlannedFault | None:
        """Count a request as begun, and give the fault that the schedule has for it."""
        with self._lock:
            self._begun += 1
            scheduled = self._schedule.planned(self._begun)
            return self._switches.next_fault() or scheduled

    def switch(self, change: SwitchChange) -> None:
        """Change the fault or the limits while it runs; limits count from now.

        ``ConfigurationError`` for what can't be, and nothing has changed then.
        """
        with self._lock:
            self._switches.change(change)
            if change.changes_limits:
                self.state.limit(self._switches.limits)
        self._write(f"switched: {self._switches}")

    def look(self, at: Callable[[GatewayState, Switches], Shown]) -> Shown:
        """What ``at`` makes of the state while nothing changes it; it must change nothing itself, and be quick."""
        with self._lock:
            return at(self.state, self._switches)

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
            before = self.state.arrivals.total
            given = rules.answer(self.state, self.now_us(), method, path, headers, body, scheduled)
            new = self.state.arrivals.after(before) if self.write_line is not None else ()
        if self.write_line is not None:
            self._write(request_line(method, path, given, new, self._keys))
        return given

    def cut(self, planned: PlannedFault) -> None:
        """Note that the connection was cut before its request was read."""
        if self.write_line is not None:
            self._write(cut_line(planned))

    def without_keys(self, text: str) -> str:
        """``text`` without any of the gateway's keys."""
        return without_keys(text, self._keys)

    def _write(self, line: str) -> None:
        if self.write_line is not None:
            self.write_line(line)


def clock() -> Callable[[], int]:
    """A clock of microseconds since 1970 that never steps: it goes on from now by the monotonic one."""
    start_ns = time.time_ns() - time.monotonic_ns()
    return lambda: (start_ns + time.monotonic_ns()) // 1_000
