"""Errors made from outcomes: those that ``send`` raises, and those that end a bulk send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._core.phone import mask
from ..errors import (
    AuthenticationError,
    CappedError,
    ConnectionFailedError,
    CustomerSMSError,
    IdempotencyMismatchError,
    InsufficientCreditsError,
    OutcomeUnknownError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    SendError,
)
from ..models import Code, Outcome, SendReport, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._core.failure_guards import GuardStop
    from .delivery import Delivery

_REFUSALS: Final[dict[str, type[RejectedError]]] = {
    Code.INVALID_API_KEY: AuthenticationError,
    Code.INSUFFICIENT_CREDITS: InsufficientCreditsError,
}


def single_failure(outcome: Outcome, delivery: Delivery) -> CustomerSMSError:
    """The error of a ``send`` whose number was not accepted."""
    phones, code, status_code = (outcome.phone,), outcome.code, delivery.status_code
    text = f"the text to {mask(outcome.phone)} is {outcome.status}: {outcome.error}{_of_key(delivery.key_name)}"
    if outcome.status is Status.UNKNOWN:
        return OutcomeUnknownError(text, phones=phones, code=code, status_code=status_code)
    if outcome.status is Status.UNSENT and code == Code.IDEMPOTENCY_MISMATCH:
        return IdempotencyMismatchError(text)
    if outcome.status is Status.UNSENT and code == Code.CAPPED:
        return CappedError(text, retry_after=delivery.retry_after, cap=delivery.cap)
    if outcome.status is Status.UNSENT and code == Code.QUOTA_EXCEEDED:
        return QuotaExceededError(text, retry_after=delivery.retry_after)
    if outcome.status is Status.UNSENT and code == Code.RATE_LIMITED:
        return RateLimitedError(
            text, phones=phones, code=code, status_code=status_code, retry_after=delivery.retry_after
        )
    kind: type[SendError] = _REFUSALS.get(code or "", RejectedError if outcome.status is Status.REJECTED else SendError)
    if code in (Code.CONNECTION_FAILED, Code.CERTIFICATE_REFUSED) and outcome.status is Status.UNSENT:
        kind = ConnectionFailedError
    return kind(text, phones=phones, code=code, status_code=status_code)


def guard_failure(guard_stop: GuardStop, unsent: Iterable[Outcome], key_name: str) -> SendError:
    """The error of a stream that was stopped by a guard; its ``phones`` are those of ``unsent`` that were kept back."""
    return SendError(
        f"stopped before the next request by {guard_stop.guard}: {guard_stop.reason}{_of_key(key_name)}",
        phones=tuple(o.phone for o in unsent if o.code == Code.STOPPED),
        code=Code.STOPPED,
        status_code=guard_stop.status_code,
    )


def stop_failure(fatal: Delivery, unsent: Iterable[Outcome], report: SendReport | None) -> RejectedError:
    """The error of a bulk send whose key or account lets nothing more go out; ``unsent`` are the texts kept back."""
    code = fatal.fatal or Code.INVALID_API_KEY
    return _REFUSALS[code](
        (fatal.refusal or "the gateway refuses every further request") + _of_key(fatal.key_name),
        phones=tuple(o.phone for o in unsent if o.code == code),
        report=report,
        code=code,
        status_code=fatal.status_code,
    )


def _of_key(name: str) -> str:
    return f" (key {name})" if name else ""
