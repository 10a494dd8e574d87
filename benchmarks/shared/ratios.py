"""Ratios of what was measured in turns: taken pair by pair, as a busy moment hits both of a pair."""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Ratio(NamedTuple):
    """The median of the pairs' ratios, and between what the middle half of them lies."""

    middle: float
    low: float
    high: float

    @property
    def range(self) -> str:
        """The quartiles in words."""
        return f"{self.low:.2f} to {self.high:.2f}"


def spread(values: Sequence[float]) -> Ratio:
    """The median of ``values`` with their quartiles."""
    if len(values) == 1:
        return Ratio(values[0], values[0], values[0])
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Ratio(median(values), low, high)


def paired(mine: Sequence[float], other: Sequence[float]) -> Ratio:
    """How much ``mine`` is of ``other``, of measurements that were taken beside each other."""
    return spread([one / another for one, another in zip(mine, other, strict=True)])
