"""The values that go in and come out: frozen, comparable, cheap."""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from decimal import Decimal  # noqa: TC003 - msgspec reads the annotations

import msgspec

from ._core.limits import DOCUMENTED_LIMITS, Caps, Limit
from .errors import ConnectionFailedError, OutcomeUnknownError, RejectedError, SendError

__all__ = [
    "DOCUMENTED_LIMITS",
    "Caps",
    "Code",
    "Estimate",
    "Health",
    "Limit",
    "LimitStatus",
    "Message",
    "Outcome",
    "Priority",
    "QuotaStatus",
    "SendReport",
    "Status",
]


class Priority(enum.IntEnum):
    """Who goes first when the quota is short; the smaller value is the more urgent.

    The order is strict: while urgent requests keep coming, BULK waits.

    Example:
        ```python
        await client.send("+12125551234", "Your code is 123456", priority=Priority.URGENT)  # before all that wait
        await client.send_many(["+12125551234", "+13235554567"], "Doors open at eight", priority=Priority.BULK)
        ```
    """

    URGENT = 0
    NORMAL = 1
    BULK = 2


class Status(enum.StrEnum):
    """What became of one recipient.

    ACCEPTED: the gateway took the text (not: a handset got it). REJECTED: the gateway said no. UNSENT: it never left
    this machine, or the gateway provably did not act on it. UNKNOWN: it may have been sent.

    Example:
        ```python
        report = await client.send_many(["+12125551234", "+15005551014"], "Doors open at eight")
        print([outcome.phone for outcome in report.outcomes if outcome.status is Status.UNKNOWN])
        ```
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    UNSENT = "unsent"


class Code(enum.StrEnum):
    """The codes that this client itself puts on an outcome; any other comes from the gateway.

    Example:
        ```python
        report = await client.send_many(["+12125551234", "555 1234"], "Doors open at eight")
        print([outcome.phone for outcome in report.outcomes if outcome.code == Code.INVALID_PHONE])
        ```
    """

    INVALID_PHONE = "INVALID_PHONE"
    INVALID_MESSAGE = "INVALID_MESSAGE"
    DUPLICATE = "DUPLICATE"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    INVALID_API_KEY = "INVALID_API_KEY"
    INSUFFICIENT_CREDITS = "INSUFFICIENT_CREDITS"
    CONNECTION_FAILED = "CONNECTION_FAILED"
    CERTIFICATE_REFUSED = "CERTIFICATE_REFUSED"
    NO_ANSWER = "NO_ANSWER"
    UNREADABLE_ANSWER = "UNREADABLE_ANSWER"
    INTERRUPTED = "INTERRUPTED"
    SUPPRESSED = "SUPPRESSED"
    CAPPED = "CAPPED"
    EXPIRED = "EXPIRED"
    NO_ZONE = "NO_ZONE"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    STOPPED = "STOPPED"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One text for one number, as ``send_many``, ``stream`` and ``estimate`` take them.

    ``idempotency_key`` is the text's own: see ``AsyncClient.send``.

    Example:
        ```python
        people = {"+12125551234": "Ann", "+13235554567": "Bob"}
        await client.send_many(Message(phone, f"Hi {name}", idempotency_key=None) for phone, name in people.items())
        ```
    """

    phone: str
    message: str
    idempotency_key: str | None = None


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one recipient.

    ``index`` is the position in the input, from 0. ``phone`` is E.164, or the first 100 characters of what was given
    where that is not a phone number. ``message_id`` is the gateway's, if it gave one. ``error`` is for people, ``code``
    for programs: the gateway's, or one of ``Code``; both are ``None`` for accepted texts. ``replayed``: this call sent
    nothing, as an earlier one with its idempotency key did, and this is what became of that.

    Example:
        ```python
        outcome: Outcome = await client.send("+12125551234", "Your parcel is here")
        print(outcome.status, outcome.message_id)
        ```
    """

    index: int
    phone: str
    status: Status
    message_id: str | None = None
    error: str | None = None
    code: str | None = None
    replayed: bool = False


class SendReport(msgspec.Struct, frozen=True):
    """What became of every recipient of one call, in input order.

    ``requests`` counts the HTTP requests that may have reached the gateway. ``remaining_credits`` is the account's
    latest known figure, or ``None``. ``stopped_by`` is the guard that left texts unsent, code STOPPED, as request after
    request had failed: ``"stop_after_unknown"`` or ``"stop_after_refused"``; ``None`` if none did.

    Example:
        ```python
        report: SendReport = await client.send_many(["+12125551234", "+15005550001"], "Doors open at eight")
        print(report.accepted, report.rejected, report.unknown, report.unsent)  # 1 1 0 0
        ```
    """

    outcomes: tuple[Outcome, ...]
    requests: int
    remaining_credits: Decimal | None = None
    stopped_by: str | None = None

    def _count(self, status: Status) -> int:
        return [outcome.status for outcome in self.outcomes].count(status)

    @property
    def accepted(self) -> int:
        """How many texts the gateway took."""
        return self._count(Status.ACCEPTED)

    @property
    def rejected(self) -> int:
        """How many texts the gateway refused."""
        return self._count(Status.REJECTED)

    @property
    def unknown(self) -> int:
        """How many texts may or may not have been sent."""
        return self._count(Status.UNKNOWN)

    @property
    def unsent(self) -> int:
        """How many texts were not sent, duplicates and invalid numbers included."""
        return self._count(Status.UNSENT)

    def raise_for_failures(self) -> None:
        """Raise unless every recipient was accepted; an input that repeats an earlier one is no failure.

        The error carries the report, and the numbers of its own kind.

        Raises:
            OutcomeUnknownError: if any text may have been sent.
            RejectedError: else, if any was refused.
            ConnectionFailedError: else, if connecting is all that failed.
            SendError: else, if any was not sent.
        """
        repeats = (Status.UNSENT, Code.DUPLICATE)
        failed = [o for o in self.outcomes if o.status is not Status.ACCEPTED and (o.status, o.code) != repeats]
        kinds: tuple[tuple[Status, type[SendError], str], ...] = (
            (Status.UNKNOWN, OutcomeUnknownError, "may or may not have been sent"),
            (Status.REJECTED, RejectedError, "were refused"),
            (Status.UNSENT, SendError, "were not sent"),
        )
        stopped = f"; {self.stopped_by} ended it early" if self.stopped_by else ""
        for status, error, verb in kinds:
            these = [o for o in failed if o.status is status]
            if not these:
                continue
            codes = {o.code for o in these}
            if status is Status.UNSENT and codes <= {Code.CONNECTION_FAILED, Code.CERTIFICATE_REFUSED}:
                error = ConnectionFailedError
            raise error(
                f"{len(these)} of {len(self.outcomes)} texts {verb}{stopped}",
                phones=tuple(o.phone for o in these),
                report=self,
                code=codes.pop() if len(codes) == 1 else None,
            )


class LimitStatus(msgspec.Struct, frozen=True):
    """How one limit stands: tokens ``used`` and ``free`` (requests), and when the next one comes back.

    ``next_token_seconds`` is in seconds, and 0.0 while nothing is used; requests in flight count as if answered now.

    Example:
        ```python
        for status in (await client.quota_status()).limits:
            assert isinstance(status, LimitStatus)
            print(status.free, "of", status.limit.requests, f"requests, the next in {status.next_token_seconds:.0f} s")
        ```
    """

    limit: Limit
    used: int
    free: int
    next_token_seconds: float


class QuotaStatus(msgspec.Struct, frozen=True):
    """How a key's quota stands at one moment, over all clients that share its store.

    ``limits`` is in the client's own order. ``waiting`` counts the requests that wait in this process and event loop,
    by priority. ``paused_seconds`` is how many seconds are left of a pause that the gateway asked for with a 429.

    Example:
        ```python
        status: QuotaStatus = await client.quota_status()
        print(status.limits[0].free, status.waiting[Priority.URGENT], status.paused_seconds)
        ```
    """

    limits: tuple[LimitStatus, ...]
    waiting: Mapping[Priority, int]
    paused_seconds: float = 0.0


class Health(msgspec.Struct, frozen=True):
    """How a client stands at one moment, for a probe: what its quota store says, and what this process knows itself.

    ``store_reachable``: the quota store answered in time; else ``store_error`` says why not, without any secret, and
    ``quota`` is ``None``. ``last_answer_seconds`` is the age in seconds of the last whole HTTP answer to a send, from
    the gateway or from a server before it, and ``last_status_code`` its HTTP status; both are ``None`` before there was
    one. ``oldest_wait_seconds`` is how many seconds ago the oldest of the requests that wait in this process and event
    loop came into its line, 0.0 if none waits; one that is tried again comes anew. ``unknown_last_hour`` counts the
    texts that have become unknown within the last hour. The answer, the count and ``remaining_credits`` are what all
    clients of this process have learned that send with this key to this URL.

    Example:
        ```python
        health: Health = await client.health()
        print(health.ok, health.oldest_wait_seconds, health.unknown_last_hour)
        ```
    """

    store_reachable: bool
    store_error: str | None
    quota: QuotaStatus | None
    last_answer_seconds: float | None
    last_status_code: int | None
    oldest_wait_seconds: float
    unknown_last_hour: int
    remaining_credits: Decimal | None

    @property
    def ok(self) -> bool:
        """Whether this client can send, now or as soon as its quota allows it: its quota store answers.

        Nothing else is asked. A key that waits for its quota, or that a 429 pauses, does what it should. What the
        gateway said last is no part of it either, as no new answer comes where a probe keeps all sends away.
        """
        return self.store_reachable


class Estimate(msgspec.Struct, frozen=True):
    """What a job would come to if it started now.

    ``recipients`` is the number of texts that would be sent; ``duplicates`` and ``invalid`` are how many recipients are
    not among them. ``requests`` is the number of requests that the job takes from the quota. ``segments`` is an
    estimate of the billed segments of all texts together, as the provider documents no price. ``seconds`` is the time
    in seconds until the last request may leave, if every answer came at once and nobody else used the key.

    Example:
        ```python
        estimate: Estimate = await client.estimate(["+12125551234", "+13235554567"], "Doors open at eight")
        print(estimate.recipients, estimate.requests, estimate.segments, estimate.seconds)
        ```
    """

    recipients: int
    duplicates: int
    invalid: int
    requests: int
    segments: int
    seconds: float
