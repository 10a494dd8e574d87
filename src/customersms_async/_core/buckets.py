"""The token buckets of one key: (state, now) -> granted, or how long to wait.

Promise 1: *For every limit of L requests per W seconds, no window of length W, wherever it is placed and however
long answers take, sees more than L requests of a key from the clients that share one quota store, provided that
no request arrives more than five seconds after its deadline; and the quota makes no request wait longer than that
demands; a limit that is first used later waits at most one coarse step longer.*

Why it holds. Suppose a window [t, t + W) sees L + 1 arrivals, and let g be the latest of their grants. Each request
is held from its grant to its settling and arrives in between, so each of the other L settled at t or later, or is
still held at g. As g is before t + W, each of them is held at g or settled less than W before g: at g, all L tokens
were out, and nothing was granted. No shorter wait is safe: a request may have arrived at the very moment it settled.

One log of settle times serves every limit: with i requests held, a limit (L, W) has a free token when its (L - i)-th
newest settle time is at least W ago. A grant costs O(1) amortised and allocates nothing from L. Rejected: a refilled
bucket (lets 2L - 1 into a window, or wastes most of the quota), a log of sending times (the network's jitter pushes
requests together), a log for each limit (the same times, several times over). What the log drops, as no window asked
for so far reaches it, is counted by the minute, for limits that are first used later: see ``history``.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, final

import msgspec

from .forecast import LineForecast
from .history import KEPT_US, History, Steps
from .layers import Wait, longest_us
from .packing import pack
from .settle_times import NEVER_US, free_at_us, usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .layers import Layer, Usage
    from .settle_times import SettleTimes

_UNPACK: Final = msgspec.msgpack.Decoder(tuple[int, int, int, list[int]]).decode

GRACE_US: Final = 5_000_000
"""How long after its deadline an unanswered request may still arrive: promise 1's five seconds."""


@final
class Buckets:
    """Every token of one key, and who holds it: the rule that every quota store follows.

    Times, ``now_us`` among them, are integer microseconds of one clock; a clock that steps back stands still.

    ``on_rest`` is called when a limit is asked for whose window is longer than any before, and than a day, and reaches
    requests of which only the number is still known: all of them count as if they had settled when the last did.

    Mutable state, all of it owned here: the log of settle times (cut, now and then, at the longest window asked for so
    far, be it to take or to look), the coarse steps of what was cut, the held requests with the time at which each
    lapses, a time before which none of them does, the latest time seen, the end of a pause, and how many tokens every
    layer had left when somebody last looked, less those taken since on the same layers.

    Example:
        ```python
        buckets, minute = Buckets(), [Layer(100, 60_000_000)]
        request = buckets.take(0, minute, hold_us=30_000_000)
        buckets.settle(250_000, request)  # answered after a quarter of a second
        print(buckets.usage(250_000, minute))
        ```
    """

    __slots__ = (
        "_cut_at",
        "_held",
        "_lapse_us",
        "_last_id",
        "_layers",
        "_log",
        "_longest_us",
        "_now_us",
        "_on_rest",
        "_paused_us",
        "_spare",
        "_steps",
    )

    def __init__(self, on_rest: Callable[[], object] | None = None) -> None:
        self._on_rest = on_rest
        self._log = array("q")
        self._steps: Steps | None = None
        self._cut_at = 64
        self._held: dict[int, int] = {}
        self._lapse_us = NEVER_US
        self._last_id = 0
        self._layers: Sequence[Layer] = ()
        self._spare = 0
        self._longest_us = 0
        self._now_us = 0
        self._paused_us = 0

    def __packed__(self, now_us: int) -> bytes | None:
        """All that is still to be known of a key whose longest window is over, in a fifth of the memory.

        ``None`` while there is more to be known: while a request is held, or the key pauses, or anything has settled
        within the longest window asked for so far. No bytes at all of a key that has taken nothing. For the package
        itself.
        """
        now_us = self._advance(now_us)
        settled = self._whole_log()
        if self._held or self._paused_us > now_us or (settled and settled[-1] > now_us - self._longest_us):
            return None
        self._cut()
        steps = self._steps.numbers() if self._steps else []
        return pack((self._last_id, now_us, self._longest_us, steps)) if self._last_id else b""

    @classmethod
    def __unpacked__(cls, packed: bytes, on_rest: Callable[[], object] | None = None) -> Buckets:
        """The buckets that were packed: they go on as if they had not been. For the package itself."""
        buckets = cls(on_rest)
        buckets._last_id, buckets._now_us, buckets._longest_us, steps = _UNPACK(packed)
        if steps:
            buckets._steps = Steps.of_numbers(steps)
        return buckets

    def take(self, now_us: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """The id of a request that holds one token of every layer, or the wait; then nothing is taken.

        The request settles by itself ``hold_us`` microseconds (above 0) from ``now_us``, in microseconds as well,
        unless it is settled or given back before.
        """
        if now_us < self._now_us:
            now_us = self._now_us
        self._now_us = now_us
        if now_us >= self._lapse_us:
            self._lapse()
        if not self._spare or layers is not self._layers:
            self._look(now_us, layers)
        if not self._spare or self._paused_us > now_us:
            return Wait(max(self._paused_us, free_at_us(now_us, layers, len(self._held), self._whole_log())) - now_us)
        self._spare -= 1
        self._last_id = request = self._last_id + 1
        self._held[request] = lapse_us = now_us + hold_us
        if lapse_us < self._lapse_us:
            self._lapse_us = lapse_us
        return request

    def settle(self, now_us: int, request: int) -> None:
        """The script's answer is known: the tokens come back one window from now.

        A ``request``, by its number, that is not held is ignored.
        """
        if now_us < self._now_us:
            now_us = self._now_us
        self._now_us = now_us
        if now_us >= self._lapse_us:
            self._lapse()
        if self._held.pop(request, None) is not None:
            if not self._held:
                self._held = {}  # one that was emptied is three times as large, and most keys of thousands rest
            self._log.append(now_us)
            if len(self._log) > self._cut_at:
                self._cut()

    def give_back(self, now_us: int, request: int) -> None:
        """The request provably never left: its tokens are back at once.

        A ``request``, by its number, that is not held is ignored.
        """
        self._advance(now_us)
        self._held.pop(request, None)

    def pause(self, now_us: int, pause_us: int) -> None:
        """Grant nothing for ``pause_us`` microseconds from now; the later end of two pauses counts."""
        self._paused_us = max(self._paused_us, self._advance(now_us) + pause_us)

    def paused_us(self, now_us: int) -> int:
        """Microseconds until the pause ends, 0 if there is none."""
        return max(0, self._paused_us - self._advance(now_us))

    def usage(self, now_us: int, layers: Sequence[Layer]) -> tuple[Usage, ...]:
        """How every layer stands, in order; requests held count as used, and as if answered now."""
        now_us = self._advance(now_us)
        self._reach(longest_us([(layers, 1)]))
        log = self._whole_log()
        return tuple(usage(now_us, layer, len(self._held), log) for layer in layers)

    def forecast_us(self, now_us: int, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of the last request in ``line``, in microseconds: see ``LineForecast``.

        ``line`` has each request's layers, and how many microseconds it will be held.
        """
        now_us = self._advance(now_us)
        self._reach(longest_us(line))
        log = self._whole_log()
        forecast = LineForecast(line, len(log), len(self._held))
        return forecast.wait_us(now_us, self._paused_us, (log[position] for position in forecast.positions))

    def _look(self, now_us: int, layers: Sequence[Layer]) -> None:
        """Count the tokens that every layer has; time can only add to them."""
        past, spare = len(self._held) + len(self._log) + (len(self._steps) if self._steps else 0), NEVER_US
        for requests, window_us in layers:
            if window_us > self._longest_us:
                self._reach(window_us)
            used = past if past < requests else past - self._settled_until(now_us - window_us)
            spare = min(spare, max(0, requests - used))
        self._spare, self._layers = spare, layers

    def _settled_until(self, at_us: int) -> int:
        settled = bisect_right(self._log, at_us)
        if self._steps:
            settled = settled + len(self._steps) if settled else self._steps.until(at_us)
        return settled

    def _whole_log(self) -> SettleTimes:
        return History(self._steps, self._log) if self._steps else self._log

    def _reach(self, longest_us: int) -> None:
        """Keep the log for so long from now on; what the windows asked for before don't reach is coarse for good."""
        if longest_us > self._longest_us:
            self._cut()
            self._longest_us = longest_us
            rest_us = self._steps.rest_us if self._steps else None
            if self._on_rest and rest_us is not None and rest_us > self._now_us - longest_us:
                self._on_rest()

    def _advance(self, now_us: int) -> int:
        """Settle what has lapsed, in order, and say what time it is."""
        if now_us < self._now_us:
            now_us = self._now_us
        self._now_us = now_us
        if now_us >= self._lapse_us:
            self._lapse()
        return now_us

    def _lapse(self) -> None:
        held = self._held
        due = sorted((lapse_us, request) for request, lapse_us in held.items() if lapse_us <= self._now_us)
        for lapse_us, request in due:
            del held[request]
            self._log.append(lapse_us)
        self._lapse_us = min(held.values(), default=NEVER_US)
        self._cut()

    def _cut(self) -> None:
        """Make coarse what no window reaches any more; the next cut comes when the log has doubled."""
        if count := bisect_right(self._log, self._now_us - self._longest_us):
            self._steps = self._steps or Steps()
            self._steps.add(self._log, count)
            del self._log[:count]
        if self._steps:
            self._steps.drop(self._now_us - max(self._longest_us, KEPT_US))
        self._cut_at = 2 * len(self._log) + 64
