"""What a server would say to requests that arrive at these moments: three ways to count, each with books of its own.

All times are integer microseconds, arrivals ascending. A refused request is counted and consumes nothing. A request
that was accepted counts against every limit. ``best_us`` is the rule that no client can beat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Layer(NamedTuple):
    """At most ``requests`` within ``window_us`` microseconds."""

    requests: int
    window_us: int


DOCUMENTED = (Layer(100, 60_000_000), Layer(5_000, 3_600_000_000), Layer(50_000, 86_400_000_000))

SHIFTS_US = (*range(0, 12 * 7_505_000_000, 7_505_000_000), *range(-40_000, -12 * 40_000 - 1, -40_000))
"""Fixed windows begin at the epoch, and campaigns here at midnight. Each is judged as if it had begun at 24 moments:
twelve that differ in the minute, the hour and the day, and twelve just before a boundary, which parts the first burst.
"""


class Verdict(NamedTuple):
    """How many requests each kind of server refuses."""

    fixed: int
    rolling: int
    bucket: int


def best_us(requests: int, layers: Sequence[Layer] = DOCUMENTED) -> int:
    """When the last of ``requests`` could leave at best: request n one window after request n - L, of every limit."""
    at: list[int] = []
    for n in range(requests):
        at.append(max([0, *(at[n - each.requests] + each.window_us for each in layers if n >= each.requests)]))
    return at[-1]


def most(arrivals: Sequence[int], window_us: int) -> int:
    """The most arrivals in any window [t, t + window_us)."""
    most, first = 0, 0
    for number, at in enumerate(arrivals):
        while arrivals[first] <= at - window_us:
            first += 1
        most = max(most, number - first + 1)
    return most


def refused_by_fixed_windows(arrivals: Sequence[int], shift_us: int, layers: Sequence[Layer] = DOCUMENTED) -> int:
    """A counter for each limit, which begins anew when the clock has passed a whole number of windows."""
    refused, soonest = 0, arrivals[0] + shift_us
    left, ends = [0] * len(layers), [soonest] * len(layers)
    for at in arrivals:
        now = at + shift_us
        if now >= soonest:
            for number, (requests, window_us) in enumerate(layers):
                if now >= ends[number]:
                    left[number], ends[number] = requests, (now // window_us + 1) * window_us
            soonest = min(ends)
        if 0 in left:
            refused += 1
        else:
            left = [each - 1 for each in left]
    return refused


def refused_by_rolling_windows(arrivals: Sequence[int], layers: Sequence[Layer] = DOCUMENTED) -> int:
    """A log of what was accepted; full if the L-th newest entry is less than W ago."""
    accepted: list[int] = []
    for at in arrivals:
        if all(len(accepted) < requests or accepted[-requests] <= at - window_us for requests, window_us in layers):
            accepted.append(at)
    return len(arrivals) - len(accepted)


def refused_by_token_buckets(arrivals: Sequence[int], layers: Sequence[Layer] = DOCUMENTED) -> int:
    """A bucket of L tokens for each limit, full at first, refilled at L / W; in units of 1 / W, so in whole numbers."""
    refused, then = 0, arrivals[0]
    levels = [requests * window_us for requests, window_us in layers]
    for at in arrivals:
        levels = [
            min(requests * window_us, level + requests * (at - then))
            for level, (requests, window_us) in zip(levels, layers, strict=True)
        ]
        then = at
        if all(level >= window_us for level, (_, window_us) in zip(levels, layers, strict=True)):
            levels = [level - window_us for level, (_, window_us) in zip(levels, layers, strict=True)]
        else:
            refused += 1
    return refused


def verdict(arrivals: Sequence[int], layers: Sequence[Layer] = DOCUMENTED) -> Verdict:
    """The refusals of the three servers; of the one with fixed windows, the worst of 24 moments to begin at."""
    return Verdict(
        max(refused_by_fixed_windows(arrivals, shift_us, layers) for shift_us in SHIFTS_US),
        refused_by_rolling_windows(arrivals, layers),
        refused_by_token_buckets(arrivals, layers),
    )
