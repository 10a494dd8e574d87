"""The client: one class, one connection pool, one key. How it does its work stands in ``_sending``."""

from __future__ import annotations

import os
from functools import partial
from types import EllipsisType
from typing import TYPE_CHECKING, Any, NoReturn, Self, final

from ._admission.ticket import Ticket
from ._core import phone as phones
from ._core.batching import Batch
from ._core.intake import message_problem
from ._core.options import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_MAX_CONCURRENCY,
    DEFAULT_MAX_RETRIES,
    DEFAULT_RESERVE,
    DEFAULT_TIMEOUT,
)
from ._core.secret import Secret
from ._sending.client_parts import ClientParts
from ._sending.delivery import deliver
from ._sending.failures import single_failure
from ._sending.quota_status import read_quota_status
from ._sending.report import wait_for_report
from ._sending.session import Session
from ._sending.stream import OutcomeStream
from .errors import ConfigurationError
from .models import DOCUMENTED_LIMITS, Estimate, Outcome, Priority, QuotaStatus, SendReport, Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from types import TracebackType

    import httpx

    from ._sending.reader import Recipients
    from .fast import FastClient
    from .models import Limit
    from .quota import QuotaStore


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

    Mutable state: none of its own; see ``Session``.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        url: str | None = None,
        limits: Limit | Iterable[Limit] = DOCUMENTED_LIMITS,
        quota: QuotaStore | None = None,
        reserve: float = DEFAULT_RESERVE,
        pace: Limit | EllipsisType | None = ...,
        batch_size: int = DEFAULT_BATCH_SIZE,
        max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
        max_retries: int = DEFAULT_MAX_RETRIES,
        max_wait: float | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        http_client: httpx.AsyncClient | FastClient | None = None,
    ) -> None:
        try:
            secret = Secret(os.environ.get("CUSTOMERSMS_API_KEY", "") if api_key is None else api_key)
        finally:
            del api_key  # tracebacks may show locals
        parts = ClientParts.of(
            secret,
            quota,
            http_client,
            url=url,
            limits=limits,
            reserve=reserve,
            pace=pace,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            max_retries=max_retries,
            max_wait=max_wait,
            timeout=timeout,
        )
        self._session = Session(parts)

    def __repr__(self) -> str:
        if not hasattr(self, "_session"):
            return "<AsyncClient that could not be made>"
        return f"<AsyncClient {self._session.parts.options.url}{', closed' if self._session.closed else ''}>"

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
        session = self._session
        options = session.options(priority=priority, max_wait=max_wait, timeout=timeout, reads_all=True)
        sender = session.open()
        ticket = Ticket(options.priority, options.expires(sender.room.loop.time()))
        session.enter(ticket)
        try:
            delivery = await deliver(sender, Batch(message, [number], [0]), ticket, timeout=options.timeout)
        finally:
            session.leave(ticket)
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
        options = self._session.options(
            priority=priority, batch_size=batch_size, max_wait=max_wait, timeout=timeout, reads_all=True
        )
        send = self._session.begin(recipients, message, options)
        return await wait_for_report(send, self._session.parts.credits)

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
        options = self._session.options(
            priority=priority, batch_size=batch_size, max_wait=max_wait, timeout=timeout, reads_all=False
        )
        return OutcomeStream(lambda: self._session.begin(recipients, message, options))

    async def estimate(
        self, recipients: Recipients, message: str | None = None, *, batch_size: int | EllipsisType = ...
    ) -> Estimate:
        """Say what ``send_many`` with these arguments would come to if it started now; sends nothing.

        Reads all of ``recipients`` and keeps what it needs to know repeats.
        """
        from ._sending.estimate import Tally, seconds_until_last  # few need it, and its tables take 2 ms to load

        options = self._session.options(priority=Priority.BULK, batch_size=batch_size, reads_all=True)
        tally = await Tally.of(recipients, message, options)
        sender = self._session.open()
        terms, wait_us = sender.terms, partial(sender.room.forecast_us, Priority.BULK, sender.terms)
        return tally.estimate(await seconds_until_last(wait_us, tally.requests, terms.bulk_layers, terms.pace))

    async def quota_status(self) -> QuotaStatus:
        """How the key's quota stands, over all clients that share its store, and who waits in this process."""
        return await read_quota_status(self._session.open(), self._session.parts.options.limits)

    @property
    def remaining_credits(self) -> Decimal | None:
        """The account's credits by the latest answer that gave a figure; ``None`` before there was one."""
        return self._session.parts.credits.remaining

    def with_options(self, *, api_key: str | EllipsisType | None = ..., **overrides: Any) -> AsyncClient:
        """A client with other options that shares this one's connections, and its quota if the key is the same.

        Takes the constructor's arguments. Another ``max_concurrency`` or ``http_client`` means connections of its own,
        which its own ``aclose`` closes; shared ones are closed with the client that made them.
        """
        try:
            secret = self._session.parts.secret if isinstance(api_key, EllipsisType) else Secret(api_key or "")
        finally:
            del api_key  # tracebacks may show locals
        other = object.__new__(AsyncClient)
        other._session = Session(self._session.parts.changed(secret, overrides))
        return other

    async def aclose(self) -> None:
        """Send nothing new, wait for the requests in flight, and close the connections if they are ours.

        Takes at most as long as those requests' deadlines; a ``send`` that waits in line ends as unsent. What streams
        still hold then is logged, unless another task is still taking it. Cancelled, it aborts the requests, and their
        texts are unknown; but over connections that others go on using, a caller's or those shared by
        ``with_options``, they run on to their deadlines. May be called more than once.
        """
        await self._session.close()

    async def __aenter__(self) -> Self:
        self._session.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __session__(self) -> Session:
        """The session that campaigns send through; for the package itself, and not promised to stay."""
        return self._session
