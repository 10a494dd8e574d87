"""The buckets of all keys of a store in memory, most of which may rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, final

from .buckets import Buckets
from .sweep import IdleSweep

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_US: Final = 1_000_000
"""How long until the next sweep where most keys are in use: looking at them takes 0.005% of a processor then."""

_AT_A_TIME: Final = 64
"""Keys that are looked at in one sweep, which then takes a tenth of a millisecond at most."""


@final
class KeyBuckets:
    """The buckets of each key; of one whose longest window is over, what later limits need, in a fifth of the memory.

    ``on_rest`` is that of ``Buckets``. Mutable state: the buckets of keys that are in use (``awake``), those of others
    as bytes, in which order they are looked at, when they are next (``due_us``), and how many have come to rest since
    ``awake`` was copied.
    """

    def __init__(self, on_rest: Callable[[], object] | None = None) -> None:
        self._on_rest = on_rest
        self.awake: dict[str, Buckets] = {}
        self._at_rest: dict[str, bytes] = {}
        self._sweep: IdleSweep[str] = IdleSweep(_AT_A_TIME, PAUSE_US)
        self._gone = 0
        self.due_us: float = 0

    def of(self, key_id: str, now_us: int) -> Buckets:
        """The buckets of a key, which are its own until the next sweep."""
        return self.awake.get(key_id) or self.wake(key_id, now_us)

    def wake(self, key_id: str, now_us: int) -> Buckets:
        """The buckets of a key that is not ``awake``."""
        if now_us >= self.due_us:
            self.sweep(now_us)
        packed = self._at_rest.pop(key_id, None)
        buckets = Buckets(self._on_rest) if packed is None else Buckets.__unpacked__(packed, self._on_rest)
        self.awake[key_id] = buckets
        self._sweep.add(key_id)
        return buckets

    def sweep(self, now_us: int) -> None:
        """Let some of the keys rest whose longest window is over; to be called when it is due."""
        self.due_us = now_us + self._sweep.run(partial(self._rests, now_us))
        if self._gone > len(self.awake):  # a dictionary keeps the room that ten thousand took
            self.awake, self._gone = dict(self.awake), 0

    def _rests(self, now_us: int, key_id: str) -> bool:
        packed = self.awake[key_id].__packed__(now_us)
        if packed is None:
            return False
        del self.awake[key_id]
        self._gone += 1
        if packed:
            self._at_rest[key_id] = packed
        return True
