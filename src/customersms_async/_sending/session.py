"""The life of one client in its event loop: opened when first used, closed once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, final

import msgspec

from .._core.idempotency_key import NO_KEY_STORE, idempotency_key_problem
from .._core.options import check_number
from .._core.plural import counted
from .._runtime.log import KeyLog
from .._runtime.tasks import start
from ..errors import ConfigurationError
from ..models import Code, Priority
from .bulk import BulkSend
from .environment import revision
from .idle_clients import count_awake
from .input_reader import check_recipients
from .open_sends import OpenSends
from .send_options import NO_RULES, CallRules, SendOptions

if TYPE_CHECKING:
    from types import EllipsisType

    from .._admission.ticket import Ticket
    from .client_parts import ClientParts
    from .input_reader import Recipients
    from .sender import Sender
    from .stream import OpenSend


@final
class Session:
    """The sends and connections of one client in its event loop, all of which its closing ends.

    Mutable state: the parts, until it is open, and then the sender, with the revision that it is of; the tickets of
    single sends; the bulk sends and campaigns; whether it is closed, and the task that waits for requests in flight.
    """

    __slots__ = ("__weakref__", "_closing", "_open_sends", "_revision", "_sender", "_tickets", "closed", "parts")

    def __init__(self, parts: ClientParts) -> None:
        self.parts: ClientParts = parts
        self.closed: bool = False
        self._sender: Sender | None = None
        self._revision: float = 0
        self._tickets: dict[Ticket, None] = {}
        self._open_sends: OpenSends | None = None  # made when first used: there may be 10,000 idle clients
        self._closing: asyncio.Task[None] | None = None

    def open(self) -> Sender:
        """The client's sender, made when first used, as it belongs to the event loop, and when the key is replaced.

        Raises ``ConfigurationError`` outside a running event loop, in another one than before, and after ``close``; and
        if there is no key.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError("the client must be used in a running asyncio event loop") from None
        if self.closed:
            raise ConfigurationError("the client is closed")
        self.parts.transport.bind(loop)
        if self._sender is None or self._revision != revision.number:
            return self._renew(loop)
        return self._sender

    def _renew(self, loop: asyncio.AbstractEventLoop) -> Sender:
        """Make the sender, or make it anew if there is another key or URL than before."""
        number, sender = revision.number, self._sender
        secret, url = self.parts.secret, self.parts.url
        if sender is None or sender.secret is not secret or sender.url != url:
            self._sender = self.parts.sender(secret, url)
            if sender is None:
                count_awake(self, loop)
            sender = self._sender
        self._revision = number
        return sender

    def rest(self) -> bool:
        """Let go of the sender, which is made anew with the next use, unless something is going on; true if it was."""
        sender = self._sender
        if sender is None:
            return True
        if self._tickets or (self._open_sends is not None and not self._open_sends.are_over):
            return False
        if not sender.room.is_at_rest or self.parts.transport.in_flight.has(self.parts):
            return False
        self._sender, self._tickets = None, {}  # one that was emptied is three times as large
        return True

    def options(
        self,
        *,
        priority: Priority,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        reads_all: bool,
        rules: CallRules = NO_RULES,
    ) -> SendOptions:
        """The options of one call: the client's own, with what is given (not ``...``) in their place.

        Raises ``ConfigurationError`` for a value out of range, as making a client does.
        """
        options = self.parts.options
        if batch_size is not ... or max_wait is not ... or timeout is not ...:
            given = {"batch_size": batch_size, "max_wait": max_wait, "timeout": timeout}
            options = msgspec.structs.replace(options, **{k: value for k, value in given.items() if value is not ...})
        if type(priority) is not Priority:  # which is faster than to ask it
            try:
                priority = Priority(priority)
            except ValueError:
                names = "Priority.URGENT, Priority.NORMAL or Priority.BULK"
                raise ConfigurationError(f"no such priority: {priority!r}; give {names}") from None
        if rules.idempotency_key is not None:
            self._check_idempotency_key(rules.idempotency_key)
        return SendOptions(
            priority=priority,
            batch_size=options.batch_size,
            max_wait=options.max_wait,
            timeout=options.timeout,
            max_concurrency=options.max_concurrency,
            reads_all=reads_all,
            rules=rules,
            keeps_keys=self.parts.checking.idempotency is not None,
        )

    def _check_idempotency_key(self, key: object) -> None:
        """Raise ``ConfigurationError`` for a key that can't be one, and where there is no store that could keep it."""
        if self.parts.checking.idempotency is None:
            raise ConfigurationError(NO_KEY_STORE)
        problem = idempotency_key_problem(key)
        if problem is not None:
            raise ConfigurationError(problem)

    def enter(self, ticket: Ticket) -> None:
        """Have ``close`` end the wait of a single send."""
        self._tickets[ticket] = None

    def leave(self, ticket: Ticket) -> None:
        """Count out a single send, as it is over."""
        del self._tickets[ticket]

    def begin(self, recipients: Recipients, message: str | None, options: SendOptions) -> BulkSend:
        """Begin a bulk send. Raises ``ConfigurationError`` as ``open`` does, and for recipients that can be none."""
        check_recipients(recipients)
        send = BulkSend(self.open(), recipients, message, options)
        self.watch(send)
        return send

    def watch(self, send: OpenSend) -> None:
        """Have ``close`` end a bulk send or a campaign's run."""
        if self._open_sends is None:
            self._open_sends = OpenSends()
        self._open_sends.add(send)

    async def close(self, grace: float | None = None) -> None:
        """Send nothing new, wait for the requests in flight, and close the connections if they are the client's own.

        After ``grace`` seconds it aborts the requests that are still on their way. Cancelled, it aborts them at once,
        unless others go on using the connections: in a caller's pool an aborted request may cost them a place. May be
        called more than once, and when the event loop that it was used in has ended.
        """
        if grace is not None:
            check_number("grace", grace, 0.0)
        loop = asyncio.get_running_loop()
        if self.parts.transport.has_outlived_its_loop:
            self._abandon()
            return
        if self._closing is None:
            self._closing = self._begin_closing(loop)
        timer = None if grace is None else loop.call_later(grace, self._end_grace, grace)
        try:
            await asyncio.shield(self._closing)
        except asyncio.CancelledError:
            if self.parts.owns_transport and self.parts.transport.callers_client is None:
                self._abort()
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _abandon(self) -> None:
        """Close what has nothing in flight and no connection any more, as its event loop has ended."""
        self.closed = True
        if self.parts.owns_transport:
            self.parts.transport.abandon()

    def _end_grace(self, grace: float) -> None:
        aborted = self._abort()
        if aborted:
            requests = counted(aborted, "request")
            message = "%s aborted %g s after the client was closed; texts may have been sent"
            name = self.parts.key_name or "not known"
            KeyLog(name).warning("aborted", message, requests, grace, requests=aborted, seconds=grace)

    def _abort(self) -> int:
        """Abort the requests in flight: all over these connections if they are about to be closed; how many."""
        return self.parts.transport.in_flight.abort(None if self.parts.owns_transport else self.parts)

    def _begin_closing(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        self.parts.transport.leave(loop)
        self.closed = True
        if self.parts.owns_transport:
            self.parts.transport.refuse_new_requests()  # so that whoever waits for a token sends nothing either
        if self._open_sends is not None:
            self._open_sends.abort()
        self._stop_waiting()
        return start(loop, self._close(asyncio.current_task()))

    async def _close(self, closer: asyncio.Task[Any] | None) -> None:
        try:
            await self._land()
            self._stop_waiting()  # those that would have been tried again
            if self._open_sends is not None:
                await self._open_sends.land()
        finally:
            if self._open_sends is not None:
                self._open_sends.close(closer)
        if self.parts.owns_transport:
            await self.parts.transport.aclose()

    async def _land(self) -> None:
        """Wait for the requests in flight: for all over these connections if they are about to be closed."""
        if self.parts.owns_transport:
            await self.parts.transport.in_flight.wait()
        else:
            await self.parts.transport.in_flight.wait_for(self.parts)

    def _stop_waiting(self) -> None:
        for ticket in tuple(self._tickets):
            if ticket.waits_for is not None:
                ticket.stop(Code.CONNECTION_FAILED)
