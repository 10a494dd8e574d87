"""An event loop whose clock jumps to the next timer instead of waiting for it: hours pass in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

from customersms_async import MemoryQuota

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping


T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Never waits: time that nobody uses is skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("nothing is left to wait for: the test would hang")
            self.now += max(1e-7, timeout)  # never quite still, or a timer set for a rounding error away spins for ever
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time, which begins at 1,000,000 s."""

    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)

    def time(self) -> float:
        return 1e6 + self.clock.now

    def now_us(self) -> int:
        return round(self.time() * 1e6)

    def quota(self) -> MemoryQuota:
        """A store on this loop's clock."""
        return MemoryQuota(clock=self.now_us)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on virtual time, and fail if anything was left behind or went wrong unseen."""
    problems: list[Mapping[str, Any]] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: problems.append(context))
        result = runner.run(main)
    assert not problems, problems
    return result


def loop() -> VirtualLoop:
    """The running virtual loop."""
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop)
    return running
