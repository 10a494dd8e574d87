"""``--metrics-port``, and what OpenTelemetry's own variables ask for: traces and metrics of a command."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..errors import ConfigurationError
from .panels import LOOK_PANEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

    from .._sending.observers import TelemetrySeam

HOST_VARIABLE: Final = "OTEL_EXPORTER_PROMETHEUS_HOST"

MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        metavar="PORT",
        min=1,
        max=65_535,
        rich_help_panel=LOOK_PANEL,
        help=f"Serve metrics for Prometheus there: to this machine alone, unless {HOST_VARIABLE} says otherwise.",
    ),
]

_SIGNALS: Final = ("TRACES", "METRICS")


@contextlib.contextmanager
def open_telemetry(port: int | None, *, key_label: bool = False) -> Iterator[TelemetrySeam | None]:
    """What a command's clients are to be measured with; ``None`` if nobody asks for it.

    ``port`` is that of ``--metrics-port``; ``key_label``: keys are told apart. OpenTelemetry's variables count as for
    every program where its SDK is installed: ``OTEL_TRACES_EXPORTER``, ``OTEL_METRICS_EXPORTER``,
    ``OTEL_EXPORTER_OTLP_ENDPOINT`` and those that the SDK reads itself. Where ``opentelemetry-instrument`` has set
    everything up, that is used. What is still to be said is said at the end.

    Raises ``ConfigurationError`` where what is asked for isn't installed or can't be had, such as a port.
    """
    asked = {signal: _exporters(signal) for signal in _SIGNALS}
    is_off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if is_off and port is not None:
        raise ConfigurationError("--metrics-port asks for metrics, and OTEL_SDK_DISABLED for none")
    if is_off or (port is None and not any(asked.values())):
        yield None
        return
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        if port is None:  # the variables may be for others
            yield None
            return
        raise ConfigurationError("--metrics-port needs more: pip install 'customersms-async[metrics]'")
    from ..otel import Telemetry

    with contextlib.ExitStack() as stack:
        try:
            tracers, meters = _tracers(asked["TRACES"], stack), _meters(asked["METRICS"], port, stack)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - of OpenTelemetry, at a variable that it can't make sense of
            raise ConfigurationError(f"OpenTelemetry can't be set up: {error} ({type(error).__name__})") from None
        yield Telemetry(tracers, meters, key_label=key_label)


def _exporters(signal: str) -> list[str]:
    """The names of the exporters that the environment asks for; an endpoint for all programs asks for what is there."""
    named = os.environ.get(f"OTEL_{signal}_EXPORTER", "")
    if not named and any(os.environ.get(f"OTEL_EXPORTER_OTLP_{part}ENDPOINT") for part in ("", f"{signal}_")):
        named = "otlp" if _found(signal, _otlp(signal)) else "none"
    return [name for name in map(str.strip, named.split(",")) if name not in {"", "none"}]


def _tracers(names: list[str], stack: contextlib.ExitStack) -> Any:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if not names or isinstance(trace.get_tracer_provider(), TracerProvider):
        return None  # nobody asks for traces, or they were set up before
    provider = TracerProvider()
    stack.callback(provider.shutdown)
    for name in names:
        provider.add_span_processor(BatchSpanProcessor(_exporter("TRACES", name)))
    return provider


def _meters(names: list[str], port: int | None, stack: contextlib.ExitStack) -> Any:
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader

    if isinstance(metrics.get_meter_provider(), MeterProvider):
        names = []  # they were set up before
    if port is None and not names:
        return None
    readers: list[MetricReader] = []
    for name in names:
        if name == "prometheus" and port is not None:
            continue
        made = _exporter("METRICS", name)
        readers.append(made if isinstance(made, MetricReader) else PeriodicExportingMetricReader(made))
    if port is not None:
        readers.append(_served(port, stack))
    provider = MeterProvider(readers)
    stack.callback(provider.shutdown)
    return provider


def _served(port: int, stack: contextlib.ExitStack) -> Any:
    """A reader of which Prometheus gets the metrics at a port."""
    try:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import start_http_server
    except ImportError:
        raise ConfigurationError("--metrics-port needs more: pip install 'customersms-async[metrics]'") from None
    host = os.environ.get(HOST_VARIABLE) or "127.0.0.1"
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        raise ConfigurationError(f"--metrics-port: {host}:{port} can't be had ({error.strerror or error})") from None

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    stack.callback(close)
    return PrometheusMetricReader()


def _exporter(signal: str, name: str) -> Any:
    """The exporter of this name, as ``OTEL_TRACES_EXPORTER`` and ``OTEL_METRICS_EXPORTER`` have it."""
    found = _found(signal, _otlp(signal) if name == "otlp" else name)
    if found is None:
        variable = f"OTEL_{signal}_EXPORTER"
        raise ConfigurationError(f"OpenTelemetry's exporter {name}, which {variable} asks for, is not installed")
    if name == "console":
        return found.load()(out=sys.stderr)  # standard output is the command's own
    return found.load()()


def _found(signal: str, name: str) -> EntryPoint | None:
    return next(iter(entry_points(group=f"opentelemetry_{signal.lower()}_exporter", name=name)), None)


def _otlp(signal: str) -> str:
    """The name of the exporter by OTLP, which there is one of for each protocol."""
    protocol = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    return "otlp_proto_http" if protocol is not None and protocol.startswith("http") else "otlp_proto_grpc"
