"""The token buckets of one key: (state, now) -> granted, or how long to wait.

Promise 1: *For every limit of L requests per W seconds, no window of length W, wherever it is placed and however
long answers take, sees more than L requests of a key from the clients that share one quota store, provided that
no request arrives more than five seconds after its deadline; and the quota makes no request wait longer than that
demands.*

Why it holds. Suppose a window [t, t + W) sees L + 1 arrivals, and let g be the latest of their grants. Each request
is held from its grant to its settling and arrives in between, so each of the other L settled at t or later, or is
still held at g. As g is before t + W, each of them is held at g or settled less than W before g: at g, all L tokens
were out, and nothing was granted. No shorter wait is safe: a request may have arrived at the very moment it settled.

One log of settle times serves every limit: with i requests held, a limit (L, W) has a free token when its (L - i)-th
newest settle time is at least W ago. A grant costs O(1) amortised and allocates nothing from L. Rejected: a refilled
bucket (lets 2L - 1 into a window, or wastes most of the quota), a log of sending times (the network's jitter pushes
requests together), a log for each limit (the same times, several times over).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from heapq import heapify, heappop, heappush, nsmallest
from typing import TYPE_CHECKING, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .models import Limit

GRACE_US = 5_000_000
"""How long after its deadline an unanswered request may still arrive: promise 1's five seconds."""

DRIFT_PPM = 200
"""Windows are stretched by this much, for the drift between the gateway's clock and ours."""


class Layer(NamedTuple):
    """One limit as the buckets count it: at most ``requests`` within ``window_us`` microseconds."""

    requests: int
    window_us: int


def layers(limits: Sequence[Limit], reserve: float = 0.0) -> tuple[Layer, ...]:
    """The limits as layers, in their order, windows stretched; each leaves ``reserve`` (0 to 1) of its tokens.

    A layer keeps at least one token, so that a large reserve slows the bulk down but never stops it.
    """
    return tuple(
        Layer(
            max(1, limit.requests - int(limit.requests * reserve)),
            limit.window_us + -(-limit.window_us * DRIFT_PPM // 1_000_000),
        )
        for limit in limits
    )


class Wait(NamedTuple):
    """No token now: one may come ``wait_us`` microseconds from now, or sooner if the key's state changes."""

    wait_us: int


class Usage(NamedTuple):
    """One layer's state: tokens used, and microseconds until the next of them is back (0 if none is used)."""

    used: int
    next_us: int


@final
class Buckets:
    """Every token of one key. Times are integer microseconds of one clock; a clock that steps back stands still.

    Mutable state, all of it owned here: the log of settle times (ascending, cut at the longest window asked for so
    far: a longer one, asked for later, knows only what came since), the held requests with the time at which each
    lapses, the latest time seen, the end of a pause.
    """

    __slots__ = ("_held", "_lapses", "_last_id", "_log", "_longest_us", "_now_us", "_paused_until_us", "_start")

    def __init__(self) -> None:
        self._log = array("q")
        self._start = 0  # entries before it are cut; they are dropped in bulk, to keep a grant O(1)
        self._held: dict[int, int] = {}
        self._lapses: list[tuple[int, int]] = []  # a heap of (lapse time, id); settled ids are dropped late
        self._last_id = 0
        self._longest_us = 0
        self._now_us = 0
        self._paused_until_us = 0

    def take(self, now_us: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """The id of a request that holds one token of every layer, or the wait; then nothing is taken.

        The request settles by itself ``hold_us`` (above 0) from now, unless it is settled or given back before.
        """
        now_us = self._advance(now_us)
        free_us = max(self._paused_until_us, self._free_at_us(layers))
        if free_us > now_us:
            return Wait(free_us - now_us)
        self._last_id += 1
        self._held[self._last_id] = now_us + hold_us
        heappush(self._lapses, (now_us + hold_us, self._last_id))
        return self._last_id

    def settle(self, now_us: int, request: int) -> None:
        """The script's answer is known: the tokens come back one window from now. A request not held is ignored."""
        now_us = self._advance(now_us)
        if self._held.pop(request, None) is not None:
            self._log.append(now_us)

    def give_back(self, now_us: int, request: int) -> None:
        """The request provably never left: its tokens are back at once. A request not held is ignored."""
        self._advance(now_us)
        self._held.pop(request, None)

    def pause(self, now_us: int, pause_us: int) -> None:
        """Grant nothing for ``pause_us`` from now; the later end of two pauses counts."""
        self._paused_until_us = max(self._paused_until_us, self._advance(now_us) + pause_us)

    def paused_us(self, now_us: int) -> int:
        """What is left of the pause, 0 if there is none."""
        return max(0, self._paused_until_us - self._advance(now_us))

    def usage(self, now_us: int, layers: Sequence[Layer]) -> tuple[Usage, ...]:
        """How every layer stands, in order; requests held count as used, and as if answered now."""
        now_us = self._advance(now_us)
        return tuple(self._usage(now_us, layer) for layer in layers)

    def forecast_us(self, now_us: int, line: Iterable[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of the last request in ``line``, which is runs of (layers, how many requests).

        As if every request held were answered now, every one granted were answered at once, and nobody more
        urgent came. Costs O(requests in the line); 0 for an empty line.
        """
        now_us = self._advance(now_us)
        known = len(self._log) - self._start
        past = known + len(self._held)
        granted: list[int] = []
        at_us = max(now_us, self._paused_until_us)
        for layers, count in line:
            for _ in range(count):
                for requests, window_us in layers:
                    i = past + len(granted) - requests  # whose settling must be a window ago
                    if i >= 0:
                        then_us = self._log[self._start + i] if i < known else now_us if i < past else granted[i - past]
                        at_us = max(at_us, then_us + window_us)
                granted.append(at_us)
        return at_us - now_us if granted else 0

    def _advance(self, now_us: int) -> int:
        """Settle what has lapsed, in order, and say what time it is."""
        self._now_us = now_us = max(now_us, self._now_us)
        lapses = self._lapses
        while lapses and lapses[0][0] <= now_us:
            lapse_us, request = heappop(lapses)
            if self._held.pop(request, None) is not None:
                self._log.append(lapse_us)
        if len(lapses) > 2 * len(self._held) + 64:
            self._lapses = [(lapse_us, request) for request, lapse_us in self._held.items()]
            heapify(self._lapses)
        return now_us

    def _free_at_us(self, layers: Sequence[Layer]) -> int:
        """When every layer has a token, if no request is settled or given back before; may be in the past."""
        log, held, free_us = self._log, len(self._held), 0
        longest_us = self._longest_us
        for requests, window_us in layers:
            rank = requests - held
            if rank <= 0:
                then_us = nsmallest(1 - rank, self._held.values())[-1]
            elif rank <= len(log) - self._start:
                then_us = log[-rank]
            else:
                then_us = -window_us
            free_us = max(free_us, then_us + window_us)
            longest_us = max(longest_us, window_us)
        self._longest_us = longest_us
        self._cut()
        return free_us

    def _cut(self) -> None:
        log, start, oldest_us = self._log, self._start, self._now_us - self._longest_us
        while start < len(log) and log[start] <= oldest_us:
            start += 1
        if start > 512 and 2 * start > len(log):
            del log[:start]
            start = 0
        self._start = start

    def _usage(self, now_us: int, layer: Layer) -> Usage:
        log, held = self._log, len(self._held)
        first = bisect_right(log, now_us - layer.window_us, self._start)
        used = len(log) - first + held
        if not used:
            return Usage(0, 0)
        return Usage(used, (log[first] if first < len(log) else now_us) + layer.window_us - now_us)
