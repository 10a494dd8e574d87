"""The rule of the token buckets over a log of settle times, wherever a store keeps it.

With i requests held, a limit (L, W) has a free token when its (L - i)-th newest settle time is at least W ago.
``buckets`` says why no shorter wait is safe, and no longer one needed.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, Protocol

from .layers import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layers import Layer

NEVER_US: Final = 1 << 62
"""A time that no clock reaches."""


class SettleTimes(Protocol):
    """The settle times of a key, ascending, wherever a store keeps them: all of them, the older ones coarse."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> int: ...


def free_at_us(now_us: int, layers: Sequence[Layer], held: int, settled: SettleTimes) -> int:
    """The earliest moment at which every layer may have a token, while ``held`` requests are held; may be past."""
    free_us, past = 0, len(settled) + held
    for requests, window_us in layers:
        if requests <= past:
            then_us = (settled[held - requests] if requests > held else now_us) + window_us
            if then_us > free_us:
                free_us = then_us
    return free_us


def usage(now_us: int, layer: Layer, held: int, settled: SettleTimes) -> Usage:
    """How a layer stands; requests held count as used, and as if answered now."""
    first = bisect_right(settled, now_us - layer.window_us)
    used = len(settled) - first + held
    if not used:
        return Usage(0, 0)
    return Usage(used, (settled[first] if first < len(settled) else now_us) + layer.window_us - now_us)
