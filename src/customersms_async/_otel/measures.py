"""Metrics of what happens: counters and histograms, each written when its event comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from . import table
from .attributes import RequestAttributes, known_code

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
    from .attributes import Attributes
    from .table import Metric


@final
class Measures:
    """What the events of clients add up to. Mutable state: the requests on their way, and attributes made before."""

    def __init__(self, meter: Meter) -> None:
        self._duration = histogram(meter, table.DURATION)
        self._sent = counter(meter, table.SENT)
        self._outcomes = counter(meter, table.OUTCOMES)
        self._wait = histogram(meter, table.WAIT)
        self._active = up_down_counter(meter, table.ACTIVE)
        self._waiting = up_down_counter(meter, table.WAITING)
        self._retries = counter(meter, table.RETRIES)
        self._store_errors = counter(meter, table.STORE_ERRORS)
        self._requests: dict[int, tuple[str, int]] = {}
        self._attributes = RequestAttributes()

    def wait_began(self, began: WaitBegan, key: Attributes) -> None:
        """Count a request that stands in line."""
        self._waiting.add(1, {"priority": began.priority.name.lower(), **key})

    def wait_ended(self, ended: WaitEnded, key: Attributes) -> None:
        """Count out a request that stood in line."""
        self._waiting.add(-1, {"priority": ended.priority.name.lower(), **key})

    def begin(self, began: RequestBegan, key: Attributes) -> None:
        """Count a request that is on its way, and how long it waited."""
        priority = began.priority.name.lower()
        self._requests[began.request] = began.server, began.port
        self._active.add(1, {"priority": priority, **key})
        self._wait.record(began.waited, {"reason": began.reason or "none", "priority": priority, **key})

    def end(self, ended: RequestEnded, error: str | None, key: Attributes) -> None:
        """Count out a request, and measure it."""
        server, port = self._requests.pop(ended.request, ("", 0))
        self._active.add(-1, {"priority": ended.priority.name.lower(), **key})
        attributes = self._attributes.of(server, port, ended.status_code, error, key)
        self._duration.record(ended.seconds, attributes)
        if ended.sent:
            self._sent.add(ended.recipients, attributes)

    def outcomes(self, known: OutcomesKnown, key: Attributes) -> None:
        """Count what became of texts, unless that was counted when an earlier call sent them."""
        if known.replayed:
            return
        priority, code = known.priority.name.lower(), known_code(known.code)
        self._outcomes.add(known.recipients, {"status": known.status, "code": code, "priority": priority, **key})

    def retry(self, planned: RetryPlanned, key: Attributes) -> None:
        """Count a retry."""
        self._retries.add(1, {"code": known_code(planned.code), **key})

    def store_failed(self, failed: StoreFailed, key: Attributes) -> None:
        """Count a store's failure."""
        self._store_errors.add(1, {"store": failed.store, **key})


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
