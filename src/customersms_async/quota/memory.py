"""The quota of one process, in memory."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, NoReturn, final

from .._core.key_buckets import KeyBuckets
from .._runtime import forks
from .._runtime.clock import now_us
from .protocol import warn_of_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._core.buckets import Buckets
    from .._core.cap_log import CapLog
    from .._core.caps import CapHit, CappedText
    from .._core.layers import Layer, Usage, Wait


@final
class MemoryQuota:
    """Shares each key's quota between all clients of this process that are given the same ``MemoryQuota``.

    Clients that are given no store share one of these. It is bound to no event loop and may be used from several
    threads; it is forgotten when the process ends, so a restarted worker starts with an unused quota: use a shared
    store where that matters. It can't be pickled or copied. ``clock`` gives integer microseconds and is for tests.

    Mutable state, guarded by one lock that is never held across an ``await``: the buckets of each key, what counts for
    caps once they are used, and whether there is a warning to be logged, without the lock, as a handler may do
    anything.

    Raises:
        TypeError: when it is pickled or copied.

    Example:
        ```python
        shared = MemoryQuota()
        async with AsyncClient(quota=shared) as codes, AsyncClient(quota=shared) as newsletters:
            await codes.send("+12125551234", "Your code is 123456")
            print((await newsletters.quota_status()).limits[0].used)  # 1
        ```
    """

    in_process = True

    def __init__(self, *, clock: Callable[[], int] = now_us) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._caps: CapLog | None = None
        self._guard = forks.Guard(self._lock)
        self._unsaid: list[bool] = []
        self._keys = KeyBuckets(functools.partial(self._unsaid.append, True))

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a MemoryQuota can't be pickled or copied: it is shared within one process only. Give processes that are to"
            " share a quota a SQLiteQuota, of one host, or a RedisQuota"
        )

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Take one token of every layer, or none and say how long to wait: see ``QuotaStore.take``.

        Never suspends, like every method here.
        """
        return self.take_now(key_id, layers, hold_us)

    def take_now(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Do as ``take``, in a plain call: see ``InProcessQuotaStore.take_now``."""
        self._lock.acquire()  # half the cost of a with statement, here and in settle
        try:
            keys, now = self._keys, self._clock()
            buckets = keys.awake.get(key_id) or keys.wake(key_id, now)
            granted = buckets.take(now, layers, hold_us)
            if now >= keys.due_us:
                keys.sweep(now)
        finally:
            self._lock.release()
        if self._unsaid:
            self._warn()
        return granted

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Give a request back and take another, in one step: see ``QuotaStore.renew``."""
        with self._lock:
            now, buckets = self._now_of(key_id)
            buckets.give_back(now, request)
            renewed = buckets.take(now, layers, hold_us)
        self._warn()
        return renewed

    async def settle(self, key_id: str, request: int) -> None:
        """Hear that the script's answer to a request is known: see ``QuotaStore.settle``."""
        self._lock.acquire()
        try:
            keys, now = self._keys, self._clock()
            buckets = keys.awake.get(key_id) or keys.wake(key_id, now)
            buckets.settle(now, request)
        finally:
            self._lock.release()

    async def give_back(self, key_id: str, request: int) -> None:
        """Hear that a request provably never left: see ``QuotaStore.give_back``."""
        with self._lock:
            now, buckets = self._now_of(key_id)
            buckets.give_back(now, request)

    async def pause(self, key_id: str, pause_us: int) -> None:
        """Grant nothing for so long: see ``QuotaStore.pause``."""
        with self._lock:
            now, buckets = self._now_of(key_id)
            buckets.pause(now, pause_us)

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of a line's last request, in microseconds: see ``QuotaStore.forecast_us``."""
        return self.forecast_now_us(key_id, line)

    def forecast_now_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """Do as ``forecast_us``, in a plain call: see ``InProcessQuotaStore.forecast_now_us``."""
        with self._lock:
            now, buckets = self._now_of(key_id)
            forecast_us = buckets.forecast_us(now, line)
        self._warn()
        return forecast_us

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds: see ``QuotaStore.usage``."""
        return self.usage_now(key_id, layers)

    def usage_now(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """Do as ``usage``, in a plain call, in any thread: see ``InProcessQuotaStore.usage_now``."""
        with self._lock:
            now, buckets = self._now_of(key_id)
            usage = buckets.usage(now, layers), buckets.paused_us(now)
        self._warn()
        return usage

    async def look_at_caps(self, space: bytes, texts: Sequence[CappedText]) -> Sequence[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it: see ``CapStore.look_at_caps``."""
        with self._lock:
            return (self._caps or self._new_caps()).look(self._clock(), space, texts)

    async def take_caps(self, space: bytes, texts: Sequence[CappedText], hold_us: int) -> Sequence[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap: see ``CapStore.take_caps``."""
        with self._lock:
            return (self._caps or self._new_caps()).take(self._clock(), space, texts, hold_us)

    async def end_caps(self, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``."""
        with self._lock:
            (self._caps or self._new_caps()).end(self._clock(), space, answered, not_sent)

    def _new_caps(self) -> CapLog:
        from .._core.cap_log import CapLog  # few use caps

        self._caps = CapLog()
        return self._caps

    def _now_of(self, key_id: str) -> tuple[int, Buckets]:
        """The time, and the buckets of a key, for one call."""
        now = self._clock()
        return now, self._keys.of(key_id, now)

    def _warn(self) -> None:
        if self._unsaid:
            self._unsaid.clear()
            warn_of_rest()


PROCESS_QUOTA = MemoryQuota()
"""The store of all clients that are given none."""
