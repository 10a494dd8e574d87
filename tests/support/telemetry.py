"""OpenTelemetry's SDK in memory: what a client with telemetry has said of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from customersms_async.otel import Telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.metrics.export import Metric
    from opentelemetry.sdk.trace import ReadableSpan


_PROGRAM: Final = Resource.create()
"""What a provider would find out each time that one is made."""


class TelemetryInMemory:
    """A ``Telemetry`` whose spans and figures are kept here."""

    def __init__(self, *, key_label: bool = False) -> None:
        self._reader = InMemoryMetricReader()
        self._exporter = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False, resource=_PROGRAM)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader], resource=_PROGRAM, shutdown_on_exit=False)
        self.telemetry = Telemetry(self.tracers, self.meters, key_label=key_label)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in the order in which they did."""
        return list(self._exporter.get_finished_spans())

    def metrics(self) -> Iterator[Metric]:
        """All metrics as they stand now."""
        data = self._reader.get_metrics_data()
        for resource in () if data is None else data.resource_metrics:
            for scope in resource.scope_metrics:
                yield from scope.metrics

    def figures(self, name: str, *attributes: str) -> dict[Any, float]:
        """The figures of one metric by these attributes: a histogram's are how often something was recorded."""
        found: dict[Any, float] = {}
        for metric in self.metrics():
            if metric.name == name:
                for point in metric.data.data_points:
                    place = tuple((point.attributes or {}).get(each) for each in attributes)
                    value = point.count if isinstance(point, HistogramDataPoint) else point.value  # type: ignore[union-attr]
                    key = place[0] if len(place) == 1 else place
                    found[key] = found.get(key, 0) + value
        return found

    def said(self) -> str:
        """Everything that would be exported, as text."""
        spans = [json.loads(span.to_json(indent=None)) for span in self.spans]
        said = "".join(metric.to_json(indent=None) for metric in self.metrics())
        return json.dumps(spans, ensure_ascii=False) + said

    def tells(self, *words: str) -> list[str]:
        """Those of these words that are in anything that would be exported."""
        said = self.said()
        return [word for word in words if word in said]

    def close(self) -> None:
        self.tracers.shutdown()
        self.meters.shutdown()
