"""Caps as a quota store counts them: what each text counts in, and whether there is room for it.

*For every cap of L texts per W seconds, no window of length W, wherever it is placed, sees more than L of the texts
that the cap counts, from all clients that share one quota store and the caps' name; and none is refused for which
there is room.*

The rule is that of ``buckets``, with texts in place of requests: a text is held from the moment that it is let through
until its answer is known, or else to its attempt's deadline plus five seconds, and counts for one window from then on.
One list of times holds all of it; that of a text which is held is when it lapses, and still to come. So a cap of L
texts in W seconds has room when its L-th newest time is at least W ago. Nobody waits for a cap.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple, final

import msgspec

from .layers import Layer, layers
from .notations import one_notation
from .plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..models import Caps, Limit
    from .settle_times import SettleTimes

KEY_BYTES: Final = 15
"""Bytes of the hash by which a store knows a number, a prefix, or all texts of one name: with 16, CPython would take 16
more for each number, and base64 would pad."""

ID_BYTES: Final = 6
"""Bytes of a text's id: among 5,000 texts that are counted together, two are alike once in twenty million times."""


class CapKind(NamedTuple):
    """A kind of scope, for people: ``name`` is the option that says it, ``texts`` which texts it counts."""

    name: str
    texts: str
    limits: tuple[Limit, ...]


class CapScope(msgspec.Struct, frozen=True, gc=False):
    """What is counted together: the texts of one name to a number, to a prefix, or to all.

    ``key`` is a hash, by which stores know it. ``kind`` names the cap in errors; stores make nothing of it.

    Example:
        ```python
        number = CapScope(b"a hash of +12125551234", (Layer(2, 604_800_000_000),))  # two texts in a week
        print(hits(0, [CappedText(b"1", (number,))], lambda key: []))  # [None]: there is room
        ```
    """

    key: bytes
    layers: tuple[Layer, ...]
    kind: CapKind | None = None


class CappedText(msgspec.Struct, frozen=True, gc=False):
    """One try of a text and what it counts in. ``id`` is the try's own, and never used for another one.

    ``again`` is the same in all tries of a text that may be sent again, and empty for other texts: a try that is let
    through takes the place of what an earlier one counted for. As their ids differ, what is heard of the earlier one
    late, or twice, changes nothing for the new one.

    Example:
        ```python
        number = CapScope(b"a hash of +12125551234", (Layer(2, 604_800_000_000),))
        print(hits(0, [CappedText(b"1", (number,)), CappedText(b"2", (number,))], lambda key: []))
        ```
    """

    id: bytes
    scopes: tuple[CapScope, ...]
    again: bytes = b""


class CapHit(NamedTuple):
    """The cap that a text waits longest for, and how long.

    ``scope`` is the place of its scope among the text's, from 0, ``layer`` the place of its layer there. ``wait_us``
    microseconds (above 0) is the least possible wait, as if all texts that are held were answered now.

    Example:
        ```python
        number = CapScope(b"a hash of +12125551234", (Layer(1, 3_600_000_000),))
        hit = hits(60_000_000, [CappedText(b"2", (number,))], lambda key: [0])  # one was sent a minute ago
        print(hit)  # [CapHit(scope=0, layer=0, wait_us=3540000000)]
        ```
    """

    scope: int
    layer: int
    wait_us: int


@final
class CapScopes:
    """The scopes that the texts of a client with these ``caps`` count in; ``space`` stands for their name. Frozen."""

    __slots__ = ("_begun", "_by_prefix", "_longest_prefix", "_number", "_number_layers", "_total", "caps", "space")

    def __init__(self, caps: Caps) -> None:
        self.caps: Caps = caps
        key = hashlib.blake2b(caps.name.encode()).digest()
        self._begun = hashlib.blake2b(digest_size=KEY_BYTES, key=key)  # copied for each, in half the time
        self.space: bytes = self._hash("name")
        self._number = CapKind("per_number", "one number", caps.per_number)
        self._number_layers = layers(caps.per_number)
        self._by_prefix = {prefix: self._of_prefix(prefix, limits) for prefix, limits in caps.per_prefix.items()}
        self._longest_prefix = max(map(len, self._by_prefix), default=0)
        total = CapScope(self._hash("total"), layers(caps.total), CapKind("total", "all numbers together", caps.total))
        self._total = (total,) if caps.total else ()

    def text(self, phone: str, text_id: bytes, *, again: bytes = b"") -> CappedText:
        """A try of the text to ``phone`` (E.164); ``text_id``, and ``again`` if given, have ``ID_BYTES`` bytes."""
        scopes = self._total
        if self._longest_prefix:
            for length in range(min(self._longest_prefix, len(phone)), 1, -1):
                if (prefix := phone[:length]) in self._by_prefix:
                    scopes = (*self._by_prefix[prefix], *scopes)
                    break
        if self._number_layers:
            number = self._begun.copy()
            number.update(b"number " + one_notation(phone).encode())
            scopes = (CapScope(number.digest(), self._number_layers, self._number), *scopes)
        return CappedText(text_id, scopes, again)

    def words(self, text: CappedText, hit: CapHit) -> tuple[str, str]:
        """The option of the cap that ``text`` hit, and what happened, for people."""
        kind = text.scopes[hit.scope].kind
        assert kind is not None  # noqa: S101 - these are scopes of ours
        limit = kind.limits[hit.layer]
        most = f"{counted(limit.requests, 'text')} in {limit.seconds:g} s to {kind.texts}"
        return (
            kind.name,
            f"the cap {self.caps.name} is reached, {most}: there is room again in {hit.wait_us / 1e6:.1f} s",
        )

    def _of_prefix(self, prefix: str, limits: tuple[Limit, ...]) -> tuple[CapScope, ...]:
        """The scope of a prefix; none without a limit, which leaves its numbers out of what shorter ones say."""
        if not limits:
            return ()
        kind = CapKind("per_prefix", f"numbers that begin with {prefix}", limits)
        return (CapScope(self._hash(f"prefix {prefix}"), layers(limits), kind),)

    def _hash(self, value: str) -> bytes:
        made = self._begun.copy()
        made.update(value.encode())
        return made.digest()


def longest_window_us(texts: Sequence[CappedText]) -> int:
    """The longest window of all caps that these texts count for, 0 if there is none."""
    longest_us = 0
    for text in texts:
        for scope in text.scopes:
            for _, window_us in scope.layers:
                if window_us > longest_us:
                    longest_us = window_us
    return longest_us


def room_us(now_us: int, scope_layers: Sequence[Layer], times: SettleTimes, more: int = 0) -> tuple[int, int]:
    """How long until a scope has room for one text, after ``more`` others: the longest wait, and the layer's place.

    A wait of 0 says that there is room now. ``times`` are ascending; those of texts that are held are to come.
    """
    longest, place, known = 0, 0, len(times)
    for index, (texts, window_us) in enumerate(scope_layers):
        before = texts - more  # which newest time must be a window ago
        if before > known:
            continue
        wait_us = window_us if before < 1 else min(times[-before], now_us) + window_us - now_us
        if wait_us > longest:
            longest, place = wait_us, index
    return longest, place


def hits(now_us: int, texts: Sequence[CappedText], times_of: Callable[[bytes], SettleTimes]) -> list[CapHit | None]:
    """Which caps these texts hit, one after the other: those for which there is room are counted before the next.

    ``now_us`` is the time in microseconds. ``times_of`` gives the times of a scope, ascending, by its key, without what
    these texts counted for before.

    Example:
        ```python
        number = CapScope(b"a hash of +12125551234", (Layer(1, 3_600_000_000),))
        sent = {number.key: [0]}  # microseconds, ascending
        print(hits(60_000_000, [CappedText(b"2", (number,))], lambda key: sent.get(key, [])))
        ```
    """
    taken: dict[bytes, int] = {}
    found: list[CapHit | None] = []
    more = 0
    for text in texts:
        hit = None
        for index, scope in enumerate(text.scopes):
            times = times_of(scope.key)
            if taken:
                more = taken.get(scope.key, 0)
            if times or more:  # else there is room for a text in every cap
                wait_us, layer = room_us(now_us, scope.layers, times, more)
                if wait_us and (hit is None or wait_us > hit.wait_us):
                    hit = CapHit(index, layer, wait_us)
        found.append(hit)
        if hit is None and len(texts) > 1:
            for scope in text.scopes:
                taken[scope.key] = taken.get(scope.key, 0) + 1
    return found
