"""Virtual time for libraries that know nothing of it: days pass in seconds.

``CLOCK.take_over`` replaces every clock of the ``time`` module, so it has to run before the libraries are imported. The
event loop jumps to its next timer instead of waiting for it, and work that a library gives to threads is done at once.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")

DAY = 86_400.0

TICK = 1e-7
"""What one turn of the loop takes at least: a timer set for a rounding error away would otherwise spin for ever."""


class Clock:
    """Virtual time, in seconds since the epoch; small, so that a float of it counts nanoseconds."""

    def __init__(self) -> None:
        self.now = 10 * DAY

    def take_over(self) -> None:
        """Have every clock of the ``time`` module show this time."""
        for name in ("time", "monotonic", "perf_counter"):
            setattr(time, name, lambda: self.now)
            setattr(time, f"{name}_ns", lambda: round(self.now * 1e9))


class Selector(selectors.DefaultSelector):
    """Moves the clock on where another would wait."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; if that is nothing, ``timeout`` seconds have passed."""
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("nothing is left to wait for")
            self._clock.now += max(TICK, timeout)
        return events


class Inline(ThreadPoolExecutor):
    """Runs what it is given at once, in the caller's thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """A future that is done."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        super().__init__(Selector(clock))
        self.set_default_executor(Inline())

    def time(self) -> float:
        """The virtual time, in seconds since the epoch."""
        return self.clock.now


CLOCK = Clock()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on virtual time, from the next midnight on."""
    CLOCK.now = (CLOCK.now // DAY + 1) * DAY
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(CLOCK)) as runner:
        return runner.run(main)
