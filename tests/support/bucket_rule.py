"""Promise 1 as a count over a plain list, and random schedules of calls, for the tests of the buckets."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from customersms_async._core.layers import Layer, Usage, Wait

if TYPE_CHECKING:
    from customersms_async._core.buckets import Buckets

Layers = tuple[Layer, ...]

LONGEST_US = 40
"""Every client of a key has a limit of this window, but those that come later, with longer ones."""


class Step(NamedTuple):
    """One call, after ``later_us`` on a clock that then also steps back by ``back_us``."""

    call: str
    which: int
    later_us: int
    back_us: int


class Rule:
    """Promise 1 as a count over a plain list: the oracle of ``Buckets``."""

    def __init__(self) -> None:
        self.now_us = 0
        self.paused_until_us = 0
        self.settled: list[int] = []
        self.held: dict[int, int] = {}

    def advance(self, now_us: int) -> None:
        self.now_us = max(self.now_us, now_us)
        for request, lapse_us in list(self.held.items()):
            if lapse_us <= self.now_us:
                self.settled.append(self.held.pop(request))

    def settle(self, request: int) -> None:
        if self.held.pop(request, None) is not None:
            self.settled.append(self.now_us)

    def used(self, layer: Layer) -> int:
        return len(self.held) + sum(then_us > self.now_us - layer.window_us for then_us in self.settled)

    def admits(self, asked: Layers) -> bool:
        return self.now_us >= self.paused_until_us and all(self.used(layer) < layer.requests for layer in asked)

    def admits_at(self, now_us: int, asked: Layers) -> bool:
        later = copy.deepcopy(self)
        later.advance(now_us)
        return later.admits(asked)

    def usage(self, layer: Layer) -> Usage:
        back_us = [then_us + layer.window_us - self.now_us for then_us in self.settled] + [layer.window_us] * len(
            self.held
        )
        return Usage(self.used(layer), min((wait_us for wait_us in back_us if wait_us > 0), default=0))


some_layers = st.lists(st.builds(Layer, st.integers(1, 5), st.integers(1, LONGEST_US)), max_size=2).flatmap(
    lambda short: st.builds(lambda n: (*short, Layer(n, LONGEST_US)), st.integers(1, 7))
)
clients = st.lists(some_layers, min_size=1, max_size=3)
calls = st.sampled_from(["take"] * 6 + ["settle"] * 4 + ["give_back", "pause", "look"])
steps = st.lists(
    st.builds(Step, calls, st.integers(0, 50), st.integers(0, 15), st.integers(-40, 12).map(lambda us: max(us, 0))),
    max_size=80,
)
holds = st.lists(st.integers(1, 60), min_size=1, max_size=4)


def rested(buckets: Buckets, now_us: int) -> Buckets:
    """The buckets as they are after a rest, if they may have one now."""
    packed = buckets.__packed__(now_us)
    return type(buckets).__unpacked__(packed) if packed else buckets


def granted_at(buckets: Buckets, now_us: int, asked: Layers, wait_us: int) -> int:
    """When somebody is granted who asks again whenever the wait is over, if nothing else changes."""
    again = copy.deepcopy(buckets)
    while True:
        assert wait_us > 0
        now_us += wait_us
        taken = again.take(now_us, asked, 1)
        if not isinstance(taken, Wait):
            return now_us
        wait_us = taken.wait_us
