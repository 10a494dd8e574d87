"""The quota of one process, in memory."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, final

from ..buckets import Buckets, Wait
from ..clock import now_us
from .protocol import Grant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..buckets import Layer, Usage


@final
class MemoryQuota:
    """Shares each key's quota between all clients of this process that are given the same ``MemoryQuota``.

    Clients that are given no store share one of these. It is bound to no event loop and may be used from several
    threads; it is forgotten when the process ends, so a restarted worker starts with an unused quota: use a shared
    store where that matters. ``clock`` gives integer microseconds and is for tests.

    Mutable state, guarded by one lock that is never held across an ``await``: the buckets of each key, and who wants
    to hear of a change to them.
    """

    def __init__(self, *, clock: Callable[[], int] = now_us) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, Buckets] = {}
        self._watchers: dict[str, list[Callable[[], None]]] = {}

    async def take(
        self, key_id: str, layers: Sequence[Layer], hold_us: int, on_change: Callable[[], None]
    ) -> Grant | Wait:
        """See ``QuotaStore.take``; never suspends, like every method here."""
        with self._lock:
            taken = self._of(key_id).take(self._clock(), layers, hold_us)
            if not isinstance(taken, Wait):
                return Grant(taken)
            watchers = self._watchers.setdefault(key_id, [])
            if on_change not in watchers:
                watchers.append(on_change)
            return taken

    async def renew(self, key_id: str, grant: Grant, layers: Sequence[Layer], hold_us: int) -> Grant | Wait:
        """See ``QuotaStore.renew``."""
        with self._lock:
            now, buckets = self._clock(), self._of(key_id)
            buckets.give_back(now, grant.id)
            taken = buckets.take(now, layers, hold_us)
        if not isinstance(taken, Wait):
            return Grant(taken)
        self._tell(key_id)
        return taken

    async def settle(self, key_id: str, grant: Grant) -> None:
        """See ``QuotaStore.settle``."""
        with self._lock:
            self._of(key_id).settle(self._clock(), grant.id)
        self._tell(key_id)

    async def give_back(self, key_id: str, grant: Grant) -> None:
        """See ``QuotaStore.give_back``."""
        with self._lock:
            self._of(key_id).give_back(self._clock(), grant.id)
        self._tell(key_id)

    async def pause(self, key_id: str, pause_us: int) -> None:
        """See ``QuotaStore.pause``."""
        with self._lock:
            self._of(key_id).pause(self._clock(), pause_us)

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """See ``QuotaStore.forecast_us``."""
        with self._lock:
            return self._of(key_id).forecast_us(self._clock(), line)

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """See ``QuotaStore.usage``."""
        with self._lock:
            now, buckets = self._clock(), self._of(key_id)
            return buckets.usage(now, layers), buckets.paused_us(now)

    def _of(self, key_id: str) -> Buckets:
        buckets = self._buckets.get(key_id)
        if buckets is None:
            buckets = self._buckets[key_id] = Buckets()
        return buckets

    def _tell(self, key_id: str) -> None:
        with self._lock:
            watchers = self._watchers.pop(key_id, ())
        for on_change in watchers:
            on_change()


PROCESS_QUOTA = MemoryQuota()
"""The store of all clients that are given none."""
