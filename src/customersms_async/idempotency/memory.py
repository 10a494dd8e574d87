"""Idempotency keys of one process, in memory."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final, NoReturn, Self, final

import msgspec

from .._core.idempotency_record import SPENT_US, KeyRecord, as_of
from .._core.idempotency_states import UNSURE, KeyState
from .._runtime import forks
from .._runtime.clock import now_us
from . import key_table
from .keeping import DEFAULT_KEEP, Keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .._core.idempotency_hashes import KeyHashes
    from .._core.idempotency_record import Claim, KeySeen
    from .._core.idempotency_states import KeyEvent
    from .protocol import ClaimEnd, UnknownKey

_LOOKED_AT: Final = 4
"""Keys that each newly claimed one looks at while a sweep is under way, to drop what was kept for long enough: more
than one, so that the rest shrinks."""

_FEW: Final = 64
"""Keys among which nothing is looked for."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(KeyRecord).decode


@final
class MemoryIdempotency:
    """Keeps idempotency keys for all clients of this process that are given the same ``MemoryIdempotency``.

    ``keep``: seconds that a key is kept from its end, 7 days unless said otherwise. ``namespace`` keeps the keys of
    some apart from those of others. ``secret`` keys the hashes, for where others may read this memory.

    It is bound to no event loop and may be used from several threads; it is forgotten when the process ends, and so are
    its keys: a job that is delivered again to another process is sent again. Use a shared store where that matters. It
    can't be pickled or copied. ``clock`` gives integer microseconds and is for tests.

    Mutable state, guarded by one lock that is never held across an ``await``: the keys of each namespace.

    Raises:
        ConfigurationError: for a ``keep``, ``namespace`` or ``secret`` that can't be one.
        TypeError: when it is pickled or copied.

    Example:
        ```python
        keys = MemoryIdempotency()
        keeping = client.with_options(idempotency=keys)
        await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        again = await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        print(again.replayed)  # True: nothing was sent
        ```
    """

    in_process = True
    """No method ever suspends."""

    def __init__(
        self,
        *,
        keep: float = DEFAULT_KEEP,
        namespace: str = "",
        secret: str | bytes | None = None,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self._begin(Keeping(keep, namespace, secret), _Shared(clock))

    def _begin(self, keeping: Keeping, shared: _Shared) -> None:
        self.hashes: KeyHashes = keeping.hashes
        self._keeping = keeping
        self._shared = shared
        with shared.lock:
            self._keys = shared.spaces.setdefault(keeping.space, _Keys(keeping.keep_us))

    def __repr__(self) -> str:
        return "MemoryIdempotency()"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a MemoryIdempotency can't be pickled or copied: it is shared within one process only. Give processes that"
            " are to share keys a SQLiteIdempotency, of one host, or a RedisIdempotency"
        )

    def namespaced(self, name: str) -> Self:
        """A store of the keys of ``name`` in the same memory: see ``IdempotencyStore.namespaced``."""
        other = object.__new__(type(self))
        other._begin(self._keeping.of(name), self._shared)
        return other

    async def look(self, keys: Sequence[bytes]) -> Sequence[KeySeen | None]:
        """How each key stands: see ``IdempotencyStore.look``.

        Never suspends, like every method here.
        """
        if self._keys.kept.keys().isdisjoint(keys):
            return [None] * len(keys)
        with self._shared.lock:
            return key_table.look(self._keys, self._shared.now_us(), keys)

    async def claim(self, claim: Claim, asked: Sequence[tuple[bytes, bytes]]) -> Sequence[KeySeen | None]:
        """Claim all of these keys, or none and say how each stands: see ``IdempotencyStore.claim``."""
        with self._shared.lock:
            return key_table.claim(self._keys, self._shared.now_us(), claim, asked)

    async def end(self, claim: bytes, ends: Sequence[ClaimEnd]) -> None:
        """Store what became of the texts of a claim: see ``IdempotencyStore.end``."""
        with self._shared.lock:
            key_table.end(self._keys, self._shared.now_us(), claim, ends)

    async def unknown(self) -> Sequence[UnknownKey]:
        """The keys whose texts may have been sent, oldest first: see ``IdempotencyStore.unknown``.

        Looks at every key.
        """
        with self._shared.lock:
            return key_table.unknown(self._keys, self._shared.now_us())

    async def resolve(self, key: bytes, claim: bytes, event: KeyEvent, by: str) -> int:
        """Decide as a person about the text of a claim: see ``IdempotencyStore.resolve``."""
        with self._shared.lock:
            return key_table.resolve(self._keys, self._shared.now_us(), key, claim, event, by)

    async def aclose(self) -> None:
        """Do nothing, as there is nothing to close."""


@final
class _Shared:
    """What all namespaces of one store share. Mutable state: the latest time, and the keys of each namespace."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.lock = threading.RLock()
        self.spaces: dict[bytes, _Keys] = {}
        self._clock = clock
        self._last_us = 0
        self._guard = forks.Guard(self.lock)

    def now_us(self) -> int:
        """The time; a clock that steps back stands still."""
        now_us = self._clock()
        if now_us < self._last_us:
            return self._last_us
        self._last_us = now_us
        return now_us


@final
class _Keys:
    """The keys of one namespace: packed, some 270 bytes each, but for those that are claimed.

    Mutable state: the records; the keys in the order in which they are looked at to be dropped; of how many a sweep
    under way has still to look at; and from how many keys on, and when, the next one begins.
    """

    __slots__ = ("_keep_us", "_order", "_sweep_at", "_sweep_from_us", "_unswept", "kept")

    def __init__(self, keep_us: int) -> None:
        self.kept: dict[bytes, bytes | KeyRecord] = {}
        self._keep_us = keep_us
        self._order: deque[bytes] = deque()
        self._unswept = 0
        self._sweep_at = _FEW
        self._sweep_from_us = 0

    def read(self, key: bytes, now_us: int) -> KeyRecord | None:
        """The record of a key as it stands now."""
        kept = self.kept.get(key)
        if kept is None:
            return None
        return as_of(_unpack(kept) if isinstance(kept, bytes) else kept, now_us, self._keep_us)

    def write(self, key: bytes, record: KeyRecord) -> None:
        """Keep a record."""
        if key not in self.kept:
            self._order.append(key)
        self.kept[key] = record if record.state is KeyState.CLAIMED else _pack(record)

    def unsure(self, now_us: int) -> Iterable[tuple[bytes, KeyRecord]]:
        """The keys whose texts may have been sent."""
        records = ((key, self.read(key, now_us)) for key in self.kept)
        return [(key, record) for key, record in records if record is not None and record.state in UNSURE]

    def drop(self, now_us: int) -> None:
        """Look at a few keys in turn, and drop those that were kept for long enough; pack those that lapsed.

        Begins anew when the keys have doubled, and not before what has come since could have been kept for so long.
        """
        if not self._unswept:
            if now_us < self._sweep_from_us or len(self._order) < self._sweep_at:
                return
            self._unswept = len(self._order)
            self._sweep_from_us = now_us + min(SPENT_US, self._keep_us)
        looked_at = min(_LOOKED_AT, self._unswept)
        self._unswept -= looked_at
        for _ in range(looked_at):
            key = self._order.popleft()
            record = self.read(key, now_us)
            if record is None:
                del self.kept[key]
            else:
                self._order.append(key)
                if record.state is not KeyState.CLAIMED:
                    self.kept[key] = _pack(record)
        if not self._unswept:
            self._sweep_at = 2 * len(self._order) + _FEW
