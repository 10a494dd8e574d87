"""Metrics of what happens: counters and histograms, each written when its event comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from . import metric_table
from .attributes import known_code

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter, UpDownCounter

    from ..events import (
        OutcomesKnown,
        RequestBegan,
        RequestEnded,
        RetryPlanned,
        StoreFailed,
        WaitBegan,
        WaitEnded,
    )
    from .attributes import AttributeSets
    from .metric_table import Metric


@final
class Measures:
    """What the events of clients add up to."""

    def __init__(self, meter: Meter) -> None:
        self._duration = histogram(meter, metric_table.DURATION)
        self._sent = counter(meter, metric_table.SENT)
        self._outcomes = counter(meter, metric_table.OUTCOMES)
        self._wait = histogram(meter, metric_table.WAIT)
        self._active = up_down_counter(meter, metric_table.ACTIVE)
        self._waiting = up_down_counter(meter, metric_table.WAITING)
        self._retries = counter(meter, metric_table.RETRIES)
        self._store_errors = counter(meter, metric_table.STORE_ERRORS)

    def wait_began(self, began: WaitBegan, sets: AttributeSets) -> None:
        """Count a request that stands in line."""
        self._waiting.add(1, sets.by_priority[began.priority])

    def wait_ended(self, ended: WaitEnded, sets: AttributeSets) -> None:
        """Count out a request that stood in line."""
        self._waiting.add(-1, sets.by_priority[ended.priority])

    def begin(self, began: RequestBegan, sets: AttributeSets) -> None:
        """Count a request that is on its way, and how long it waited."""
        priority, reason = began.priority, began.reason
        self._active.add(1, sets.by_priority[priority])
        self._wait.record(began.waited, sets.no_wait[priority] if reason is None else sets.wait(reason, priority))

    def end(self, ended: RequestEnded, error: str | None, sets: AttributeSets) -> None:
        """Count out a request, and measure it."""
        self._active.add(-1, sets.by_priority[ended.priority])
        attributes = sets.request(ended.server, ended.port, ended.status_code, error)
        self._duration.record(ended.seconds, attributes)
        if ended.sent:
            self._sent.add(ended.recipients, attributes)

    def outcomes(self, known: OutcomesKnown, sets: AttributeSets) -> None:
        """Count what became of texts, unless that was counted when an earlier call sent them."""
        if not known.replayed:
            self._outcomes.add(known.recipients, sets.outcome(known.status, known.code, known.priority))

    def retry(self, planned: RetryPlanned, sets: AttributeSets) -> None:
        """Count a retry."""
        self._retries.add(1, {"code": known_code(planned.code), **sets.key})

    def store_failed(self, failed: StoreFailed, sets: AttributeSets) -> None:
        """Count a store's failure."""
        self._store_errors.add(1, {"store": failed.store, **sets.key})


def counter(meter: Meter, metric: Metric) -> Counter:
    """The counter of this row of the table."""
    return meter.create_counter(metric.name, metric.unit, metric.says)


def up_down_counter(meter: Meter, metric: Metric) -> UpDownCounter:
    """The up-down counter of this row of the table."""
    return meter.create_up_down_counter(metric.name, metric.unit, metric.says)


def histogram(meter: Meter, metric: Metric) -> Histogram:
    """The histogram of this row of the table, with its bounds."""
    return meter.create_histogram(
        metric.name, metric.unit, metric.says, explicit_bucket_boundaries_advisory=metric.bounds
    )
