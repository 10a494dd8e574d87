"""What can go wrong, sorted by what the caller may do next.

```text
CustomerSMSError
├── ConfigurationError                    fix the call
├── InvalidRecipientError (ValueError)    fix the number
├── QuotaExceededError                    wait: retry_after
├── QuotaStoreError                       mend the store; nothing was sent without it
├── CappedError                           a cap of our own: retry_after; not for a queue to try again
├── SuppressionStoreError                 mend the store; nothing was sent without it
├── IdempotencyMismatchError              fix the key: it was used for another number or text
├── IdempotencyStoreError                 mend the store; nothing was sent without it
├── LedgerError                           mend or free the campaign's ledger: path
├── CampaignStoppedError                  a guard stopped it: look, then run it again: guard
└── SendError                             phones, report (or None), code, status_code
    ├── ConnectionFailedError             send again: nothing left this machine
    ├── RejectedError                     the gateway said no
    │   ├── AuthenticationError
    │   ├── InsufficientCreditsError
    │   └── RateLimitedError              wait: retry_after
    └── OutcomeUnknownError               reconcile: it may have been sent
```

Every error pickles and comes back with equal type, text and attributes. None holds the API key, and none
is chained to an error of the HTTP library, whose request would hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import SendReport


class CustomerSMSError(Exception):
    """The base of every error that this package raises on purpose.

    Example:
        ```python
        try:
            await client.send("+15005550001", "Your parcel is here")  # a magic number of the sandbox, which is refused
        except CustomerSMSError as error:
            print(f"not sent, or nobody knows: {error}")
        ```
    """


class ConfigurationError(CustomerSMSError):
    """The call can't work as it is: no key, plain http to a remote host, an option out of range, a closed client.

    Example:
        ```python
        try:
            AsyncClient(batch_size=0)
        except ConfigurationError as error:
            print(error)  # batch_size must be a whole number, 1 or more, not 0
        ```
    """


class InvalidRecipientError(CustomerSMSError, ValueError):
    """The text is not one phone number that can be dialled from anywhere.

    ``phone`` is the text as it was given, ``reason`` says what is wrong with it. ``lacks_country_code``: it may be a
    number as it is dialled at home, and no region was given.

    Example:
        ```python
        try:
            await client.send("555 1234", "Your parcel is here")
        except InvalidRecipientError as error:
            print(error.phone, error.reason)
        ```
    """

    def __init__(
        self, message: str = "", *, phone: str = "", reason: str = "", lacks_country_code: bool = False
    ) -> None:
        super().__init__(message)
        self.phone = phone
        self.reason = reason
        self.lacks_country_code = lacks_country_code


class QuotaExceededError(CustomerSMSError):
    """Quota, pace and connections would have made this request wait longer than ``max_wait``; nothing was sent.

    ``retry_after`` is the least possible wait in seconds, by quota and pace: as if all requests in flight were answered
    now and nobody more urgent came. It is 0.0 if only a connection was missing, and 1.0 if the quota store could not be
    asked.

    Example:
        ```python
        try:
            await client.send("+12125551234", "Your code is 123456", priority=Priority.URGENT, max_wait=5)
        except QuotaExceededError as error:
            print(f"Retry-After: {error.retry_after:.0f}")
        ```
    """

    def __init__(self, message: str = "", *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaStoreError(CustomerSMSError):
    """The quota can't be kept where it should be: a damaged or locked file, a server that can't be reached.

    ``temporary`` says that the store may be back by itself. A send then waits for it, for ``max_wait`` at most, and
    ends with ``QuotaExceededError``; what only looks (``quota_status``, ``estimate``) raises this at once.

    Example:
        ```python
        try:
            print((await client.quota_status()).limits)
        except QuotaStoreError as error:
            print("ask again later" if error.temporary else f"mend it: {error}")
        ```
    """

    def __init__(self, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class CappedError(CustomerSMSError):
    """A cap of ``caps`` is reached; nothing was sent, and nothing will be by itself.

    ``retry_after`` is how many seconds it takes, at least, until the cap has room again; ``cap`` is the one with the
    longest wait: ``"per_number"``, ``"per_prefix"`` or ``"total"``. Not a ``QuotaExceededError``, after which workers
    try again: a one-time password must not go out a day later.

    Example:
        ```python
        once = client.with_options(caps=Caps("codes", per_number=Limit(1, 600)))
        await once.send("+12125551234", "Your code is 123456")
        try:
            await once.send("+12125551234", "Your code is 654321")
        except CappedError as error:
            print(error.cap, f"has room again in {error.retry_after:.0f} s")
        ```
    """

    def __init__(self, message: str = "", *, retry_after: float = 0.0, cap: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.cap = cap


class SuppressionStoreError(CustomerSMSError):
    """The list of suppressed numbers can't be asked, so nothing was sent: whoever said no might be among them.

    ``temporary`` says that the store may be back by itself. A send then waits for it, for ``max_wait`` at most.

    Example:
        ```python
        try:
            await client.send("+12125551234", "Your appointment is tomorrow", max_wait=30)
        except SuppressionStoreError as error:
            print("nothing was sent;", "ask again later" if error.temporary else f"mend it: {error}")
        ```
    """

    def __init__(self, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class IdempotencyMismatchError(CustomerSMSError):
    """The idempotency key was used before, for another number or another text; nothing was sent by this call.

    Example:
        ```python
        keeping = client.with_options(idempotency=MemoryIdempotency())
        await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        try:
            await keeping.send("+12125551234", "Order 8 is on its way", idempotency_key="order-7")
        except IdempotencyMismatchError:
            print("each text needs a key of its own")
        ```
    """


class IdempotencyStoreError(CustomerSMSError):
    """Idempotency keys can't be kept where they should be, so nothing was sent: without a durable claim nothing is.

    ``temporary`` says that the store may be back by itself. A send then waits for it, for ``max_wait`` at most; what
    only looks (``client.idempotency``) raises this at once.

    Example:
        ```python
        keeping = client.with_options(idempotency=SQLiteIdempotency("keys.db"))
        try:
            await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        except IdempotencyStoreError as error:
            print("nothing was sent;", "try again later" if error.temporary else f"mend it: {error}")
        ```
    """

    def __init__(self, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class LedgerError(CustomerSMSError):
    """A campaign's ledger can't be used: in use, damaged, not one, of a newer version, read-only, or the disk is full.

    ``path`` is the file, or the database without user and password, with the campaign's name behind ``#``. What was
    recorded before is still there.

    Example:
        ```python
        try:
            async with Campaign.open("no.ledger", create=False) as campaign:
                print(await campaign.counts())
        except LedgerError as error:
            print(error.path, "can't be used")
        ```
    """

    def __init__(self, message: str = "", *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class CampaignStoppedError(CustomerSMSError):
    """A guard stopped a campaign before its next request; the rest is still planned, and nothing is lost.

    ``guard`` is its option's name, such as ``"keep_credits"``, or ``"paused"`` or ``"stopped"`` where a person said so:
    then ``Campaign.resume`` takes that back, before it can be run again. ``index`` is the place in the input, from 0,
    of the first recipient that the guard does not allow, where it is known.

    Example:
        ```python
        async with Campaign.open("spring.ledger") as campaign:
            await campaign.add(["+12125551234", "+13235554567"], "Doors open at eight")
            try:
                async for outcome in campaign.run(client, max_recipients=1):
                    print(outcome.phone, outcome.status)
            except CampaignStoppedError as stop:
                print(stop.guard, "stopped it: one recipient is still planned")
        ```
    """

    def __init__(self, message: str = "", *, guard: str = "", index: int | None = None) -> None:
        super().__init__(message)
        self.guard = guard
        self.index = index


class SendError(CustomerSMSError):
    """A send did not end as accepted; or, with code STOPPED, a stream was stopped as request after request failed.

    ``phones`` are the numbers concerned (E.164), ``report`` what became of every recipient of the call (``None`` for a
    single ``send``), ``code`` the gateway's or this client's code, ``status_code`` the HTTP status; each of the last
    two is ``None`` where there was none.

    Example:
        ```python
        suppression = MemorySuppression()
        await suppression.add("+12125551234", why="said STOP")
        try:
            await client.with_options(suppression=suppression).send("+12125551234", "Doors open at eight")
        except SendError as error:
            print(error.code, error.phones)  # SUPPRESSED ('+12125551234',)
        ```
    """

    def __init__(
        self,
        message: str = "",
        *,
        phones: tuple[str, ...] = (),
        report: SendReport | None = None,
        code: str | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.phones = phones
        self.report = report
        self.code = code
        self.status_code = status_code


class ConnectionFailedError(SendError):
    """No connection could be made: nothing left this machine, so sending again is safe.

    Example:
        ```python
        try:
            await client.send("+12125551234", "Your parcel is here")
        except ConnectionFailedError:
            await client.send("+12125551234", "Your parcel is here")  # twice is safe: nothing had left
        ```
    """


class RejectedError(SendError):
    """The gateway refused the text; ``code`` is its reason.

    Example:
        ```python
        try:
            await client.send("+15005550001", "Your parcel is here")  # a magic number of the sandbox
        except RejectedError as error:
            print(error.code)  # INVALID_NUMBER
        ```
    """


class AuthenticationError(RejectedError):
    """The gateway does not accept the API key.

    Example:
        ```python
        try:
            await client.send("+12125551234", "Your parcel is here")
        except AuthenticationError as error:
            print(f"nothing was sent, and nothing will be with this key: {error}")
        ```
    """


class InsufficientCreditsError(RejectedError):
    """The account has no credits left for this request.

    Example:
        ```python
        try:
            await client.send("+15005550004", "Your parcel is here")  # a magic number of the sandbox
        except InsufficientCreditsError:
            print("nothing was sent, and nothing will be until there are credits")
        ```
    """


class RateLimitedError(RejectedError):
    """The gateway answered 429 (or 425) more often than ``max_retries``, or for longer than ``max_wait``.

    ``retry_after`` is how long the key pauses, in seconds: as its last answer asked, but at most the longest limit's
    window, and the shortest one's where the answer did not say or can't be read. Nothing was sent.

    Example:
        ```python
        try:
            await client.with_options(max_retries=0).send("+15005552429", "Your parcel is here")  # a magic number
        except RateLimitedError as error:
            print(f"the gateway wants a pause of {error.retry_after:.0f} s")
        ```
    """

    def __init__(
        self,
        message: str = "",
        *,
        phones: tuple[str, ...] = (),
        report: SendReport | None = None,
        code: str | None = None,
        status_code: int | None = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message, phones=phones, report=report, code=code, status_code=status_code)
        self.retry_after = retry_after


class OutcomeUnknownError(SendError):
    """The text may have been sent, and nobody here can tell: reconcile before sending again.

    Example:
        ```python
        try:
            await client.send("+15005551014", "Your parcel is here")  # a magic number of the sandbox: the answer is cut
        except OutcomeUnknownError as error:
            print("find out whether it came before sending again:", error.phones)
        ```
    """
