"""How fast a campaign goes: what its counts have gained while the page was watched."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, final

from ....campaign.states import State
from ...formats import length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ....campaign.rows import Count

_SPAN: Final = 120.0
"""Seconds that are looked back: two windows of the shortest documented limit."""

_SHORTEST: Final = 10.0
"""Seconds before anything is said: a request for a hundred may have come just now."""

_DONE: Final = (State.ACCEPTED, State.REJECTED, State.UNKNOWN)


@final
class MeasuredPace:
    """Recipients a minute that come to an end. Mutable state: how many had, at each look of the last two minutes."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def take(self, now: float, counts: Sequence[Count]) -> dict[str, Any]:
        """Take in the counts at ``now`` (seconds); gives the pace for the page, ``None`` while it is not known."""
        done = sum(count.recipients for count in counts if count.state in _DONE)
        planned = sum(count.recipients for count in counts if count.state is State.PLANNED)
        self._looks.append((now, done))
        while self._looks[0][0] < now - _SPAN:
            self._looks.popleft()
        began, before = self._looks[0]
        seconds = now - began
        if seconds < _SHORTEST:
            return {"per_minute": None, "seconds": None, "left": None}
        gained = max(0, done - before)
        return {
            "per_minute": round(60 * gained / seconds),
            "seconds": length(round(seconds, -1)),
            "left": length(planned * seconds / gained) if gained and planned else None,
        }
