"""The client: one class, one connection pool, one key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Iterable, Mapping
from functools import partial
from operator import attrgetter
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, final

import msgspec

from ._admission.rooms import room
from ._admission.ticket import Terms, Ticket
from ._core import phone as phones
from ._core.batching import Batch, Sizes
from ._core.credits import Credits
from ._core.intake import message_problem
from ._core.options import DOCUMENTED_URL, Options, as_limits, check_parts
from ._core.secret import Secret
from ._http.connections import Connections
from ._http.in_flight import InFlight
from ._http.transport import Transport
from ._runtime.tasks import start
from ._sending.attempt import Sender
from ._sending.bulk import Order, Recipients, Run
from ._sending.delivery import deliver
from ._sending.failures import single_failure, stop_failure
from ._sending.runs import Runs
from ._sending.stream import OutcomeStream, Running
from ._sending.unheard import log_unheard
from .errors import ConfigurationError
from .models import DOCUMENTED_LIMITS, Code, Estimate, LimitStatus, Outcome, Priority, QuotaStatus, SendReport, Status
from .quota.memory import PROCESS_QUOTA

if TYPE_CHECKING:
    from decimal import Decimal
    from types import TracebackType

    import httpx

    from ._admission.room import Room
    from .fast import FastClient
    from .models import Limit
    from .quota import QuotaStore

_OPTIONS: Final = frozenset(Options.__struct_fields__)


@final
class AsyncClient:
    """Sends texts through customersms.pro: within the limits, never twice, and says what became of each one.

    All arguments are keyword-only, and all are optional:

    - ``api_key``: else the environment variable ``CUSTOMERSMS_API_KEY``.
    - ``url``: else ``CUSTOMERSMS_URL``, else the documented endpoint; https, or http to this machine.
    - ``limits``: the provider's, by default the documented 100 a minute, 5,000 an hour and 50,000 a day.
    - ``quota``: where the tokens are kept; by default in memory, shared by all clients of this process.
    - ``reserve``: the share (0 to 1) of every limit that BULK leaves to more urgent requests.
    - ``pace``: smooths bursts below the limits, by default 10 requests a second, or the shortest limit's mean rate
      where that is higher; ``None`` turns it off.
    - ``batch_size``: numbers in one request, at most; ``max_concurrency``: requests at a time.
    - ``max_retries``: further tries after a failed connection or a 429, the only failures that are ever tried again.
    - ``max_wait``: seconds that a request may wait for quota, pace and a connection (``None``: as long as it takes).
    - ``timeout``: seconds of one whole attempt, from connecting to the last byte of the answer; half a second more
      for each further number.
    - ``http_client``: your own ``httpx.AsyncClient``, or a ``FastClient``; it stays yours to close.

    May be built outside an event loop, and is then used in one. Raises ``ConfigurationError`` for an option out of
    range, for use in a second event loop, and for use after ``aclose``.

    Mutable state: the loop it is used in with what it sends with there, the figure of remaining credits, the requests,
    single and bulk sends on their way, and whether it was closed.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        url: str | None = None,
        limits: Limit | Iterable[Limit] = DOCUMENTED_LIMITS,
        quota: QuotaStore | None = None,
        reserve: float = 0.05,
        pace: Limit | EllipsisType | None = ...,
        batch_size: int = 100,
        max_concurrency: int = 8,
        max_retries: int = 2,
        max_wait: float | None = None,
        timeout: float = 30.0,
        http_client: httpx.AsyncClient | FastClient | None = None,
    ) -> None:
        try:
            self._secret = Secret(os.environ.get("CUSTOMERSMS_API_KEY", "") if api_key is None else api_key)
        finally:
            del api_key  # tracebacks may show locals
        self._options = Options(
            url=os.environ.get("CUSTOMERSMS_URL", DOCUMENTED_URL) if url is None else url,
            limits=as_limits(limits),
            reserve=reserve,
            pace=pace,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            max_retries=max_retries,
            max_wait=max_wait,
            timeout=timeout,
        )
        self._quota: QuotaStore = PROCESS_QUOTA if quota is None else quota
        check_parts(quota=self._quota, http_client=http_client)
        self._credits = Credits()
        self._transport = Transport(Connections(max_concurrency), http_client)
        self._owns_transport = True
        self._set_up()

    def _set_up(self) -> None:
        self._sender: Sender | None = None
        self._own_in_flight = InFlight()
        self._sends: dict[Ticket, None] = {}
        self._runs: Runs | None = None  # made when first used: there may be 10,000 idle clients
        self._closing: asyncio.Task[None] | None = None
        self._closed = False

    def __repr__(self) -> str:
        url = self._options.url if hasattr(self, "_options") else "that could not be made"
        return f"<AsyncClient {url}{', closed' if getattr(self, '_closed', False) else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client can't be pickled or copied: it holds connections and the API key")

    async def send(
        self,
        phone: str,
        message: str,
        *,
        priority: Priority = Priority.NORMAL,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
    ) -> Outcome:
        """Send one text to one number, and give its outcome: always ACCEPTED, as everything else is raised.

        ``max_wait`` and ``timeout`` (seconds) replace the client's own. Raises ``InvalidRecipientError``,
        ``ConfigurationError`` for a message that is empty or can't be encoded, ``QuotaExceededError``,
        ``ConnectionFailedError``, ``RejectedError`` and its kinds, and ``OutcomeUnknownError``. A cancelled call sends
        nothing, unless the first byte may be out already: then the request runs to its deadline, and what became of it
        is logged.
        """
        number = phones.parse(phone)
        problem = message_problem(message)
        if problem is not None:
            raise ConfigurationError(problem)
        order = Order.of(self._options, priority, ..., max_wait, timeout, whole=True)
        sender = self._open()
        expires = None if order.max_wait is None else sender.room.loop.time() + order.max_wait
        ticket = Ticket(order.priority, expires)
        self._sends[ticket] = None
        try:
            delivery = await deliver(sender, Batch(message, [number], [0]), ticket, timeout=order.timeout)
        finally:
            del self._sends[ticket]
        if delivery.error is not None:
            raise delivery.error
        (outcome,) = delivery.outcomes
        if outcome.status is not Status.ACCEPTED:
            raise single_failure(outcome, delivery)
        return outcome

    async def send_many(
        self,
        recipients: Recipients,
        message: str | None = None,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
    ) -> SendReport:
        """Send to every recipient, and report what became of each, in input order.

        ``recipients``: an iterable or async iterable of phone numbers (with ``message``) or of ``Message``; all of it
        is read and kept, and what is not async before anything is sent. A number that occurs again with the same text
        is UNSENT, code DUPLICATE. Raises only when nothing more can go out, ``AuthenticationError`` or
        ``InsufficientCreditsError`` with the report of everything (so an async source is still read to its end),
        ``ConfigurationError`` for a wrong call, or what ``recipients`` or the quota store itself raises. A cancelled
        call sends nothing new and lets the requests in flight finish; outcomes not reported are logged.
        """
        run = self._run(
            recipients, message, Order.of(self._options, priority, batch_size, max_wait, timeout, whole=True)
        )
        outcomes: list[Outcome] = []
        try:
            while await run.queue.wait():
                outcomes += run.take_all()
        except BaseException:
            run.give_back(outcomes)
            run.queue.leave()
            raise
        if run.queue.arrivals > 1:
            outcomes.sort(key=attrgetter("index"))
        report = SendReport(tuple(outcomes), run.requests, self._credits.remaining)
        if run.fatal is not None:
            raise stop_failure(run.fatal, (o for o in outcomes if o.status is Status.UNSENT), report)
        if run.error is not None:
            log_unheard(outcomes)
            raise run.error
        return report

    def stream(
        self,
        recipients: Recipients,
        message: str | None = None,
        *,
        priority: Priority = Priority.BULK,
        batch_size: int | EllipsisType = ...,
        max_wait: float | EllipsisType | None = ...,
        timeout: float | EllipsisType = ...,
    ) -> OutcomeStream:
        """Send to every recipient and yield each outcome as it comes, in bounded memory: see ``OutcomeStream``.

        The arguments are those of ``send_many``. Repeats are known within a look-ahead of ``batch_size`` times
        ``max_concurrency`` messages, and for an async source only while it does not fall silent: a later repeat is
        sent. ``max_wait`` counts from when a text stands in line.
        """
        order = Order.of(self._options, priority, batch_size, max_wait, timeout, whole=False)
        return OutcomeStream(lambda: self._run(recipients, message, order))

    async def estimate(
        self, recipients: Recipients, message: str | None = None, *, batch_size: int | EllipsisType = ...
    ) -> Estimate:
        """Say what ``send_many`` with these arguments would come to if it started now; sends nothing.

        Reads all of ``recipients`` and keeps what it needs to know repeats.
        """
        from ._sending.estimate import Tally, seconds_until_last  # few need it, and its tables take 2 ms to load

        tally = await Tally.of(
            recipients, message, Order.of(self._options, Priority.BULK, batch_size, ..., ..., whole=True)
        )
        terms = self._terms()
        wait_us = partial(self._room().forecast_us, Priority.BULK, terms)
        return tally.estimate(await seconds_until_last(wait_us, tally.requests, terms.bulk_layers, terms.pace))

    async def quota_status(self) -> QuotaStatus:
        """How the key's quota stands, over all clients that share its store, and who waits in this process."""
        waiting_room, terms = self._room(), self._terms()
        usages, paused_us = await waiting_room.store.usage(self._secret.key_id, terms.layers)
        return QuotaStatus(
            tuple(
                LimitStatus(limit, usage.used, max(0, limit.requests - usage.used), usage.next_us / 1e6)
                for limit, usage in zip(self._options.limits, usages, strict=True)
            ),
            waiting_room.waiting,
            paused_us / 1e6,
        )

    @property
    def remaining_credits(self) -> Decimal | None:
        """The account's credits by the latest answer that gave a figure; ``None`` before there was one."""
        return self._credits.remaining

    def with_options(self, *, api_key: str | EllipsisType | None = ..., **overrides: Any) -> AsyncClient:
        """A client with other options that shares this one's connections, and its quota if the key is the same.

        Takes the constructor's arguments. Another ``max_concurrency`` or ``http_client`` means connections of its own,
        which its own ``aclose`` closes; shared ones are closed with the client that made them.
        """
        try:
            secret = self._secret if isinstance(api_key, EllipsisType) else Secret(api_key or "")
        finally:
            del api_key  # tracebacks may show locals
        unknown = overrides.keys() - _OPTIONS - {"quota", "http_client"}
        if unknown:
            raise ConfigurationError(f"no such option: {', '.join(sorted(unknown))}")
        other = object.__new__(AsyncClient)
        changed = {name: value for name, value in overrides.items() if name in _OPTIONS}
        if "limits" in changed:
            changed["limits"] = as_limits(changed["limits"])
        other._options = msgspec.structs.replace(self._options, **changed) if changed else self._options
        other._secret = secret
        other._credits = self._credits if other._secret.key_id == self._secret.key_id else Credits()
        other._quota = overrides.get("quota", self._quota)
        check_parts(quota=other._quota, http_client=overrides.get("http_client"))
        other._owns_transport = "http_client" in overrides or "max_concurrency" in changed
        other._transport = self._transport
        if other._owns_transport:
            http_client = overrides.get("http_client", self._transport.callers_client)
            other._transport = Transport(Connections(other._options.max_concurrency), http_client)
        other._set_up()
        return other

    async def aclose(self) -> None:
        """Send nothing new, wait for the requests in flight, and close the connections if they are ours.

        Takes at most as long as those requests' deadlines; a ``send`` that waits in line ends as unsent. What streams
        still hold then is logged, unless another task is still taking it. Cancelled, it aborts the requests, and their
        texts are unknown; but over connections that others go on using, a caller's or those shared by
        ``with_options``, they run on to their deadlines. May be called more than once.
        """
        if self._closing is None:
            self._transport.leave(asyncio.get_running_loop())
            self._closed = True
            self._transport.closed |= self._owns_transport  # so that whoever waits for a token sends nothing either
            if self._runs is not None:
                self._runs.abort()
            self._stop_waiting()
            self._closing = start(asyncio.get_running_loop(), self._close(asyncio.current_task()))
        try:
            await asyncio.shield(self._closing)
        except asyncio.CancelledError:
            if self._owns_transport and self._transport.callers_client is None:  # else it would cost the pool a place
                self._in_flight.abort()
            raise

    async def _close(self, closer: asyncio.Task[Any] | None) -> None:
        try:
            await self._in_flight.wait()
            self._stop_waiting()  # those that would have been tried again
            if self._runs is not None:
                await self._runs.land()
        finally:
            if self._runs is not None:
                self._runs.close(closer)
        if self._owns_transport:
            await self._transport.aclose()

    def _stop_waiting(self) -> None:
        for ticket in tuple(self._sends):
            if ticket.waits_for is not None:
                ticket.stop(Code.CONNECTION_FAILED)

    @property
    def _in_flight(self) -> InFlight:
        return self._transport.in_flight if self._owns_transport else self._own_in_flight

    async def __aenter__(self) -> Self:
        self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _open(self) -> Sender:
        """What this client sends with; made when first used, as it belongs to the event loop."""
        waiting_room = self._room()
        if self._sender is None:
            self._sender = Sender(
                self._options.url,
                self._secret,
                self._transport,
                waiting_room,
                self._terms(),
                self._credits,
                Sizes(),
                self._options.max_retries,
                self._own_in_flight,
            )
        return self._sender

    def _room(self) -> Room:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError("the client must be used in a running asyncio event loop") from None
        if self._closed:
            raise ConfigurationError("the client is closed")
        self._transport.bind(loop)
        return room(self._quota, self._secret.key_id) if self._sender is None else self._sender.room

    def _terms(self) -> Terms:
        options = self._options
        return Terms.of(options.limits, options.reserve, options.gentle_pace, self._transport.connections)

    def _run(self, recipients: Recipients, message: str | None, order: Order) -> Run:
        if isinstance(recipients, str | bytes | Mapping) or not isinstance(recipients, Iterable | AsyncIterable):
            raise ConfigurationError("recipients must be an iterable of phone numbers or Message objects")
        run = Run(self._open(), recipients, message, order)
        self._watch(run)
        return run

    def _watch(self, run: Running) -> None:
        """Have ``aclose`` end this run."""
        if self._runs is None:
            self._runs = Runs()
        self._runs.add(run)
