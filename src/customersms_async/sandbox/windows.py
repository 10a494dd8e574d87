"""The provider's limits as a server might count them: fixed windows and rolling windows, both at once.

The provider doesn't say which it uses, so a request is let in only if both ways of counting let it in, and each
refusal is counted for each way. A refused request takes no place.

- A fixed window of W runs from one multiple of W (since 1970) to the next.
- A rolling window is half-open: within [t, t + W) at most L requests, for every t; a request exactly W after
  another is in a window of its own.

Each fixed window is also a rolling one, so whatever the fixed windows refuse, the rolling ones refuse too. Cost:
O(1) amortised a request and limit; memory is one integer for each request of the last W.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models import Limit


class WindowRefusal(msgspec.Struct, frozen=True):
    """The way of counting that said no, and how long until both would say yes if nothing else came."""

    fixed: bool
    rolling: bool
    wait_us: int


@final
class Windows:
    """All limits of one key, each as a fixed and as a rolling window."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._each = tuple(_LimitWindows(limit) for limit in limits)
        self._last_us = 0

    def take(self, now_us: int) -> WindowRefusal | None:
        """Let a request in at ``now_us`` and return ``None``, or take nothing and return the refusal.

        Time never runs backwards here: a ``now_us`` below an earlier one counts as that one.
        """
        now_us = self._last_us = max(now_us, self._last_us)
        fixed = max((window.fixed_wait(now_us) for window in self._each), default=0)
        rolling = max((window.rolling_wait(now_us) for window in self._each), default=0)
        if fixed or rolling:
            return WindowRefusal(fixed=fixed > 0, rolling=rolling > 0, wait_us=max(fixed, rolling))
        for window in self._each:
            window.add(now_us)
        return None


@final
class _LimitWindows:
    """One limit, counted both ways.

    Mutable: the current fixed window's number and count; the times of the last W, oldest first.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit, self._length_us = limit.requests, limit.window_us
        self._number, self._count = -1, 0
        self._times: deque[int] = deque()

    def fixed_wait(self, now_us: int) -> int:
        """The microseconds until the fixed window has a place; 0 if it has one now."""
        number, passed = divmod(now_us, self._length_us)
        if number != self._number:
            self._number, self._count = number, 0
        return 0 if self._count < self._limit else self._length_us - passed

    def rolling_wait(self, now_us: int) -> int:
        """The microseconds until the rolling window has a place; 0 if it has one now."""
        while self._times and self._times[0] <= now_us - self._length_us:
            self._times.popleft()
        return 0 if len(self._times) < self._limit else self._times[0] + self._length_us - now_us

    def add(self, now_us: int) -> None:
        self._count += 1
        self._times.append(now_us)
