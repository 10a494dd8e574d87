"""Traces and metrics by OpenTelemetry (``pip install 'customersms-async[otel]'``).

```python
from customersms_async import AsyncClient
from customersms_async.otel import Telemetry

client = AsyncClient(telemetry=Telemetry())
```

It needs OpenTelemetry's API alone; where spans and figures go is up to the SDK that the program sets up, and without
one they go nowhere. ``docs/metrics.md`` has every metric. No phone number, text or API key is in any of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

try:
    from opentelemetry import metrics, trace
except ModuleNotFoundError as _missing:
    advice = 'telemetry needs OpenTelemetry: pip install "customersms-async[otel]"'
    raise ModuleNotFoundError(advice, name=_missing.name) from None

from ._core.version import VERSION
from ._otel.attributes import KeyNames, known_code
from ._otel.gauges import gauges_of
from ._otel.measures import Measures
from ._otel.spans import Spans
from .events import (
    Event,
    OutcomesKnown,
    RequestBegan,
    RequestEnded,
    RetryPlanned,
    RunBegan,
    RunEnded,
    StoreFailed,
    WaitBegan,
    WaitEnded,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from ._otel.attributes import AttributeSets
    from ._sending.observers import Counts
    from ._sending.sender import Sender

__all__ = ["Telemetry"]

_SCOPE = "customersms_async"


@final
class Telemetry:
    """Spans of requests, and metrics of all that a client does: ``AsyncClient(telemetry=Telemetry())``.

    One may serve any number of clients, of any number of keys, and of several event loops; ``with_options``, campaigns
    and workers keep it. ``tracer_provider`` and ``meter_provider`` are OpenTelemetry's global ones unless given.
    ``key_label``: whether metrics and spans have an attribute ``key``, with the key's label (or the first 8 digits of
    its fingerprint), for up to 1,000 keys; without it, keys are not told apart, and gauges show the fullest of them.

    The quota is asked for when somebody collects: in the clients' event loop, where a store is asked over a network or
    a file, while a collector waits for it in a thread of its own, as the SDK's readers do, for up to half a second. A
    collector that runs in an event loop gets what was known at the last collection. A store that does not answer has no
    figure.

    Mutable state: that of its parts.

    Example:
        ```python
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader

        reader = InMemoryMetricReader()
        telemetry = Telemetry(meter_provider=MeterProvider([reader]))
        await client.with_options(telemetry=telemetry).send("+12125551234", "Your parcel is here")
        print(reader.get_metrics_data())
        ```
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        *,
        key_label: bool = False,
    ) -> None:
        meter = metrics.get_meter(_SCOPE, VERSION, meter_provider)
        self._keys = KeyNames(shown=key_label)
        self._spans = Spans(trace.get_tracer(_SCOPE, VERSION, tracer_provider))
        self._measures = Measures(meter)
        self._readings = gauges_of(meter_provider, meter).readings
        self._handlers: Mapping[type[Event], Callable[[Any, AttributeSets], None]] = {
            RequestBegan: self._request_began,
            RequestEnded: self._request_ended,
            OutcomesKnown: self._measures.outcomes,
            WaitBegan: self._measures.wait_began,
            WaitEnded: self._measures.wait_ended,
            RetryPlanned: self._measures.retry,
            StoreFailed: self._measures.store_failed,
            RunBegan: self._run_began,
            RunEnded: self._run_ended,
        }

    def __heard__(self, event: Event) -> None:
        """Measure what happened; for the package itself, and not promised to stay, as the other three."""
        handle = self._handlers.get(type(event))
        if handle is not None:
            handle(event, self._keys.of(event.key))

    def _request_began(self, event: RequestBegan, sets: AttributeSets) -> None:
        self._measures.begin(event, sets)
        self._spans.begin(event, sets)

    def _request_ended(self, event: RequestEnded, sets: AttributeSets) -> None:
        error = None if event.code is None else known_code(event.code)
        self._measures.end(event, error, sets)
        self._spans.end(event, error)

    def _run_began(self, event: RunBegan, sets: AttributeSets) -> None:
        self._spans.begin_run(event, sets)

    def _run_ended(self, event: RunEnded, sets: AttributeSets) -> None:  # noqa: ARG002 - as all of these
        self._spans.end_run(event)
        self._readings.ended(event.run)

    def __opened__(self, sender: Sender) -> None:
        """Know of a sender, whose quota and credits are measured while it lives."""
        self._readings.opened(sender, self._keys)

    def __left__(self, request: int) -> None:
        """Know that the task that has sent this request goes on to other things."""
        self._spans.leave(request)

    def __counted__(self, key: str, run: int, loop: asyncio.AbstractEventLoop, counts: Counts) -> None:
        """Know of a campaign's run with a key of this name; its recipients are counted until it has ended."""
        self._readings.counted(self._keys.of(key).key, run, loop, counts)
