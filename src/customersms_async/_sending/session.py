"""The life of one client in its event loop: opened when first used, closed once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, final

import msgspec

from .._runtime.tasks import start
from ..errors import ConfigurationError
from ..models import Code, Priority
from .bulk import BulkSend
from .open_sends import OpenSends
from .reader import check_recipients
from .send_options import SendOptions

if TYPE_CHECKING:
    from types import EllipsisType

    from .._admission.ticket import Ticket
    from .client_parts import ClientParts
    from .reader import Recipients
    from .sender import Sender
    from .stream import OpenSend


@final
class Session:
    """All that one client has going in its event loop, for its closing to end.

    Mutable state: the sender, once it is open; the tickets of single sends; the bulk sends and campaigns;
    whether it is closed, and the task that waits for the requests in flight.
    """

    __slots__ = ("_closing", "_open_sends", "_sender", "_tickets", "closed", "parts")

    def __init__(self, parts: ClientParts) -> None:
        self.parts = parts
        self.closed = False
        self._sender: Sender | None = None
        self._tickets: dict[Ticket, None] = {}
        self._open_sends: OpenSends | None = None  # made when first used: there may be 10,000 idle clients
        self._closing: asyncio.Task[None] | None = None

    def open(self) -> Sender:
        """The client's sender, made when first used, as it belongs to the event loop.

        Raises ``ConfigurationError`` outside a running event loop, in another one than before, and after ``close``.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError("the client must be used in a running asyncio event loop") from None
        if self.closed:
            raise ConfigurationError("the client is closed")
        self.parts.transport.bind(loop)
        if self._sender is None:
            self._sender = self.parts.sender()
        return self._sender

    def options(
        self,
        *,
        priority: Priority,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
        reads_all: bool,
    ) -> SendOptions:
        """The options of one call: the client's own, with what is given (not ``...``) in their place.

        Raises ``ConfigurationError`` for a value out of range, as making a client does.
        """
        options = self.parts.options
        if batch_size is not ... or max_wait is not ... or timeout is not ...:
            given = {"batch_size": batch_size, "max_wait": max_wait, "timeout": timeout}
            options = msgspec.structs.replace(options, **{k: value for k, value in given.items() if value is not ...})
        try:
            priority = Priority(priority)
        except ValueError:
            raise ConfigurationError(f"no such priority: {priority!r}") from None
        return SendOptions(
            priority=priority,
            batch_size=options.batch_size,
            max_wait=options.max_wait,
            timeout=options.timeout,
            max_concurrency=options.max_concurrency,
            reads_all=reads_all,
        )

    def enter(self, ticket: Ticket) -> None:
        """Have ``close`` end the wait of a single send."""
        self._tickets[ticket] = None

    def leave(self, ticket: Ticket) -> None:
        """Hear that a single send is over."""
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

    async def close(self) -> None:
        """Send nothing new, wait for the requests in flight, and close the connections if they are the client's own.

        Cancelled, it aborts the requests, unless others go on using the connections: an aborted request would cost
        their pool a place. May be called more than once.
        """
        if self._closing is None:
            self._closing = self._begin_closing(asyncio.get_running_loop())
        try:
            await asyncio.shield(self._closing)
        except asyncio.CancelledError:
            if self.parts.owns_transport and self.parts.transport.callers_client is None:
                self.parts.transport.in_flight.abort()
            raise

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
        elif self._sender is not None:
            await self.parts.transport.in_flight.wait_for(self._sender)

    def _stop_waiting(self) -> None:
        for ticket in tuple(self._tickets):
            if ticket.waits_for is not None:
                ticket.stop(Code.CONNECTION_FAILED)
