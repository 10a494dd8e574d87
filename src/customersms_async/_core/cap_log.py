"""What counts for caps, in the memory of one process: the rule of ``caps`` over lists of times.

A number with a few texts takes some 240 bytes, its hash and the dictionary included: its times are bytes that are
unpacked to be changed. Where there are many, as of all texts together, they are an array, and a text costs a search by
bisection. Rejected: an object for each number (twice as much), a list of the texts' ids (thrice): texts with equal
times are alike, so the time that is known of a text which is held is enough to find it.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING, Final, final

from .caps import hits, longest_window_us

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .caps import CapHit, CappedText, CapScope
    from .layers import Layer
    from .settle_times import SettleTimes

    _Gone = tuple[CappedText, tuple[CapScope, ...], int, bool]

_FEW: Final = 48
"""Times that are kept as bytes; unpacking more would cost more than a text does otherwise."""

_SWEPT: Final = 16
"""Entries that each text looks at while a sweep is under way: many more than it adds, or the next would find more each
time, and few enough that nobody waits."""

_REMEMBERED: Final = 16
"""Sets of layers that the windows asked for cover: a client has a few, and the texts of all have the same ones."""

_packed = struct.Struct("q").pack
"""Makes of one time what an array of it is in bytes."""


@final
class CapLog:
    """All that counts for caps. Times are integer microseconds of one clock; a clock that steps back stands still.

    Mutable state: the latest time seen, and each space, which nobody else touches.
    """

    __slots__ = ("_now_us", "_spaces")

    def __init__(self) -> None:
        self._now_us = 0
        self._spaces: dict[bytes, _Space] = {}

    def look(self, now_us: int, space: bytes, texts: Sequence[CappedText]) -> list[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it: see ``CapStore.look_at_caps``."""
        self._now_us = now_us = max(now_us, self._now_us)
        of_space = self._spaces.get(space) or self._new(space)
        found, earlier = of_space.judge(now_us, texts)
        if earlier:
            of_space.restore(earlier)
        return found

    def take(self, now_us: int, space: bytes, texts: Sequence[CappedText], hold_us: int) -> list[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap: see ``CapStore.take_caps``."""
        self._now_us = now_us = max(now_us, self._now_us)
        of_space = self._spaces.get(space) or self._new(space)
        found, earlier = of_space.judge(now_us, texts)
        if any(found):
            of_space.restore(earlier)
        else:
            of_space.hold(now_us, texts, hold_us)
        return found

    def end(self, now_us: int, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``."""
        self._now_us = now_us = max(now_us, self._now_us)
        of_space = self._spaces.get(space) or self._new(space)
        if answered:
            of_space.end(now_us, answered, now_us)
        if not_sent:
            of_space.end(now_us, not_sent, None)

    def _new(self, space: bytes) -> _Space:
        self._spaces[space] = _Space()
        return self._spaces[space]


@final
class _Space:
    """What is counted together.

    Mutable state: the times of each scope, ascending; when each held text lapses; of texts that may come again, the
    last try and its time; the longest window asked for, and layers whose windows are no longer; the entries to be
    looked at by a sweep under way, how many there must be for the next one, and when that may begin.
    """

    __slots__ = ("_held", "_longest_us", "_reached", "_sweep_at", "_sweep_from_us", "_times", "_unswept", "again")

    def __init__(self) -> None:
        self._times: dict[bytes, bytes | array[int]] = {}
        self._held: dict[bytes, int] = {}
        self.again: dict[bytes, tuple[CappedText, int]] = {}
        self._longest_us = 0
        self._reached: tuple[tuple[Layer, ...], ...] = ()
        self._unswept: list[bytes] = []
        self._sweep_at = 64
        self._sweep_from_us = 0

    def judge(self, now_us: int, texts: Sequence[CappedText]) -> tuple[list[CapHit | None], Sequence[_Gone]]:
        """The caps that these texts hit, once their earlier tries count no more; what ``restore`` needs of those.

        Times are kept for the longest window of these texts, too, from now on.
        """
        reached = self._reached
        for text in texts:
            for scope in text.scopes:
                if scope.layers not in reached:
                    self._longest_us = max(self._longest_us, longest_window_us([text]))
                    self._reached = reached = (scope.layers, *reached)[:_REMEMBERED]
        gone = self._let_go(texts) if self.again else ()
        return hits(now_us, texts, self.seen), gone

    def _let_go(self, texts: Sequence[CappedText]) -> list[_Gone]:
        """Count the earlier tries of these texts no more."""
        gone: list[_Gone] = []
        for text in texts:
            if text.again and (last := self.again.pop(text.again, None)) is not None:
                earlier, at_us = last
                keys = {scope.key for scope in text.scopes}
                shared = tuple(
                    each for each in earlier.scopes if each.key in keys and self._move(each.key, at_us, None)
                )
                held = self._held.pop(earlier.id, None) is not None
                gone.append((earlier, shared, at_us, held))
        return gone

    def restore(self, gone: Sequence[_Gone]) -> None:
        """Count again what was let go, as nothing has taken its place."""
        for earlier, shared, at_us, held in gone:
            self.again[earlier.again] = earlier, at_us
            for scope in shared:
                self._add(scope.key, at_us)
            if held:
                self._held[earlier.id] = at_us

    def hold(self, now_us: int, texts: Sequence[CappedText], hold_us: int) -> None:
        """Count these texts, until their answers are known as if they were sent when they lapse."""
        cut_us, lapse_us = now_us - self._longest_us, now_us + hold_us
        for text in texts:
            self._held[text.id] = lapse_us
            for scope in text.scopes:
                self._add(scope.key, lapse_us, cut_us)
            if text.again:
                self.again[text.again] = text, lapse_us
        if self._unswept or now_us >= self._sweep_from_us:
            self._sweep(now_us, hold_us, _SWEPT * len(texts))

    def end(self, now_us: int, texts: Sequence[CappedText], at_us: int | None) -> None:
        """Count the texts that are held from ``at_us`` on, or no more; those that are not held are ignored."""
        for text in texts:
            lapse_us = self._held.pop(text.id, now_us)
            if lapse_us <= now_us:
                continue
            for scope in text.scopes:
                self._move(scope.key, lapse_us, at_us)
            if not text.again:
                continue
            if at_us is not None:
                self.again[text.again] = text, at_us
            else:
                self.again.pop(text.again, None)

    def _sweep(self, now_us: int, hold_us: int, most: int) -> None:
        """Drop what no window reaches, looking at so many entries at most.

        Begins anew when they have doubled, and not before what was held at the last time has had time to lapse.
        """
        if not self._unswept:
            if self._entries() < self._sweep_at:
                return
            self._unswept = [*self.again, *self._held, *self._times][::-1]
            self._sweep_from_us = now_us + min(hold_us, self._longest_us)
        cut_us = now_us - self._longest_us
        for _ in range(min(most, len(self._unswept))):
            self._drop(self._unswept.pop(), now_us, cut_us)
        if not self._unswept:
            self._sweep_at = 2 * self._entries() + 64

    def _drop(self, key: bytes, now_us: int, cut_us: int) -> None:
        """Drop the entry of that key, in each of the three, if it is over."""
        if key in self._times and self.seen(key)[-1] <= cut_us:
            del self._times[key]
        if self._held.get(key, now_us + 1) <= now_us:
            del self._held[key]
        if key in self.again and self.again[key][1] <= cut_us:
            del self.again[key]

    def _entries(self) -> int:
        return len(self._times) + len(self._held) + len(self.again)

    def seen(self, key: bytes) -> SettleTimes:
        """The times of a scope, ascending."""
        kept = self._times.get(key, ())
        return memoryview(kept).cast("q") if isinstance(kept, bytes) else kept

    def _add(self, key: bytes, at_us: int, cut_us: int = 0) -> None:
        """Let one more time of a scope come, and those go that no window reaches."""
        kept = self._times.get(key)
        if kept is None:
            self._times[key] = _packed(at_us)
            return
        times = array("q", kept) if isinstance(kept, bytes) else kept
        insort(times, at_us)
        if times[0] <= cut_us:
            self._cut(times, cut_us)
        if times is not kept or len(times) <= _FEW:
            self._keep(key, times)

    def _move(self, key: bytes, old_us: int, new_us: int | None) -> bool:
        """Let one time of a scope be another, or go; false if it is no longer there."""
        kept = self._times.get(key, b"")
        if not isinstance(kept, bytes):
            times = kept
        elif kept != _packed(old_us):
            times = array("q", kept)
        else:  # the only one, as of most numbers
            if new_us is not None:
                self._times[key] = _packed(new_us)
            else:
                del self._times[key]
            return True
        place = bisect_left(times, old_us)
        if place == len(times) or times[place] != old_us:
            return False
        del times[place]
        if new_us is not None:
            insort(times, new_us)
        if times is not kept or len(times) <= _FEW:
            self._keep(key, times)
        return True

    def _keep(self, key: bytes, times: array[int]) -> None:
        self._times[key] = times.tobytes() if len(times) <= _FEW else times

    def _cut(self, times: array[int], cut_us: int) -> None:
        """Drop what no window reaches: of many only when it is half of them, as the others move."""
        over = bisect_right(times, cut_us)
        if 2 * over > len(times) or len(times) <= _FEW:
            del times[:over]
