"""Every metric, in one table: what is measured is made of it, and ``docs/metrics.md`` is held against it."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0)
"""Bounds of a request's duration: those of OpenTelemetry's conventions, and up to what a large batch may take."""

WAIT_SECONDS: Final = (
    *(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
    *(1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0, 86_400.0),
)
"""Bounds of a wait: up to the day for which a key's longest limit may make it wait."""

Kind = Literal["counter", "up-down counter", "histogram", "gauge"]


class Metric(NamedTuple):
    """One metric: its name, what kind of instrument it is, its unit, what it says, and the attributes that it has.

    ``bounds`` are those of a histogram's buckets, in its unit.
    """

    name: str
    kind: Kind
    unit: str
    says: str
    attributes: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


SYSTEM: Final = ("messaging.system", "messaging.operation.name", "messaging.operation.type", "server.address")
REQUEST: Final = (*SYSTEM, "server.port", "http.response.status_code", "error.type")

DURATION: Final = Metric(
    "messaging.client.operation.duration",
    "histogram",
    "s",
    "How long requests took, from when they were let in to their answer",
    REQUEST,
    REQUEST_SECONDS,
)
SENT: Final = Metric(
    "messaging.client.sent.messages",
    "counter",
    "{message}",
    "Texts in requests of which the first byte may have left",
    REQUEST,
)
OUTCOMES: Final = Metric(
    "customersms.client.outcomes",
    "counter",
    "{message}",
    "What became of texts, once for each",
    ("status", "code", "priority"),
)
WAIT: Final = Metric(
    "customersms.client.wait_time",
    "histogram",
    "s",
    "How long requests stood in line before they were let in, and for what",
    ("reason", "priority"),
    WAIT_SECONDS,
)
ACTIVE: Final = Metric(
    "customersms.client.requests.active", "up-down counter", "{request}", "Requests on their way now", ("priority",)
)
WAITING: Final = Metric(
    "customersms.client.requests.waiting", "up-down counter", "{request}", "Requests in line now", ("priority",)
)
RETRIES: Final = Metric(
    "customersms.client.retries", "counter", "{retry}", "Requests that are tried again, and why", ("code",)
)
STORE_ERRORS: Final = Metric(
    "customersms.store.errors", "counter", "{error}", "Questions that a store did not answer", ("store",)
)
USAGE: Final = Metric(
    "customersms.quota.usage", "gauge", "{request}", "Tokens of a limit that are used, by all who share it", ("window",)
)
LIMIT: Final = Metric("customersms.quota.limit", "gauge", "{request}", "Tokens that a limit has", ("window",))
UTILIZATION: Final = Metric("customersms.quota.utilization", "gauge", "1", "The share of a limit in use", ("window",))
PAUSE: Final = Metric("customersms.quota.pause", "gauge", "s", "What is left of a pause that the gateway asked for")
CREDITS: Final = Metric("customersms.credits", "gauge", "{credit}", "The account's credits, by the latest answer")
CAMPAIGN: Final = Metric(
    "customersms.campaign.recipients",
    "gauge",
    "{recipient}",
    "Recipients of the campaigns that run in this process, by what became of them",
    ("state",),
)

METRICS: Final = (
    *(DURATION, SENT, OUTCOMES, WAIT, ACTIVE, WAITING, RETRIES, STORE_ERRORS),
    *(USAGE, LIMIT, UTILIZATION, PAUSE, CREDITS, CAMPAIGN),
)
