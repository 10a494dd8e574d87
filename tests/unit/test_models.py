"""The values that go in and come out: checked once, frozen, and a report that raises for what failed."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async import models
from customersms_async.errors import (
    ConfigurationError,
    ConnectionFailedError,
    OutcomeUnknownError,
    RejectedError,
    SendError,
)
from customersms_async.models import (
    DOCUMENTED_LIMITS,
    Caps,
    Code,
    Estimate,
    Health,
    Limit,
    LimitStatus,
    Message,
    Outcome,
    Priority,
    QuotaStatus,
    SendReport,
    Status,
)

VALUES: list[msgspec.Struct] = [
    Limit(100, 60),
    Caps("otp", per_number=Limit(1, 30), per_prefix={"+882": Limit(10, 3_600)}, total=[Limit(5_000, 3_600)]),
    Message("+12125551234", "Hello"),
    Outcome(0, "+12125551234", Status.ACCEPTED, "msg_1"),
    SendReport((Outcome(0, "+12125551234", Status.REJECTED, None, "no", "BLOCKED"),), 1, Decimal("97.50")),
    LimitStatus(Limit(100, 60), 3, 97, 1.5),
    QuotaStatus((LimitStatus(Limit(100, 60), 3, 97, 1.5),), {Priority.BULK: 2}, 0.5),
    Estimate(10, 1, 2, 3, 12, 60.5),
    Health(True, None, QuotaStatus((), {}), 1.5, 200, 0.0, 0, Decimal("97.50")),
]
value_names = [type(value).__name__ for value in VALUES]


@pytest.mark.parametrize("value", VALUES, ids=value_names)
def test_values_are_frozen(value: msgspec.Struct) -> None:
    for field in value.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(value, field, None)


@pytest.mark.parametrize("value", VALUES, ids=value_names)
def test_values_compare_and_come_back_equal_from_pickle_and_copy(value: msgspec.Struct) -> None:
    unpickled = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    for back in (unpickled, copy.copy(value), copy.deepcopy(value)):
        assert type(back) is type(value)
        assert back == value


def test_all_names_are_given_out_and_no_value_is_left_untested() -> None:
    public = {name: getattr(models, name) for name in models.__all__}
    structs = {name for name, value in public.items() if isinstance(value, type) and issubclass(value, msgspec.Struct)}
    assert structs == set(value_names)


def test_a_status_is_its_name_in_lower_case() -> None:
    assert [status.value for status in Status] == ["accepted", "rejected", "unknown", "unsent"]
    assert all(status.value == status.name.lower() == str(status) == f"{status}" for status in Status)


def test_a_code_is_its_name() -> None:
    assert all(code.value == code.name == str(code) for code in Code)


def test_priorities_go_from_urgent_to_bulk() -> None:
    assert sorted(Priority) == [Priority.URGENT, Priority.NORMAL, Priority.BULK]


def test_a_client_is_healthy_whose_store_answers_whatever_the_gateway_says() -> None:
    quota = QuotaStatus((), {}, paused_seconds=60.0)
    assert Health(True, None, quota, 900.0, 401, 3_000.0, 7, Decimal(0)).ok
    assert not Health(False, "it is away", None, 0.5, 200, 0.0, 0, None).ok


# Limit


def test_the_documented_limits() -> None:
    assert [(limit.requests, limit.seconds) for limit in DOCUMENTED_LIMITS] == [
        (100, 60),
        (5_000, 3_600),
        (50_000, 86_400),
    ]


@pytest.mark.parametrize("requests", [0, -1, True, False, 1.0, "1", None, math.nan, Decimal(1)])
def test_a_limit_needs_a_whole_number_of_requests(requests: Any) -> None:
    with pytest.raises(ValueError, match="whole number of requests"):
        Limit(requests, 60)


@pytest.mark.parametrize(
    "seconds",
    [0, 0.0, -1, -0.5, 0.0000004, math.nan, math.inf, -math.inf, True, False, "60", None, Decimal(60), 1e308, 10**310],
)
def test_a_limit_needs_seconds_above_zero_and_finite(seconds: Any) -> None:
    with pytest.raises(ValueError, match="a limit's seconds must be"):
        Limit(100, seconds)


def test_an_odd_limit_is_refused_when_decoded_too() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"requests": 0, "seconds": 60}, Limit)


@pytest.mark.parametrize(
    ("seconds", "window_us"), [(60, 60_000_000), (0.5, 500_000), (0.000001, 1), (1 / 3, 333_333), (2e9, 2 * 10**15)]
)
def test_a_window_is_kept_in_whole_microseconds(seconds: float, window_us: int) -> None:
    assert Limit(1, seconds).window_us == window_us


@given(st.integers(1, 10**9), st.floats(0.000001, 1e9) | st.integers(1, 10**9))
def test_any_limit_in_range_is_taken(requests: int, seconds: float) -> None:
    limit = Limit(requests, seconds)
    assert abs(limit.window_us - seconds * 1e6) <= max(0.5, seconds * 1e-9)


# Caps


def test_caps_take_one_limit_or_several() -> None:
    caps = Caps("otp", per_number=Limit(1, 30), per_prefix={"+882": [Limit(2, 60)], "+8": ()}, total=[Limit(3, 90)])
    assert (caps.name, caps.per_number, caps.total) == ("otp", (Limit(1, 30),), (Limit(3, 90),))
    assert caps.per_prefix == {"+882": (Limit(2, 60),), "+8": ()}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"name": 7}, "must be text"),
        ({"name": "a\nb"}, "must be text"),
        ({"name": " "}, "1 to 64 characters"),
        ({"name": "n" * 65}, "1 to 64 characters"),
        ({"per_number": 5}, "per_number must be a Limit"),
        ({"total": [Limit(1, 1), 5]}, "total must be a Limit"),
        ({"per_prefix": [("+1", Limit(1, 1))]}, "limits by prefix"),
        ({"per_prefix": {"+1": 5}}, "per_prefix must be a Limit"),
        ({"per_prefix": {"1": Limit(1, 1)}}, "prefixes such as"),
        ({"per_prefix": {"+": Limit(1, 1)}}, "prefixes such as"),
        ({"per_prefix": {1: Limit(1, 1)}}, "prefixes such as"),
        ({}, "need a limit"),
        ({"per_prefix": {"+1": ()}}, "need a limit"),
    ],
)
def test_caps_that_can_be_none_are_refused(arguments: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        Caps(**{"name": "otp"} | arguments)


# SendReport


def report(*ended: tuple[Status, str | None]) -> SendReport:
    return SendReport(tuple(Outcome(i, f"+1212555{i:04}", s, None, "why", c) for i, (s, c) in enumerate(ended)), 1)


ACCEPTED, DUPLICATE = (Status.ACCEPTED, None), (Status.UNSENT, "DUPLICATE")
REJECTED, REJECTED_2 = (Status.REJECTED, "BLOCKED"), (Status.REJECTED, "TOO_LONG")
NO_ANSWER, UNREADABLE = (Status.UNKNOWN, "NO_ANSWER"), (Status.UNKNOWN, "UNREADABLE_ANSWER")
INVALID, NO_CONNECTION = (Status.UNSENT, "INVALID_PHONE"), (Status.UNSENT, "CONNECTION_FAILED")
NO_TRUST = (Status.UNSENT, "CERTIFICATE_REFUSED")


@given(st.lists(st.sampled_from(Status)))
@example([*Status])
def test_a_report_counts_every_outcome_once(statuses: list[Status]) -> None:
    made = report(*((status, None) for status in statuses))
    assert {status: getattr(made, status) for status in Status} == {s: statuses.count(s) for s in Status}
    assert made.accepted + made.rejected + made.unknown + made.unsent == len(made.outcomes)


@pytest.mark.parametrize("ended", [[], [ACCEPTED], [ACCEPTED, DUPLICATE], [DUPLICATE], [DUPLICATE, ACCEPTED, ACCEPTED]])
def test_nothing_is_raised_when_all_were_accepted_but_repeats(ended: list[tuple[Status, str | None]]) -> None:
    report(*ended).raise_for_failures()


@pytest.mark.parametrize(
    ("ended", "kind", "which", "code"),
    [
        ([ACCEPTED, NO_ANSWER], OutcomeUnknownError, [1], "NO_ANSWER"),
        ([INVALID, REJECTED, UNREADABLE, NO_ANSWER], OutcomeUnknownError, [2, 3], None),
        ([NO_CONNECTION, NO_ANSWER, NO_ANSWER], OutcomeUnknownError, [1, 2], "NO_ANSWER"),
        ([REJECTED], RejectedError, [0], "BLOCKED"),
        ([ACCEPTED, REJECTED, INVALID, REJECTED_2, DUPLICATE], RejectedError, [1, 3], None),
        ([NO_CONNECTION, REJECTED], RejectedError, [1], "BLOCKED"),
        ([NO_CONNECTION], ConnectionFailedError, [0], "CONNECTION_FAILED"),
        ([NO_CONNECTION, DUPLICATE, ACCEPTED, NO_CONNECTION], ConnectionFailedError, [0, 3], "CONNECTION_FAILED"),
        ([INVALID], SendError, [0], "INVALID_PHONE"),
        ([INVALID, NO_CONNECTION], SendError, [0, 1], None),
        ([(Status.UNSENT, "QUOTA_EXCEEDED"), ACCEPTED], SendError, [0], "QUOTA_EXCEEDED"),
        ([(Status.REJECTED, None)], RejectedError, [0], None),
    ],
)
def test_the_worst_that_happened_is_raised_with_its_numbers(
    ended: list[tuple[Status, str | None]], kind: type[SendError], which: list[int], code: str | None
) -> None:
    made = report(*ended)
    with pytest.raises(SendError) as caught:
        made.raise_for_failures()
    error = caught.value
    assert type(error) is kind
    assert error.phones == tuple(made.outcomes[i].phone for i in which)
    assert (error.report, error.code, error.status_code) == (made, code, None)
    assert str(error).startswith(f"{len(which)} of {len(ended)} texts ")


@pytest.mark.parametrize("failed", [NO_TRUST, NO_CONNECTION])
def test_a_refused_certificate_is_a_failed_connection_as_it_is_for_send(failed: tuple[Status, str]) -> None:
    with pytest.raises(ConnectionFailedError):
        report(failed, NO_TRUST).raise_for_failures()


@pytest.mark.parametrize(("ended", "kind"), [(Status.REJECTED, RejectedError), (Status.UNKNOWN, OutcomeUnknownError)])
@pytest.mark.parametrize("code", Code)
def test_a_gateways_code_that_looks_like_ours_hides_no_failure(
    ended: Status, kind: type[SendError], code: Code
) -> None:
    """A gateway may well answer 409 with the code DUPLICATE, or 500 with CONNECTION_FAILED of its own upstream."""
    with pytest.raises(SendError) as caught:
        report((ended, str(code))).raise_for_failures()
    assert isinstance(caught.value, kind)


@pytest.mark.parametrize("guard", [None, "stop_after_refused"])
def test_a_report_of_a_send_that_was_stopped_says_by_which_guard(guard: str | None) -> None:
    outcomes = (Outcome(0, "+12125551234", Status.REJECTED), Outcome(1, "+13235554567", Status.UNSENT, code="STOPPED"))
    with pytest.raises(RejectedError) as raised:
        SendReport(outcomes, 1, stopped_by=guard).raise_for_failures()
    ending = "" if guard is None else "; stop_after_refused ended it early"
    assert str(raised.value) == f"1 of 2 texts were refused{ending}"
