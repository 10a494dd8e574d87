"""What can go wrong, sorted by what the caller may do next.

::

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

Every error pickles and comes back with equal type, text and attributes. None holds the API key, and none
is chained to an error of the HTTP library, whose request would hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import SendReport

__all__ = [
    "AuthenticationError",
    "CampaignStoppedError",
    "CappedError",
    "ConfigurationError",
    "ConnectionFailedError",
    "CustomerSMSError",
    "IdempotencyMismatchError",
    "IdempotencyStoreError",
    "InsufficientCreditsError",
    "InvalidRecipientError",
    "LedgerError",
    "OutcomeUnknownError",
    "QuotaExceededError",
    "QuotaStoreError",
    "RateLimitedError",
    "RejectedError",
    "SendError",
    "SuppressionStoreError",
]


class CustomerSMSError(Exception):
    """The base of every error that this package raises on purpose."""


class ConfigurationError(CustomerSMSError):
    """The call can't work as it is: no key, plain http to a remote host, an option out of range, a closed client."""


class InvalidRecipientError(CustomerSMSError, ValueError):
    """The text is not one phone number that can be dialled from anywhere.

    ``phone`` is the text as it was given, ``reason`` says what is wrong with it.
    """

    def __init__(self, message: str = "", *, phone: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.phone = phone
        self.reason = reason


class QuotaExceededError(CustomerSMSError):
    """Quota, pace and connections would have made this request wait longer than ``max_wait``; nothing was sent.

    ``retry_after`` is the least possible wait in seconds, by quota and pace: as if all requests in flight were answered
    now and nobody more urgent came. It is 0.0 if only a connection was missing, and 1.0 if the quota store could not be
    asked.
    """

    def __init__(self, message: str = "", *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaStoreError(CustomerSMSError):
    """The quota can't be kept where it should be: a damaged or locked file, a server that can't be reached.

    ``temporary`` says that the store may be back by itself. A send then waits for it, for ``max_wait`` at most, and
    ends with ``QuotaExceededError``; what only looks (``quota_status``, ``estimate``) raises this at once.
    """

    def __init__(self, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class CappedError(CustomerSMSError):
    """A cap of ``caps`` is reached; nothing was sent, and nothing is by itself: who asks again decides that anew.

    ``retry_after`` is how many seconds it takes, at least, until the cap has room again; ``cap`` is the one with the
    longest wait: ``"per_number"``, ``"per_prefix"`` or ``"total"``. No kin of ``QuotaExceededError``, upon which
    workers try again: a one-time password must not go out a day later.
    """

    def __init__(self, message: str = "", *, retry_after: float = 0.0, cap: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.cap = cap


class SuppressionStoreError(CustomerSMSError):
    """The list of suppressed numbers can't be asked, so nothing was sent: whoever said no might be among them.

    ``temporary`` says that the store may be back by itself. A send then waits for it, for ``max_wait`` at most.
    """

    def __init__(self, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class IdempotencyMismatchError(CustomerSMSError):
    """The idempotency key was used before, for another number or another text; nothing was sent by this call."""


class IdempotencyStoreError(CustomerSMSError):
    """Idempotency keys can't be kept where they should be, so nothing was sent: without a durable claim nothing is.

    ``temporary`` says that the store may be back by itself. A send then waits for it, for ``max_wait`` at most; what
    only looks (``client.idempotency``) raises this at once.
    """

    def __init__(self, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class LedgerError(CustomerSMSError):
    """A campaign's ledger can't be used: in use, damaged, not one, of a newer version, read-only, or the disk is full.

    ``path`` is the file, or the database without user and password, with the campaign's name behind ``#``. What was
    recorded before is still there.
    """

    def __init__(self, message: str = "", *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class CampaignStoppedError(CustomerSMSError):
    """A guard stopped a campaign before its next request; the rest is still planned, and nothing is lost.

    ``guard`` is its option's name, such as ``"keep_credits"``, or ``"paused"`` or ``"stopped"`` where a person said so,
    who has to take that back with ``Campaign.resume`` before it is run again. ``index`` is the place in the input, from
    0, of the first recipient for whom it stopped, where it was one.
    """

    def __init__(self, message: str = "", *, guard: str = "", index: int | None = None) -> None:
        super().__init__(message)
        self.guard = guard
        self.index = index


class SendError(CustomerSMSError):
    """A send did not end as accepted; or, with code STOPPED, a stream was stopped as request after request failed.

    ``phones`` are the numbers concerned (E.164), ``report`` what became of every recipient of the call (``None``
    for a single ``send``), ``code`` the gateway's or this client's code, ``status_code`` the HTTP status; each of
    the last two is ``None`` where there was none.
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
    """No connection could be made: nothing left this machine, so sending again is safe."""


class RejectedError(SendError):
    """The gateway refused the text; ``code`` is its reason."""


class AuthenticationError(RejectedError):
    """The gateway does not accept the API key."""


class InsufficientCreditsError(RejectedError):
    """The account has no credits left for this request."""


class RateLimitedError(RejectedError):
    """The gateway answered 429 (or 425) more often than ``max_retries``, or for longer than ``max_wait``.

    ``retry_after`` is how long the key pauses, in seconds: as its last answer asked, but at most the longest limit's
    window, and the shortest one's where the answer did not say or can't be read. Nothing was sent.
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
    """The text may have been sent, and nobody here can tell: reconcile before sending again."""
