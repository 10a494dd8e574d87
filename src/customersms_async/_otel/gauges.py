"""Metrics of how things stand: asked for when somebody collects."""

from __future__ import annotations

import operator
import threading
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, final
from weakref import WeakKeyDictionary

from opentelemetry import metrics
from opentelemetry.metrics import Observation

from .._runtime import forks
from . import metric_table
from .readings import Readings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider
    from opentelemetry.util.types import AttributeValue

    from .attributes import Attributes
    from .metric_table import Metric

T = TypeVar("T")


class _Use(NamedTuple):
    """How much of one limit of one key is used."""

    used: int
    requests: int

    @property
    def share(self) -> float:
        return self.used / self.requests


@final
class Gauges:
    """The quota, the credits and the campaigns of clients that are in use, by ``readings``.

    Where keys are not told apart, the fullest of each limit is shown, the longest pause, and the least credits.
    """

    def __init__(self, meter: Meter) -> None:
        self.readings = Readings()
        gauges: tuple[tuple[Metric, Callable[[], Iterable[Observation]]], ...] = (
            (metric_table.USAGE, self._usage),
            (metric_table.LIMIT, self._limit),
            (metric_table.UTILIZATION, self._utilization),
            (metric_table.PAUSE, self._pause),
            (metric_table.CREDITS, self._credits),
            (metric_table.CAMPAIGN, self._recipients),
        )
        for metric, observe in gauges:
            meter.create_observable_gauge(metric.name, [_callback(observe)], metric.unit, metric.says)

    def _usage(self) -> Iterable[Observation]:
        return [Observation(use.used, attributes) for attributes, use in self._uses()]

    def _limit(self) -> Iterable[Observation]:
        return [Observation(use.requests, attributes) for attributes, use in self._uses()]

    def _utilization(self) -> Iterable[Observation]:
        return [Observation(use.share, attributes) for attributes, use in self._uses()]

    def _uses(self) -> list[tuple[Attributes, _Use]]:
        rows = (
            ({"window": f"{limit.seconds:g}", **key}, _Use(usage.used, limit.requests))
            for key, limits, reading in self.readings.quotas()
            for limit, usage in zip(limits, reading.usages, strict=True)
        )
        return _greatest(rows, attrgetter("share"))

    def _pause(self) -> Iterable[Observation]:
        rows = ((key, reading.paused_us / 1e6) for key, _, reading in self.readings.quotas())
        return [Observation(seconds, key) for key, seconds in _greatest(rows, float)]

    def _credits(self) -> Iterable[Observation]:
        return [Observation(float(left), key) for key, left in _greatest(self.readings.credits(), operator.neg)]

    def _recipients(self) -> Iterable[Observation]:
        sums: Counter[frozenset[tuple[str, AttributeValue]]] = Counter()
        for key, counts in self.readings.counts():
            for state, many in counts.items():
                sums[frozenset({"state": str(state), **key}.items())] += many
        return [Observation(many, dict(attributes)) for attributes, many in sums.items()]


class _GlobalProvider:
    """Stands for whatever provider is OpenTelemetry's global one, now or later."""


_GLOBAL: Final = _GlobalProvider()
_made: Final[WeakKeyDictionary[object, Gauges]] = WeakKeyDictionary()
_making: Final = threading.RLock()
_guard: Final = forks.Guard(_making)


def gauges_of(provider: MeterProvider | None, meter: Meter) -> Gauges:
    """The gauges of a provider, which takes one of each name: so all who measure with it have them in common."""
    place = _GLOBAL if provider is None or provider is metrics.get_meter_provider() else provider
    with _making:
        found = _made.get(place)
        if found is None:
            found = _made[place] = Gauges(meter)
        return found


def _callback(observe: Callable[[], Iterable[Observation]]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda options: observe()  # noqa: ARG005 - the collector's options: nothing depends on them


def _greatest(rows: Iterable[tuple[Attributes, T]], rank: Callable[[T], Any]) -> list[tuple[Attributes, T]]:
    """Of the rows with equal attributes the one of the highest rank."""
    found: dict[frozenset[tuple[str, object]], tuple[Attributes, T]] = {}
    for attributes, one in rows:
        place = frozenset(attributes.items())
        if place not in found or rank(one) > rank(found[place][1]):
            found[place] = attributes, one
    return list(found.values())
