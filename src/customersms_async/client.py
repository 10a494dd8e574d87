"""The client: one class, one engine, one key. How it does its work stands in ``_sending``."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, NoReturn, Self, Unpack, final

from ._core import options as defaults
from ._sending.bulk_methods import BulkMethods
from ._sending.client_parts import ClientParts
from ._sending.key_source import key_of
from ._sending.quota_status import read_quota_status
from ._sending.send_options import rules_of_one
from ._sending.session import Session
from ._sending.single import send_one
from .models import DOCUMENTED_LIMITS, Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal
    from types import TracebackType

    from ._http.engine import AnyEngine
    from ._http.transport_engine import HttpxShapedTransport
    from ._sending.key_source import ApiKey
    from ._sending.observers import TelemetrySeam
    from ._sending.option_overrides import OptionOverrides
    from .events import Event
    from .idempotency import IdempotencyKeys, IdempotencyStore
    from .models import Caps, Health, Limit, Outcome, QuotaStatus
    from .quota import QuotaStore
    from .suppression import SuppressionStore


@final
class AsyncClient(BulkMethods):
    """Sends texts through customersms.pro: within the limits, never twice, and says what became of each one.

    May be built outside an event loop, and is then used in one. The environment is read when it is first used, so that
    a module may make one on import. Using it raises ``ConfigurationError`` without a key, in a second event loop, and
    after ``aclose``.

    Mutable state: none of its own; see ``Session``.

    Args:
        api_key: the key, or a function that gives it, which is called in the event loop and must not wait. By default
            the environment variable ``CUSTOMERSMS_API_KEY``, or else what is in the file that
            ``CUSTOMERSMS_API_KEY_FILE`` names. The function or the file is asked when the key is first needed, and
            again by the next call after an ``AuthenticationError``.
        url: where requests are posted, by default ``CUSTOMERSMS_URL``, or else the documented endpoint; https, or http
            to this machine.
        limits: the provider's, by default the documented 100 a minute, 5,000 an hour and 50,000 a day.
        quota: where the tokens are kept; by default in memory, shared by all clients of this process.
        reserve: the share (0 to 0.999) of every limit that BULK leaves to more urgent requests.
        pace: smooths bursts below the limits, by default 10 requests a second, or the shortest limit's mean rate
            where that is higher; ``None`` turns it off.
        batch_size: numbers in one request, at most.
        max_concurrency: requests at a time, at most.
        max_retries: further tries after a failed connection or a 429, the only failures that are ever tried again.
        max_wait: seconds that a request may wait for quota, pace and a connection; ``None``: as long as it takes, a
            day where the day's quota is used up.
        timeout: seconds of one whole attempt, from connecting to the last byte of the answer; half a second more
            for each further number.
        label: what logs, errors and ``repr`` call the key, such as ``"tenant-42"``; by default the first 8 digits
            of its fingerprint.
        http_client: your own ``httpx.AsyncClient``, one of httpx2's, a transport of either such as
            ``httpx2.AsyncHTTPTransport()``, or a ``FastClient``; it stays yours to close.
        idempotency: the store that keeps the idempotency keys of calls; it stays yours to close.
        caps: how many texts may go out, at most, beside the provider's limits; ``quota`` keeps count of them.
        suppression: the store that knows who said no: no such number is texted; it stays yours to close.
        telemetry: a ``customersms_async.otel.Telemetry``, for traces and metrics.
        on_event: a plain function that is called, in the event loop, with each ``Event`` of
            ``customersms_async.events``; what it raises is logged.

    Raises:
        ConfigurationError: for an option of the wrong kind, or out of range.

    Example:
        ```python
        async with AsyncClient() as client:  # the key comes from CUSTOMERSMS_API_KEY
            outcome = await client.send("+12125551234", "Your code is 123456")
            report = await client.send_many(["+12125551234", "+13235554567"], "Doors open at eight")
        ```
    """

    def __init__(
        self,
        *,
        api_key: ApiKey = None,
        url: str | None = None,
        limits: Limit | Iterable[Limit] = DOCUMENTED_LIMITS,
        quota: QuotaStore | None = None,
        reserve: float = defaults.DEFAULT_RESERVE,
        pace: Limit | EllipsisType | None = ...,
        batch_size: int = defaults.DEFAULT_BATCH_SIZE,
        max_concurrency: int = defaults.DEFAULT_MAX_CONCURRENCY,
        max_retries: int = defaults.DEFAULT_MAX_RETRIES,
        max_wait: float | None = None,
        timeout: float = defaults.DEFAULT_TIMEOUT,
        label: str | None = None,
        http_client: AnyEngine | HttpxShapedTransport | None = None,
        idempotency: IdempotencyStore | None = None,
        caps: Caps | None = None,
        suppression: SuppressionStore | None = None,
        telemetry: TelemetrySeam | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        try:
            key = key_of(api_key)
        finally:
            del api_key  # tracebacks may show locals
        parts = ClientParts.of(
            quota,
            http_client,
            {
                "idempotency": idempotency,
                "caps": caps,
                "suppression": suppression,
                "telemetry": telemetry,
                "on_event": on_event,
            },
            url=url,
            limits=limits,
            reserve=reserve,
            pace=pace,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            max_retries=max_retries,
            max_wait=max_wait,
            timeout=timeout,
            label=label,
        )
        self._session = Session(parts, key, owns_transport=True)

    def __repr__(self) -> str:
        if not hasattr(self, "_session"):
            return "<AsyncClient that could not be made>"
        url = self._session.parts.options.url or "of the environment"
        name = self._session.key_name
        return f"<AsyncClient {url}{f', key {name}' if name else ''}{', closed' if self._session.closed else ''}>"

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
        idempotency_key: str | None = None,
        ignore_suppression: bool = False,
    ) -> Outcome:
        """Send one text to one number, and give its outcome: always ACCEPTED, as everything else is raised.

        As the defaults are, it waits for its turn as long as that takes, a whole day where the day's quota is used up:
        in a web request give ``max_wait``. Then the attempt may take 30 seconds. A connection that fails, and a 429,
        are tried again, up to ``max_retries`` times; what may have been sent never is.

        A cancelled call sends nothing, unless the first byte may be out already: then the request runs to its deadline,
        and what became of it is logged.

        Of all calls with one idempotency key, in any number of processes that share the store, at most one text leaves
        within `keep`, as long as the store keeps what it acknowledged and unless a person says otherwise; each of them
        ends with the outcome of that one; if nobody can know it, each ends as unknown. So it gives, or raises, what
        became of the first, and waits for it where that is not known yet, to its deadline and five seconds.

        Args:
            phone: the number with ``+`` and country code; spaces, dashes, dots and brackets are left out.
            message: the text, of any length: see ``customersms_async.segments`` for what it costs.
            priority: who goes first among all that wait for this key in this process.
            max_wait: seconds that it may wait for quota, pace and a connection; by default the client's, which is
                ``None``: as long as it takes.
            timeout: seconds of one attempt, from connecting to the last byte of the answer; by default the
                client's, 30.
            idempotency_key: what makes two calls one; it needs a store: ``AsyncClient(idempotency=…)``.
            ignore_suppression: text the number though it is on the list of ``suppression``, as for a code that its
                owner has just asked for.

        Raises:
            InvalidRecipientError: if ``phone`` is no number that can be dialled from anywhere.
            ConfigurationError: if the message is empty or can't be encoded, an option is out of range, there is no
                key, an idempotency key has no store, or the client is closed, or used in a second event loop.
            QuotaExceededError: if it would wait longer than ``max_wait``, or has; ``retry_after`` says how long.
            QuotaStoreError: if the quota can't be kept, and will not be by itself.
            CappedError: if one of the client's ``caps`` is reached.
            SuppressionStoreError: if nobody can say whether the number is suppressed.
            IdempotencyMismatchError: if the key was used before, for another number or text.
            IdempotencyStoreError: if the key can't be kept.
            ConnectionFailedError: if no connection could be made, or the client is closed while this waits; nothing
                has left.
            RejectedError: if the gateway refuses the text; ``code`` says why.
            AuthenticationError: if it refuses the API key.
            InsufficientCreditsError: if the account has too few credits.
            RateLimitedError: if it answers 429 more often than ``max_retries``, or for longer than ``max_wait``.
            OutcomeUnknownError: if the text may have been sent, and nobody here can tell.
            SendError: the base of the last six; itself for a suppressed number, with code SUPPRESSED.

        Example:
            ```python
            try:
                outcome = await client.send("+12125551234", "Your code is 123456", priority=Priority.URGENT, max_wait=5)
            except QuotaExceededError as error:
                print(f"nothing was sent: try again in {error.retry_after:.0f} s")
            except OutcomeUnknownError:
                print("it may have been sent: find out before sending again")
            except SendError as error:
                print(f"not sent: {error.code}")
            else:
                print(outcome.message_id)
            ```
        """
        rules = rules_of_one(idempotency_key, ignore_suppression=ignore_suppression)
        options = self._session.options(
            priority=priority, max_wait=max_wait, timeout=timeout, reads_all=True, rules=rules
        )
        return await send_one(self._session, phone, message, options)

    async def quota_status(self) -> QuotaStatus:
        """How the key's quota stands, over all clients that share its store, and who waits in this process.

        Raises:
            ConfigurationError: without a key, in a second event loop, and after ``aclose``.
            QuotaStoreError: if the store can't be asked, at once.

        Example:
            ```python
            status = await client.quota_status()
            print([limit.free for limit in status.limits], status.waiting[Priority.URGENT])
            ```
        """
        return await read_quota_status(self._session.open(), self._session.parts.options.limits)

    async def health(self, *, timeout: float = defaults.DEFAULT_HEALTH_TIMEOUT) -> Health:
        """How the client stands, for a probe that asks every second or so: see ``Health``, and its ``ok``.

        Asks the quota store, and nobody else: it takes no token, stands in no line and sends nothing. A store that
        fails, or does not answer in time, is told of in the answer, and not raised. Cancelled, it leaves nothing.

        Args:
            timeout: seconds that the quota store has to answer.

        Raises:
            ConfigurationError: without a key, in a second event loop, and after ``aclose``.

        Example:
            ```python
            health = await client.health(timeout=0.5)
            print(health.ok, health.store_error)
            ```
        """
        from ._sending.health import read_health  # few need it

        return await read_health(self._session.open(), self._session.parts.options.limits, timeout)

    @property
    def remaining_credits(self) -> Decimal | None:
        """The account's credits by the latest answer that gave a figure; ``None`` before there was one.

        All clients of this process that send with the same key to the same URL have one figure.

        Example:
            ```python
            await client.send("+12125551234", "Your parcel is here")
            print(client.remaining_credits)
            ```
        """
        return self._session.account.remaining

    @property
    def idempotency(self) -> IdempotencyKeys:
        """The client's idempotency keys, for a person who decides.

        Raises:
            ConfigurationError: if the client has no store of keys.

        Example:
            ```python
            keeping = client.with_options(idempotency=MemoryIdempotency())
            for claim in await keeping.idempotency.unknown():
                print(claim.id, claim.time)
            ```
        """
        return self._session.parts.idempotency_keys

    def with_options(
        self, *, api_key: ApiKey | EllipsisType = ..., **overrides: Unpack[OptionOverrides]
    ) -> AsyncClient:
        """A client with other options that shares this one's engine, and its quota if the key is the same.

        Each key has ``max_concurrency`` connections to itself; all keys of an event loop have 320 together, in turns.

        Takes the constructor's arguments, ``None`` among them, which mean the same. Another ``max_concurrency`` or
        ``http_client`` means connections of its own, which its own ``aclose`` closes; shared ones are closed with the
        client that made them.

        Raises:
            ConfigurationError: for an option that does not exist, is of the wrong kind, or out of range.

        Example:
            ```python
            other = client.with_options(api_key="cspro_of_a_tenant", label="tenant-42", max_wait=5)
            await other.quota_status()
            ```
        """
        try:
            key = self._session.key if isinstance(api_key, EllipsisType) else key_of(api_key)
        finally:
            del api_key  # tracebacks may show locals
        other = object.__new__(AsyncClient)
        other._session = self._session.changed(key, overrides)
        return other

    async def aclose(self, grace: float | None = None) -> None:
        """Send nothing new, wait for the requests in flight, and close the connections if they are ours.

        Takes at most as long as those requests' deadlines; a ``send`` that waits in line ends as unsent. What streams
        still hold then is logged, unless another task is still taking it. Cancelled, it aborts the requests at once;
        but over connections that others go on using, a caller's or those shared by ``with_options``, they run on to
        their deadlines then. May be called more than once, and in another event loop when the one that the client was
        used in has ended.

        Args:
            grace: seconds after which the requests that are still on their way are aborted, also over connections
                of others: their texts are unknown, which is recorded and told before this returns. ``None``: they
                have their own time.

        Raises:
            ConfigurationError: for a ``grace`` that is no number of seconds, or below 0.

        Example:
            ```python
            client = AsyncClient()
            try:
                await client.send("+12125551234", "Your parcel is here")
            finally:
                await client.aclose(grace=10)
            ```
        """
        await self._session.close(grace)

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
