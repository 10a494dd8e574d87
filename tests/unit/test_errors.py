"""The tree of errors: sorted by what the caller may do next, and whole after a pickle."""

from __future__ import annotations

import copy
import pickle
import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import errors
from customersms_async.errors import (
    AuthenticationError,
    CampaignStoppedError,
    CappedError,
    ConfigurationError,
    ConnectionFailedError,
    CustomerSMSError,
    IdempotencyMismatchError,
    IdempotencyStoreError,
    InsufficientCreditsError,
    InvalidRecipientError,
    LedgerError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaStoreError,
    RateLimitedError,
    RejectedError,
    SendError,
    SuppressionStoreError,
)
from customersms_async.models import Outcome, SendReport, Status

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT = SendReport((Outcome(0, "+12125551234", Status.UNKNOWN, None, "no answer", "NO_ANSWER"),), 1, Decimal("97.50"))
SEND: dict[str, Any] = {"phones": ("+12125551234", "+13235554567"), "report": REPORT, "code": "C", "status_code": 403}

PARENTS: dict[type[CustomerSMSError], tuple[type[Exception], ...]] = {
    CustomerSMSError: (Exception,),
    ConfigurationError: (CustomerSMSError,),
    InvalidRecipientError: (CustomerSMSError, ValueError),
    QuotaExceededError: (CustomerSMSError,),
    QuotaStoreError: (CustomerSMSError,),
    CappedError: (CustomerSMSError,),
    SuppressionStoreError: (CustomerSMSError,),
    IdempotencyMismatchError: (CustomerSMSError,),
    IdempotencyStoreError: (CustomerSMSError,),
    LedgerError: (CustomerSMSError,),
    CampaignStoppedError: (CustomerSMSError,),
    SendError: (CustomerSMSError,),
    ConnectionFailedError: (SendError,),
    RejectedError: (SendError,),
    AuthenticationError: (RejectedError,),
    InsufficientCreditsError: (RejectedError,),
    RateLimitedError: (RejectedError,),
    OutcomeUnknownError: (SendError,),
}
EXAMPLES: list[CustomerSMSError] = [
    CustomerSMSError("text"),
    ConfigurationError("no API key"),
    InvalidRecipientError("'x' is not a phone number", phone="x", reason="it has no +", lacks_country_code=True),
    QuotaExceededError("too long", retry_after=12.5),
    QuotaStoreError("out of reach", temporary=True),
    CappedError("reached", retry_after=29.5, cap="per_number"),
    SuppressionStoreError("out of reach", temporary=True),
    IdempotencyMismatchError("used before"),
    IdempotencyStoreError("out of reach", temporary=True),
    LedgerError("damaged", path="ledger"),
    CampaignStoppedError("credits are short", guard="keep_credits", index=3),
    SendError("not sent", **SEND),
    ConnectionFailedError("refused", **SEND),
    RejectedError("no", **SEND),
    AuthenticationError("bad key", **SEND),
    InsufficientCreditsError("empty", **SEND),
    RateLimitedError("slow down", **SEND, retry_after=60.0),
    OutcomeUnknownError("reset", **SEND),
]


def pickled(error: CustomerSMSError, protocol: int) -> CustomerSMSError:
    back: CustomerSMSError = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own bytes
    return back


SAME_AGAIN: list[Callable[[CustomerSMSError], CustomerSMSError]] = [
    copy.copy,
    copy.deepcopy,
    *(partial(pickled, protocol=n) for n in range(pickle.HIGHEST_PROTOCOL + 1)),
]


@pytest.mark.parametrize("kind", PARENTS)
def test_each_error_stands_where_the_tree_has_it(kind: type[CustomerSMSError]) -> None:
    assert kind.__bases__ == PARENTS[kind]
    assert kind.__name__ in (errors.__doc__ or "")


def test_the_tree_is_complete() -> None:
    found = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert found == set(PARENTS)
    assert [type(error) for error in EXAMPLES] == list(PARENTS)
    drawn = re.findall(r"[\u2500\u00b7] ?(\w+Error)", errors.__doc__ or "")
    assert set(drawn) == {kind.__name__ for kind in PARENTS} - {"CustomerSMSError"}


@pytest.mark.parametrize("again", SAME_AGAIN, ids=["copy", "deepcopy", *(f"pickle {n}" for n in range(6))])
@pytest.mark.parametrize("error", EXAMPLES, ids=[type(error).__name__ for error in EXAMPLES])
def test_every_error_comes_back_with_equal_type_text_and_attributes(
    error: CustomerSMSError, again: Callable[[CustomerSMSError], CustomerSMSError]
) -> None:
    back = again(error)
    assert type(back) is type(error)
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("kind", PARENTS)
def test_every_error_is_its_text(kind: type[CustomerSMSError]) -> None:
    assert str(kind("what happened")) == "what happened"
    assert str(kind()) == ""


@pytest.mark.parametrize("kind", [kind for kind in PARENTS if issubclass(kind, SendError)])
def test_what_is_not_known_of_a_send_is_empty(kind: type[SendError]) -> None:
    error = kind("what happened")
    assert (error.phones, error.report, error.code, error.status_code) == ((), None, None, None)


def test_a_wait_is_zero_and_a_recipient_empty_unless_given() -> None:
    assert QuotaExceededError().retry_after == RateLimitedError().retry_after == 0.0
    assert (InvalidRecipientError().phone, InvalidRecipientError().reason) == ("", "")
