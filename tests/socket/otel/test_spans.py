"""Spans: one a request, with all that the conventions ask for, and none of the HTTP library's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.trace import SpanKind, StatusCode

from customersms_async import (
    AsyncClient,
    Campaign,
    Limit,
    MemoryQuota,
    Message,
    OutcomeUnknownError,
    Priority,
    RejectedError,
)
from customersms_async.sandbox import Fault, magic
from support.distant_quota import DistantQuota
from support.echoing_gateway import KEY, echoing
from support.engines import ENGINES, engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from customersms_async.sandbox import Sandbox
    from support.telemetry import TelemetryInMemory

    MakeClient = Callable[..., AsyncClient]

PHONES = [f"+1212555{number:04}" for number in range(40)]


def attributes(span: Any) -> dict[str, Any]:
    return dict(span.attributes)


def events(span: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, dict(event.attributes)) for event in span.events]


async def test_a_request_is_a_client_span_and_a_child_of_its_caller_s(
    make_client: MakeClient, seen: TelemetryInMemory
) -> None:
    client = make_client(telemetry=seen.telemetry, label="shop")
    with seen.tracers.get_tracer("app").start_as_current_span("signup") as caller:
        await client.send(PHONES[0], "Hello", priority=Priority.URGENT)
    span, outer = seen.spans
    assert outer.name == "signup"
    assert (span.name, span.kind) == ("send customersms", SpanKind.CLIENT)
    assert span.parent == caller.get_span_context()
    found = attributes(span)
    assert found.pop("server.port") > 0
    assert found == {
        "messaging.system": "customersms",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.batch.message_count": 1,
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
        "customersms.attempt": 1,
        "customersms.priority": "urgent",
    }
    assert events(span) == [("customersms.admitted", {"seconds": 0.0})]
    assert span.status.status_code is StatusCode.UNSET


async def test_a_wait_is_part_of_the_span_with_what_it_was_for(
    make_client: MakeClient, seen: TelemetryInMemory
) -> None:
    client = make_client(telemetry=seen.telemetry, limits=Limit(1, 0.3))
    await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES[:2]))
    span = max(seen.spans, key=lambda one: one.end_time or 0)
    (waiting, why), (admitted, after) = events(span)
    assert (waiting, why, admitted) == ("customersms.waiting", {"reason": "quota"}, "customersms.admitted")
    assert after["seconds"] > 0.1
    assert span.start_time == span.events[0].timestamp
    assert span.events[1].timestamp - span.events[0].timestamp == pytest.approx(after["seconds"] * 1e9, abs=1e6)


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault.STATUS_502, 502, "HTTP_502"),
        (Fault.JSON_CUT, 200, "UNREADABLE_ANSWER"),
        (Fault.ROW_REJECTED, 200, "_OTHER"),
    ],
)
async def test_a_failure_is_the_span_s(
    make_client: MakeClient, sandbox: Sandbox, seen: TelemetryInMemory, fault: Fault, status: int, error: str
) -> None:
    client = make_client(telemetry=seen.telemetry)
    if fault is not Fault.ROW_REJECTED:
        sandbox.misbehave([fault])
    phone = magic.number(fault) if fault is Fault.ROW_REJECTED else PHONES[0]
    with pytest.raises((OutcomeUnknownError, RejectedError)):
        await client.send(phone, "Hello")
    (span,) = seen.spans
    assert (attributes(span)["http.response.status_code"], attributes(span)["error.type"]) == (status, error)
    assert span.status.status_code is StatusCode.ERROR


async def test_each_attempt_is_a_span_of_its_own(
    make_client: MakeClient, sandbox: Sandbox, seen: TelemetryInMemory
) -> None:
    sandbox.misbehave([Fault.STATUS_429])
    await make_client(telemetry=seen.telemetry, limits=Limit(10, 0.3)).send(PHONES[0], "Hello")
    found = [attributes(span) for span in seen.spans]
    assert [(each["customersms.attempt"], each.get("error.type")) for each in found] == [(1, "RATE_LIMITED"), (2, None)]


@pytest.mark.parametrize("kind", ["send_many", "stream"])
async def test_a_bulk_send_s_requests_are_children_of_its_caller_s_span_and_none_of_another(
    make_client: MakeClient, seen: TelemetryInMemory, kind: str
) -> None:
    client = make_client(telemetry=seen.telemetry)
    tracer = seen.tracers.get_tracer("app")
    with tracer.start_as_current_span("newsletter") as caller:
        if kind == "send_many":
            await client.send_many(PHONES, "Hello", batch_size=2)
        else:
            [outcome async for outcome in client.stream(PHONES, "Hello", batch_size=2)]
    *requests, _ = seen.spans
    assert len(requests) == 20
    assert {span.parent and span.parent.span_id for span in requests} == {caller.get_span_context().span_id}
    assert {attributes(span)["messaging.batch.message_count"] for span in requests} == {2}


async def test_a_campaign_s_requests_are_linked_to_its_run(
    make_client: MakeClient, seen: TelemetryInMemory, tmp_path: Path
) -> None:
    client = make_client(telemetry=seen.telemetry)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([Message(phone, "Hello") for phone in PHONES])
        with seen.tracers.get_tracer("app").start_as_current_span("job") as job:
            [outcome async for outcome in campaign.run(client)]
    *requests, run, _ = seen.spans
    assert (run.name, run.parent) == ("campaign customersms", job.get_span_context())
    assert [span.parent for span in requests] == [None]
    assert [[link.context for link in span.links] for span in requests] == [[run.get_span_context()]]


class SpanNoting(DistantQuota):
    """A store that suspends, and keeps the name of the span in which it was asked for a token."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_in: list[str] = []

    async def take(self, *what: Any) -> Any:
        self.asked_in.append(getattr(trace.get_current_span(), "name", "none"))
        return await self.near.take(*what)


async def test_what_is_asked_of_a_store_for_one_text_is_part_of_no_other_s_span(
    make_client: MakeClient, seen: TelemetryInMemory
) -> None:
    store = SpanNoting()
    client = make_client(telemetry=seen.telemetry, quota=store, max_concurrency=1)
    await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES[:3]))
    assert store.asked_in == ["none"] * 3


@pytest.fixture
def instrumented(seen: TelemetryInMemory) -> Iterator[None]:
    """The HTTP libraries, as the instrumentation of a program makes them."""
    instrumentors = HTTPXClientInstrumentor(), AioHttpClientInstrumentor()
    for each in instrumentors:
        each.instrument(tracer_provider=seen.tracers)
    yield
    for each in instrumentors:
        each.uninstrument()


@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("own", [True, False], ids=["with telemetry", "without"])
async def test_an_http_library_s_instrumentation_makes_no_second_span_where_ours_is_on_and_never_propagates(
    seen: TelemetryInMemory, engine: str, own: bool
) -> None:
    async with engine_of(engine) as http_client, echoing("headers") as echo:
        telemetry = seen.telemetry if own else None
        async with AsyncClient(
            api_key=KEY, url=echo.url, quota=MemoryQuota(), pace=None, http_client=http_client, telemetry=telemetry
        ) as client:
            with seen.tracers.get_tracer("app").start_as_current_span("signup"):
                await client.send(PHONES[0], "Hello")
            await client.send_many(PHONES, "Hello", batch_size=20)
    ours = [span for span in seen.spans if span.name == "send customersms"]
    assert len(ours) == (3 if own else 0)
    if own:
        assert len(seen.spans) == 4
    assert len(echo.heads) == 3
    assert not any(word in head.lower() for head in echo.heads for word in ("traceparent", "tracestate", "baggage"))
