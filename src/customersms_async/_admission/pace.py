"""The pace: smooths bursts below the limits, before they reach a small host."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, final

from aiolimiter import AsyncLimiter

if TYPE_CHECKING:
    from ..models import Limit


@final
class Paces:
    """One limiter for each pace that a key's clients want; ``None`` is no pace, and always ready.

    Mutable state: the limiters, and of which of them a turn is in hand, taken and not used yet.
    """

    __slots__ = ("_in_hand", "_limiters")

    def __init__(self) -> None:
        self._limiters: dict[Limit, AsyncLimiter] = {}
        self._in_hand: tuple[Limit, ...] = ()

    def has_turn(self, pace: Limit | None) -> bool:
        """Whether a turn is in hand."""
        return pace is None or pace in self._in_hand

    def is_ready(self, pace: Limit | None) -> bool:
        """Whether a turn is in hand, or ``take_turn`` would not wait."""
        return pace is None or pace in self._in_hand or self._of(pace).has_capacity()

    async def take_turn(self, pace: Limit | None) -> None:
        """Wait for a turn and keep it in hand, unless one is."""
        if pace is not None and pace not in self._in_hand:
            await self._of(pace).acquire()
            self._in_hand += (pace,)

    def use_turn(self, pace: Limit | None) -> None:
        """Spend the turn in hand."""
        if pace is not None:
            self._in_hand = tuple(other for other in self._in_hand if other != pace)

    def wait_us(self, pace: Limit | None, ahead: int) -> int:
        """How long the pace alone makes a newcomer wait behind ``ahead`` others; to a hundredth of a turn."""
        if pace is None:
            return 0
        limiter, turns = self._of(pace), 100 * pace.requests
        free = bisect_left(range(turns), True, key=lambda part: not limiter.has_capacity((part + 1) / 100)) / 100
        missing = ahead + 1 - free - (pace in self._in_hand)
        return max(0, round(missing * pace.seconds / pace.requests * 1e6))

    def _of(self, pace: Limit) -> AsyncLimiter:
        limiter = self._limiters.get(pace)
        if limiter is None:
            limiter = self._limiters[pace] = AsyncLimiter(pace.requests, pace.seconds)
        return limiter
