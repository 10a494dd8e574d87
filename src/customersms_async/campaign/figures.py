"""Figures of a campaign that a report shows beside its counts, whatever kind of ledger they come from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from .._core.calling_codes import calling_code
from ..models import Limit  # noqa: TC001 - a NamedTuple's annotations are read
from .rows import MOST_BARS, Timeline
from .states import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class TimeSpan(NamedTuple):
    """The time from a campaign's first request on, cut into so many windows of ``limit``."""

    limit: Limit
    start_us: int
    windows: int

    @classmethod
    def of(cls, first_us: int, last_us: int, limits: Sequence[Limit]) -> TimeSpan:
        """The time in windows of the shortest of ``limits`` that gives few enough."""
        by_length = sorted(limits, key=lambda limit: limit.window_us)
        fitting = [limit for limit in by_length if (last_us - first_us) // limit.window_us < MOST_BARS]
        limit = fitting[0] if fitting else by_length[-1]
        return cls(limit, first_us, min(MOST_BARS, (last_us - first_us) // limit.window_us + 1))

    def timeline(self, requests: Iterable[tuple[object, int]]) -> Timeline:
        """The requests in each window; what no campaign writes has no bar."""
        bars = [0] * self.windows
        for bar, count in requests:
            if isinstance(bar, int) and 0 <= bar < len(bars):
                bars[bar] = count
        return Timeline(self.limit, self.start_us, bars)


def by_calling_code(counts: Iterable[tuple[str, State, int]]) -> list[tuple[str, Counter[State]]]:
    """The recipients by calling code, those with the most failures first, by how numbers begin (four characters)."""
    found: dict[str, Counter[State]] = {}
    for start, state, count in counts:
        found.setdefault(calling_code(start), Counter())[state] += count
    return sorted(found.items(), key=lambda item: (-item[1][State.REJECTED] - item[1][State.UNKNOWN], item[0]))
