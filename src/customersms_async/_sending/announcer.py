"""Telling those who look on what happens; made, and imported, only where somebody does."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, final
from urllib.parse import urlsplit

from .. import events
from .._core.shown_codes import shown_code
from .._runtime.listener_calls import call_listener, log_listener_error
from ..errors import IdempotencyStoreError, SuppressionStoreError
from ..models import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._admission.ticket import Ticket
    from .._core.batching import Batch
    from .._core.rulings import Ruling
    from ..events import Event, RunKind, StoreName, WaitReason
    from ..models import Outcome, Priority
    from .observers import Counts, Listener, TelemetrySeam
    from .sender import Sender


@final
class Announcer:
    """Tells the listeners of one client what happens; ``run`` is the send to many that it belongs to, if it does.

    Raises nothing: what a listener raises is logged. Mutable state: none.
    """

    __slots__ = ("__weakref__", "listeners", "run", "telemetry")

    def __init__(
        self, listeners: tuple[Listener, ...], telemetry: TelemetrySeam | None, run: int | None = None
    ) -> None:
        self.listeners: tuple[Listener, ...] = listeners
        self.telemetry: TelemetrySeam | None = telemetry
        self.run: int | None = run

    def tell(self, event: Event) -> None:
        """Have everybody hear of ``event``; without ``call_listener``, whose calls take a third of all the time."""
        for hear in self.listeners:
            try:
                hear(event)
            except BaseException as error:  # noqa: BLE001 - whatever the program's own code may raise
                log_listener_error(hear, error)

    def opened(self, sender: Sender) -> None:
        """Have the telemetry know of a sender, whose quota and credits it may ask for from now on."""
        if self.telemetry is not None:
            call_listener(self.telemetry.__opened__, sender)
        sender.room.observe(self)

    def begin_run(self, sender: Sender, kind: RunKind, run: int, counts: Counts | None) -> Announcer:
        """Tell that a run begins, and give the announcer of what is done in it; ``counts`` gives a campaign's."""
        if self.telemetry is not None and counts is not None:
            call_listener(self.telemetry.__counted__, sender.log.name, run, sender.room.loop, counts)
        self.tell(events.RunBegan(key=sender.log.name, run=run, kind=kind))
        return Announcer(self.listeners, self.telemetry, run)

    def end_run(self, sender: Sender, kind: RunKind, reason: str | None) -> None:
        """Tell that this announcer's run has ended, and why if not everybody was sent to."""
        assert self.run is not None  # noqa: S101 - begin_run has made it
        self.tell(events.RunEnded(key=sender.log.name, run=self.run, kind=kind, reason=reason))

    def outcomes(self, sender: Sender, priority: Priority, outcomes: Sequence[Outcome]) -> None:
        """Tell what became of these recipients."""
        key = sender.log.name
        if len(outcomes) == 1:  # a call of Counter would take as long as all the rest
            (one,) = outcomes
            self._known(key, priority, (one.status, one.code, one.replayed), 1)
            return
        for kind, many in Counter([(o.status, o.code, o.replayed) for o in outcomes]).items():
            self._known(key, priority, kind, many)

    def _known(self, key: str, priority: Priority, kind: tuple[Status, str | None, bool], many: int) -> None:
        status, code, replayed = kind
        if code is not None:
            code = shown_code(code)
        known = events.OutcomesKnown(
            key=key, priority=priority, status=status, code=code, replayed=replayed, recipients=many
        )
        self.tell(known)

    def request(self, sender: Sender, ticket: Ticket, batch: Batch, attempt: int) -> RequestWatch:
        """The watch on one request that is about to stand in line."""
        return RequestWatch(self, sender, ticket.priority, len(batch.phones), attempt)

    def retry(self, sender: Sender, attempt: int, seconds: float, code: str | None) -> None:
        """Tell that texts are tried again."""
        self.tell(events.RetryPlanned(key=sender.log.name, attempt=attempt, seconds=seconds, code=shown_code(code)))

    def paused(self, sender: Sender, seconds: float) -> None:
        """Tell that the key pauses."""
        self.tell(events.KeyPaused(key=sender.log.name, seconds=seconds))

    def store_failed(self, sender: Sender, error: Exception) -> None:
        """Tell that one of the stores failed at a question that concerns one delivery."""
        store: StoreName = "quota"
        if isinstance(error, IdempotencyStoreError):
            store = "idempotency"
        elif isinstance(error, SuppressionStoreError):
            store = "suppression"
        self.tell(events.StoreFailed(key=sender.log.name, store=store, error=str(error), failures=1))


@final
class RequestWatch:
    """Tells of one request, from its place in line to its answer.

    Mutable state: what it waited for, and since when.
    """

    __slots__ = ("_announcer", "_attempt", "_priority", "_reason", "_recipients", "_sender", "_waited")

    def __init__(self, announcer: Announcer, sender: Sender, priority: Priority, recipients: int, attempt: int) -> None:
        self._announcer = announcer
        self._sender = sender
        self._priority = priority
        self._recipients = recipients
        self._attempt = attempt
        self._reason: WaitReason | None = None
        self._waited = 0.0

    def wait_began(self, reason: WaitReason) -> None:
        """Tell that it stands in line."""
        key, priority = self._sender.log.name, self._priority
        self._announcer.tell(events.WaitBegan(key=key, priority=priority, reason=reason))

    def wait_ended(self, reason: WaitReason, seconds: float, *, admitted: bool) -> None:
        """Tell that it stands in line no more."""
        self._reason, self._waited = reason, seconds
        key, priority = self._sender.log.name, self._priority
        ended = events.WaitEnded(key=key, priority=priority, reason=reason, seconds=seconds, admitted=admitted)
        self._announcer.tell(ended)

    def began(self) -> None:
        """Tell that it was let in."""
        server, port = _server(self._sender.url)
        began = events.RequestBegan(
            key=self._sender.log.name,
            request=id(self),
            run=self._announcer.run,
            priority=self._priority,
            recipients=self._recipients,
            attempt=self._attempt,
            server=server,
            port=port,
            waited=self._waited,
            reason=self._reason,
        )
        self._announcer.tell(began)

    def left(self) -> None:
        """Have the telemetry know that the request's task goes on to other things."""
        if self._announcer.telemetry is not None:
            call_listener(self._announcer.telemetry.__left__, id(self))

    def ended(self, ruling: Ruling, seconds: float, *, sent: bool) -> None:
        """Tell what became of it, ``seconds`` after it was let in."""
        outcomes = ruling.outcomes
        many = [o.status for o in outcomes].count(_ACCEPTED)
        server, port = _server(self._sender.url)
        ended = events.RequestEnded(
            key=self._sender.log.name,
            request=id(self),
            priority=self._priority,
            server=server,
            port=port,
            seconds=seconds,
            sent=sent,
            status_code=ruling.status_code,
            recipients=self._recipients,
            accepted=many,
            code=None if many or not outcomes else shown_code(outcomes[0].code),
        )
        self._announcer.tell(ended)


_ACCEPTED: Final = Status.ACCEPTED


@lru_cache(maxsize=64)
def _server(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
