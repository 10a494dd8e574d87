"""Real time for tests over real sockets, so that none of them depends on how fast the machine is."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final, final

from customersms_async._runtime.clock import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

PATIENCE: Final = 60.0
"""Seconds until a test gives up on what must happen: far above what anything takes, on a busy machine too."""


def in_time(seconds: float = PATIENCE) -> tuple[int, Callable[[], int]]:
    """A deadline so many seconds from now, and its clock, as ``Transport.post`` takes them."""
    return now_us() + round(seconds * 1e6), now_us


def pauses(sends: Sequence[tuple[float, float]], seconds: float) -> int:
    """How many pauses between sends (beginning and end of each) may have been so long, on a machine that stood still.

    A connection that is kept for so long may have been given up in each of them.
    """
    return sum(after - before >= seconds for (before, _), (_, after) in itertools.pairwise(sends))


@final
class Stopwatch:
    """How long the event loop has run: ``seconds`` leave out the time for which the process stood still.

    It looks at the clock a hundred times a second, and counts no more than twice as long for any interval: whatever
    waits for a timer is measured in full, while being stopped, or not being scheduled, counts as next to nothing.
    """

    TICK = 0.01

    def __init__(self) -> None:
        self.seconds = 0.0
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> Stopwatch:
        self._looked = self._loop.time()
        self._timer = self._loop.call_later(self.TICK, self._look)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        self._count()

    def _look(self) -> None:
        self._count()
        self._timer = self._loop.call_later(self.TICK, self._look)

    def _count(self) -> None:
        now = self._loop.time()
        self.seconds += min(now - self._looked, 2 * self.TICK)
        self._looked = now


def clock_to_put_forward() -> Callable[[float], None]:
    """Make the running loop's clock one that can be put forward, and give what does it, by seconds.

    So a time-out is over when a test says so, and not while a slow machine is still on its way to what it is about.
    """
    loop = asyncio.get_running_loop()
    real, ahead = loop.time, 0.0

    def forward(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds
        loop.call_soon(bool)  # it may be asleep until a timer that is due now

    vars(loop)["time"] = lambda: real() + ahead  # the loop asks for its own time by this name, and ends with its test
    return forward
