"""What telemetry costs a request, beside the same calls of OpenTelemetry by themselves.

``python -m benchmarks.speed.telemetry [ROUNDS]``: microseconds of CPU of one request with one number, and of one with
1,000 for each of them. ``bare`` is what OpenTelemetry takes for the span, the counters and the histograms that such a
request has, and ``ours`` what this package adds: with providers that do nothing, where that shows best, and with the
SDK's, which take many times as long. All take turns in one process. Prints JSON, round by round.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING

from opentelemetry import context, metrics, trace
from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import SpanKind

from benchmarks.shared.phones import phone
from customersms_async import AsyncClient, Limit, MemoryQuota, Outcome, Priority, Status
from customersms_async._admission.ticket import Ticket
from customersms_async._core.batching import Batch
from customersms_async._core.rulings import Ruling
from customersms_async._otel import metric_table
from customersms_async._otel.attributes import SYSTEM
from customersms_async._sending.open_client import open_client
from customersms_async.otel import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from customersms_async._sending.sender import Sender

TIMES = 200
"""Requests with one number in a turn."""

TURNS = 31
"""Turns of each in a round."""

MANY = 1_000
"""Numbers in a large request."""


def told(sender: Sender, numbers: int) -> Callable[[], None]:
    """All that is told of one request."""
    phones = [phone(number) for number in range(numbers)]
    batch, ticket = Batch("Hello", phones, list(range(numbers))), Ticket(Priority.NORMAL)
    outcomes = [Outcome(at, number, Status.ACCEPTED, "m") for at, number in enumerate(phones)]
    ruling = Ruling(outcomes, status_code=200)
    announcer = sender.announcer
    assert announcer is not None

    def once() -> None:
        watch = announcer.request(sender, ticket, batch, 1)
        watch.began()
        watch.left()
        watch.ended(ruling, 0.1, sent=True)
        announcer.outcomes(sender, ticket.priority, outcomes)

    return once


def bare(tracers: TracerProvider, meters: MeterProvider, numbers: int) -> Callable[[], None]:
    """The same calls by themselves, with what they are given made before."""
    tracer, meter = tracers.get_tracer("bare"), meters.get_meter("bare")
    duration = meter.create_histogram("duration", explicit_bucket_boundaries_advisory=metric_table.REQUEST_SECONDS)
    wait = meter.create_histogram("wait", explicit_bucket_boundaries_advisory=metric_table.WAIT_SECONDS)
    sent, outcomes = meter.create_counter("sent"), meter.create_counter("outcomes")
    active = meter.create_up_down_counter("active")
    request = {**SYSTEM, "server.address": "127.0.0.1", "server.port": 80, "http.response.status_code": 200}
    began = {
        **SYSTEM,
        "messaging.batch.message_count": numbers,
        "server.address": "127.0.0.1",
        "server.port": 80,
        "customersms.attempt": 1,
        "customersms.priority": "normal",
    }
    priority, reason = {"priority": "normal"}, {"reason": "none", "priority": "normal"}
    outcome, seconds = {"status": "accepted", "code": "", "priority": "normal"}, {"seconds": 0.0}

    def once() -> None:
        active.add(1, priority)
        wait.record(0.0, reason)
        now = time.time_ns()
        span = tracer.start_span("send customersms", None, SpanKind.CLIENT, began, None, now)
        span.add_event("customersms.admitted", seconds, now)
        token = context.attach(context.set_value("suppress", True, trace.set_span_in_context(span)))
        context.detach(token)
        active.add(-1, priority)
        duration.record(0.1, request)
        sent.add(numbers, request)
        span.set_attribute("http.response.status_code", 200)
        span.end()
        outcomes.add(numbers, outcome)

    return once


def microseconds(call: Callable[[], None], times: int) -> float:
    """Of CPU, for one call."""
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times * 1e6


async def main(rounds: int) -> None:
    """Print the figures of each round."""
    providers: dict[str, tuple[TracerProvider, MeterProvider]] = {
        "nothing": (trace.NoOpTracerProvider(), metrics.NoOpMeterProvider()),
        "sdk": (sdk_trace.TracerProvider(), sdk_metrics.MeterProvider([InMemoryMetricReader()])),
    }
    options = {"api_key": "cspro_measured", "url": "http://127.0.0.1:9", "quota": MemoryQuota(), "limits": Limit(9, 9)}
    async with contextlib.AsyncExitStack() as stack:
        ways = {}
        for name, (tracers, meters) in providers.items():
            client = AsyncClient(**options, telemetry=Telemetry(tracers, meters))  # type: ignore[arg-type]
            sender = open_client(await stack.enter_async_context(client)).sender
            for numbers in (1, MANY):
                ways[name, numbers] = told(sender, numbers), bare(tracers, meters, numbers), TIMES // numbers + 20
        for _ in range(rounds):
            figures: dict[str, float] = {}
            for (name, numbers), (whole, alone, times) in ways.items():
                pairs = [(microseconds(whole, times), microseconds(alone, times)) for _ in range(TURNS)]
                ours = statistics.median(one - other for one, other in pairs)
                if numbers == 1:
                    figures |= {f"bare, {name}": statistics.median(other for _, other in pairs), f"ours, {name}": ours}
                else:
                    figures[f"ours for each of many, {name}"] = ours / numbers
            print(json.dumps({name: round(figure, 3) for name, figure in figures.items()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
