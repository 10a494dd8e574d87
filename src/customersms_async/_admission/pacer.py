"""The pace: smooths bursts below the limits, before they reach a small host."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from typing import TYPE_CHECKING, final

from aiolimiter import AsyncLimiter

if TYPE_CHECKING:
    from ..models import Limit


@final
class Pacer:
    """Gives out turns at the paces that a key's clients ask for; ``None`` is no pace, and always has a turn.

    A turn is taken before the store is asked for tokens, and kept until a request leaves with it. Mutable state: a
    limiter for each pace; the paces of which one turn is kept.
    """

    __slots__ = ("_kept", "_limiters")

    def __init__(self) -> None:
        self._limiters: dict[Limit, AsyncLimiter] = {}
        self._kept: tuple[Limit, ...] = ()

    def has_turn(self, pace: Limit | None) -> bool:
        """Whether a turn of this pace is kept."""
        return pace is None or pace in self._kept

    def is_ready(self, pace: Limit | None) -> bool:
        """Whether a turn is kept, or could be taken without a wait."""
        return pace is None or pace in self._kept or self._limiter(pace).has_capacity()

    async def take_turn(self, pace: Limit | None) -> None:
        """Wait for a turn and keep it, unless one is kept."""
        if pace is not None and pace not in self._kept:
            await self._limiter(pace).acquire()
            self._kept += (pace,)

    def use_turn_now(self, pace: Limit | None) -> None:
        """Let a request leave at once, with the turn that is kept or a new one; only where ``is_ready``."""
        if pace is None:
            return
        if pace in self._kept:
            self.use_turn(pace)
            return
        # aiolimiter has no plain call to count a turn; where it has room, its coroutine ends without a wait.
        with contextlib.suppress(StopIteration):
            self._limiter(pace).acquire().send(None)

    def use_turn(self, pace: Limit | None) -> None:
        """Let a request leave with the turn that is kept."""
        if pace is not None:
            self._kept = tuple(other for other in self._kept if other != pace)

    def wait_us(self, pace: Limit | None, ahead: int) -> int:
        """How long the pace alone makes a newcomer wait behind ``ahead`` others; to a hundredth of a turn."""
        if pace is None:
            return 0
        limiter, turns = self._limiter(pace), 100 * pace.requests
        free = bisect_left(range(turns), True, key=lambda part: not limiter.has_capacity((part + 1) / 100)) / 100
        missing = ahead + 1 - free - (pace in self._kept)
        return max(0, round(missing * pace.seconds / pace.requests * 1e6))

    def _limiter(self, pace: Limit) -> AsyncLimiter:
        limiter = self._limiters.get(pace)
        if limiter is None:
            limiter = self._limiters[pace] = AsyncLimiter(pace.requests, pace.seconds)
        return limiter
