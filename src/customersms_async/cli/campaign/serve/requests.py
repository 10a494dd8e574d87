"""Requests over time of a campaign that goes on: each attempt is read once, when its answer is known."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, final

from ....campaign.figures import TimeSpan
from ....campaign.rows import MOST_BARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ....campaign.rows import SeenAttempt, Timeline
    from ....models import Limit

MOST_READ: Final = 2_000
"""Attempts that are read at a time."""

_YOUNG_US: Final = 900_000_000
"""An attempt that has had no answer for so long has none for good, or its answer changes one request of a chart."""

_COMMITTED_US: Final = 10_000_000
"""One that began so long before the last one is surely committed: several are begun at a time."""


@final
class RequestTimes:
    """How many requests began when, in windows of each limit that a chart may be drawn in.

    Mutable state: the attempts that may change, and that stand behind all others; the counts of the others, by the
    limit's window; when the first of them began, and the last one; and which one is the last.
    """

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = tuple(limits)
        self._settled: dict[int, Counter[int]] = {limit.window_us: Counter() for limit in limits}
        self._tail: list[SeenAttempt] = []
        self._first_us: int | None = None
        self._last_us = 0
        self.last: SeenAttempt | None = None

    def take(self, read: list[SeenAttempt]) -> tuple[bool, list[str]]:
        """Take in what was ``read`` behind ``last``: all there is, unless it is ``MOST_READ``.

        Gives whether there may be more, and the places (``id_ranges``) of those that are new or have an answer now.
        """
        known = {one.number: one.left for one in self._tail}
        news = [one.ids for one in read if one.number not in known or known[one.number] is not one.left]
        newest_us = max((one.began_us for one in read), default=0)
        more = len(read) >= MOST_READ
        settled = 0
        for one in read:
            may_change = one.left is None and one.began_us > newest_us - _YOUNG_US
            if (may_change or one.began_us > newest_us - _COMMITTED_US) and not (more and settled < MOST_READ // 2):
                break
            settled += 1
        self._settle(read[:settled])
        self._tail = read[settled:]
        return more, news

    def timeline(self) -> Timeline | None:
        """The requests in windows of the shortest limit that gives few enough; ``None`` if there are none."""
        tail = [one.began_us for one in self._tail if one.left is not False]
        first_us = self._first_us if self._first_us is not None else min(tail, default=None)
        if first_us is None:
            return None
        span = TimeSpan.of(first_us, max(self._last_us, *tail, first_us), self._limits)
        bars = self._settled[span.limit.window_us] + _bars(tail, first_us, span.limit.window_us)
        return span.timeline(bars.items())

    def _settle(self, attempts: Sequence[SeenAttempt]) -> None:
        if not attempts:
            return
        self.last = attempts[-1]
        left = [one.began_us for one in attempts if one.left is not False]
        if not left:
            return
        if self._first_us is None:
            self._first_us = min(left)
        self._last_us = max(self._last_us, *left)
        longest = max(self._settled)
        for window_us in list(self._settled):
            if window_us < longest and (self._last_us - self._first_us) // window_us >= MOST_BARS:
                del self._settled[window_us]  # no chart is drawn in it any more
            else:
                self._settled[window_us] += _bars(left, self._first_us, window_us)


def _bars(times: Iterable[int], first_us: int, window_us: int) -> Counter[int]:
    return Counter((us - first_us) // window_us for us in times)
