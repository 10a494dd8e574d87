"""The pace: smooths bursts below the limits, before they reach a small host."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from aiolimiter import AsyncLimiter

if TYPE_CHECKING:
    from ..models import Limit


@final
class Pacer:
    """Counts the turns at the paces that a key's clients ask for; ``None`` is no pace, and always has a turn.

    Nobody waits here: the dispatcher asks how long it takes until there is a turn. Mutable state: a limiter for each
    pace.
    """

    __slots__ = ("_limiters",)

    def __init__(self) -> None:
        self._limiters: dict[Limit, AsyncLimiter] = {}

    @property
    def is_at_rest(self) -> bool:
        """Whether all turns of all paces are there."""
        return all(limiter.has_capacity(limiter.max_rate) for limiter in self._limiters.values())

    def is_ready(self, pace: Limit | None) -> bool:
        """Whether there is a turn now."""
        return pace is None or self._limiter(pace).has_capacity()

    def use_turn(self, pace: Limit | None) -> None:
        """Let a request leave; only where ``is_ready``."""
        if pace is not None:
            # aiolimiter has no plain call to count a turn; where it has room, its coroutine ends without a wait.
            try:  # noqa: SIM105 - every send comes here, and half of what this costs would be contextlib's
                self._limiter(pace).acquire().send(None)
            except StopIteration:
                pass

    def wait(self, pace: Limit | None) -> float:
        """Seconds until there is a turn, if nobody uses one before; 0 if there is one now."""
        missing = 0.0 if pace is None else self._missing(pace, 1)
        return missing + 1e-6 if missing else 0.0

    def wait_us(self, pace: Limit | None, ahead: int) -> int:
        """How long the pace alone makes a newcomer wait behind ``ahead`` others, in microseconds."""
        return 0 if pace is None else round(self._missing(pace, ahead + 1) * 1e6)

    def _missing(self, pace: Limit, turns: int) -> float:
        """Seconds until so many turns are there at once, however many that is."""
        limiter = self._limiter(pace)
        limiter.has_capacity()  # which brings its level up to now
        used = limiter._level  # noqa: SLF001 - by asking for amounts a wait took a third more
        return max(0.0, (used + turns - pace.requests) * pace.seconds / pace.requests)

    def _limiter(self, pace: Limit) -> AsyncLimiter:
        limiter = self._limiters.get(pace)
        if limiter is None:
            limiter = self._limiters[pace] = AsyncLimiter(pace.requests, pace.seconds)
        return limiter
