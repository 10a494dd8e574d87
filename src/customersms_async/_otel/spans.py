"""Spans of requests and of campaigns' runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, final

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from .attributes import SYSTEM

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from ..events import RequestBegan, RequestEnded, RunBegan, RunEnded
    from .attributes import AttributeSets

NAME: Final = "send customersms"
RUN_NAME: Final = "campaign customersms"

_AT_ONCE: Final = {"seconds": 0.0}

_CLIENT: Final = SpanKind.CLIENT

_NO_HTTP_SPANS: Final = getattr(context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", None)
"""By this an HTTP library's instrumentation is asked to make no span of its own; the API has no public name for it."""


@final
class Spans:
    """A CLIENT span for each request, from its place in line to its answer, and one for each campaign's run.

    A request's span is a child of whatever span its caller has. Those of a campaign, which may last for days, are
    traces of their own, linked to the run's span. Mutable state: what is on its way.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._requests: dict[int, tuple[Span, Token[Context]]] = {}
        self._runs: dict[int, Span] = {}

    def begin(self, began: RequestBegan, sets: AttributeSets) -> None:
        """Begin the span of a request, and make it the current one of the task that sends it."""
        now = time.time_ns()
        start = now - round(began.waited * 1e9) if began.waited else now
        run = None if began.run is None else self._runs.get(began.run)
        span = self._tracer.start_span(
            NAME,
            context.Context() if run is not None else None,
            _CLIENT,
            sets.begun(began),
            [trace.Link(run.get_span_context())] if run is not None else None,
            start,
        )
        if began.reason is not None:
            span.add_event("customersms.waiting", {"reason": began.reason}, start)
        span.add_event("customersms.admitted", {"seconds": began.waited} if began.waited else _AT_ONCE, now)
        current = trace.set_span_in_context(span)
        if _NO_HTTP_SPANS is not None:
            current = context.set_value(_NO_HTTP_SPANS, True, current)
        self._requests[began.request] = span, context.attach(current)

    def leave(self, request: int) -> None:
        """Have the task that has sent a request in no span of ours, and whatever it starts from now on."""
        found = self._requests.get(request)
        if found is not None:
            context.detach(found[1])

    def end(self, ended: RequestEnded, error: str | None) -> None:
        """End the span of a request."""
        found = self._requests.pop(ended.request, None)
        if found is None:
            return
        span, _ = found
        if span.is_recording():
            if ended.status_code is not None:
                span.set_attribute("http.response.status_code", ended.status_code)
            if error is not None:
                span.set_attribute("error.type", error)
                span.set_status(Status(StatusCode.ERROR))
        span.end()

    def begin_run(self, began: RunBegan, sets: AttributeSets) -> None:
        """Begin the span of a campaign's run; a bulk send is part of its caller's."""
        if began.kind == "campaign":
            self._runs[began.run] = self._tracer.start_span(RUN_NAME, attributes={**SYSTEM, **sets.key})

    def end_run(self, ended: RunEnded) -> None:
        """End the span of a campaign's run."""
        span = self._runs.pop(ended.run, None)
        if span is not None:
            if ended.reason is not None:
                span.set_attribute("customersms.stopped_by", ended.reason)
            span.end()
