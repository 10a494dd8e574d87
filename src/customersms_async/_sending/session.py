"""The life of one client in its event loop: opened when first used, closed once."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TYPE_CHECKING, Any, final

import msgspec

from .._core.idempotency_key import NO_KEY_STORE, idempotency_key_problem
from .._core.options import check_number
from .._core.plural import counted
from .._core.secret import NAME_DIGITS, Secret
from .._runtime.log import KeyLog
from .._runtime.tasks import start
from ..errors import ConfigurationError
from ..models import Code, Priority
from .bulk import BulkSend
from .environment import revision
from .idle_clients import awake_sessions
from .input_reader import check_recipients
from .key_account import account_of
from .open_sends import OpenSends
from .send_options import NO_RULES, CallRules, SendOptions

if TYPE_CHECKING:
    from types import EllipsisType

    from .._admission.terms import Terms
    from .._admission.ticket import Ticket
    from .._core.account import Account
    from .client_parts import ClientParts
    from .idle_clients import AwakeSessions
    from .input_reader import Recipients
    from .key_source import KeySource
    from .option_overrides import OptionOverrides
    from .sender import Sender
    from .stream import OpenSend


@final
class SessionUse:
    """What a session has while its client is in use: made with the first use, and let go of when it rests.

    Mutable state: the sender, with the revision that it is of; the tickets of single sends; when the client was used
    last, in the loop's time.
    """

    __slots__ = ("awake", "latest", "revision", "sender", "tickets")

    def __init__(self, sender: Sender, awake: AwakeSessions) -> None:
        self.sender: Sender = sender
        self.awake: AwakeSessions = awake
        self.revision: float = 0
        self.tickets: dict[Ticket, None] = {}
        self.latest: float = 0.0


@final
class Session:
    """The sends and connections of one client in its event loop, all of which its closing ends.

    ``parts`` may be those of other clients, too, which have other keys; the connections of ``parts.transport`` are this
    client's to close if it ``owns_transport``.

    Mutable state: the account of the key, once it was asked for; what it has while it is in use, ``None`` while it
    rests; the bulk sends and campaigns; whether it is closed, and the task that waits for requests in flight.
    """

    __slots__ = (
        "__weakref__",
        "_account",
        "_closing",
        "_open_sends",
        "_use",
        "closed",
        "key",
        "owns_transport",
        "parts",
    )

    def __init__(self, parts: ClientParts, key: Secret | KeySource, *, owns_transport: bool) -> None:
        self.parts: ClientParts = parts
        self.key: Secret | KeySource = key
        self.owns_transport: bool = owns_transport
        self.closed: bool = False
        self._account: Account | None = None
        # These two are made when they are first used: there may be 10,000 idle clients.
        self._use: SessionUse | None = None
        self._open_sends: OpenSends | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def secret(self) -> Secret:
        """The key that requests go out with now; raises what ``KeySource.secret`` does."""
        return self.key if isinstance(self.key, Secret) else self.key.secret()

    @property
    def key_name(self) -> str | None:
        """What lines, errors and reprs call the key; ``None`` while it has no label and is not known."""
        if isinstance(self.key, Secret):
            return self.key.name(self.parts.options.label)
        return self.parts.options.label or (self.key.key_id and self.key.key_id[:NAME_DIGITS])

    @property
    def terms(self) -> Terms:
        """The client's terms in a waiting room: its limits, the share of them that BULK leaves, and its pace."""
        return self.parts.terms(self.secret)

    @property
    def account(self) -> Account:
        """The account of the key, which all clients of this process share that send with it to the same URL."""
        url = None
        with contextlib.suppress(ConfigurationError):  # the environment has none that is one
            url = self.parts.url
        self._account = account_of(self.key.key_id, url, self._account)
        return self._account

    def changed(self, key: Secret | KeySource, overrides: OptionOverrides) -> Session:
        """The session of a client with another key, other options, another quota or HTTP client.

        Raises ``ConfigurationError`` as ``ClientParts.changed`` does.
        """
        same_key = key is self.key or (key.key_id is not None and key.key_id == self.key.key_id)
        parts = self.parts.changed(overrides, same_key=same_key)
        return Session(parts, key, owns_transport=parts.transport is not self.parts.transport)

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
        use = self._use
        if use is None or use.revision != revision.number:
            use = self._renew(loop)
        use.latest = now = loop.time()
        if now >= use.awake.due:
            use.awake.sweep(now)
        return use.sender

    def _renew(self, loop: asyncio.AbstractEventLoop) -> SessionUse:
        """Make the sender, or make it anew if there is another key or URL than before."""
        number, use = revision.number, self._use
        secret, url = self.secret, self.parts.url
        if use is None:
            use = self._use = SessionUse(self._sender(secret, url), awake_sessions(loop))
            use.awake.add(self)
        elif use.sender.secret is not secret or use.sender.url != url:
            use.sender = self._sender(secret, url)
        use.revision = number
        return use

    def _sender(self, secret: Secret, url: str) -> Sender:
        self._account = account_of(secret.key_id, url, self._account)
        return self.parts.sender(self.key, secret, url, self._account, self._owner)

    @property
    def _owner(self) -> object:
        """What its requests in flight know it by: as long as anybody has this, there is no other."""
        return weakref.ref(self)

    def rest(self) -> bool:
        """Let go of what is made anew with the next use, unless something is going on; true if it has."""
        use = self._use
        if use is None:
            return True
        sender = use.sender
        if use.tickets or not (self._open_sends is None or self._open_sends.are_over):
            return False
        if not sender.room.is_at_rest or self.parts.transport.in_flight.has(self._owner):
            return False
        self._use = self._open_sends = None
        sender.account.rest(sender.room.clock())
        return True

    def rest_if_idle(self, since: float) -> bool:
        """Do as ``rest`` if the client was not used after ``since``, in the loop's time, and nobody could tell.

        Who looks on measures the quota for as long as there is a sender, and what it has learned would be forgotten.
        """
        use = self._use
        if use is None:
            return True
        sender = use.sender
        return use.latest <= since and sender.announcer is None and not sender.sizes.have_learned and self.rest()

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
        assert self._use is not None  # noqa: S101 - whoever enters has opened it
        self._use.tickets[ticket] = None

    def leave(self, ticket: Ticket) -> None:
        """Count out a single send, as it is over."""
        assert self._use is not None  # noqa: S101 - it does not rest while somebody is in it
        del self._use.tickets[ticket]

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
            if self.owns_transport and self.parts.transport.callers_client is None:
                self._abort()
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _abandon(self) -> None:
        """Close what has nothing in flight and no connection any more, as its event loop has ended."""
        self.closed = True
        if self.owns_transport:
            self.parts.transport.abandon()

    def _end_grace(self, grace: float) -> None:
        aborted = self._abort()
        if aborted:
            requests = counted(aborted, "request")
            message = "%s aborted %g s after the client was closed; texts may have been sent"
            name = self.key_name or "not known"
            KeyLog(name).warning("aborted", message, requests, grace, requests=aborted, seconds=grace)

    def _abort(self) -> int:
        """Abort the requests in flight: all over these connections if they are about to be closed; how many."""
        return self.parts.transport.in_flight.abort(None if self.owns_transport else self._owner)

    def _begin_closing(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        self.parts.transport.leave(loop)
        self.closed = True
        if self.owns_transport:
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
        if self.owns_transport:
            await self.parts.transport.aclose()

    async def _land(self) -> None:
        """Wait for the requests in flight: for all over these connections if they are about to be closed."""
        if self.owns_transport:
            await self.parts.transport.in_flight.wait()
        else:
            await self.parts.transport.in_flight.wait_for(self._owner)

    def _stop_waiting(self) -> None:
        for ticket in () if self._use is None else tuple(self._use.tickets):
            if ticket.waits_for is not None:
                ticket.stop(Code.CONNECTION_FAILED)
