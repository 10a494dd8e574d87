from __future__ import annotations

import pytest

from customersms_async.models import Limit
from customersms_async.sandbox import Fault, arrivals, key_id, magic
from customersms_async.sandbox.arrivals import Arrival, Arrivals, without_keys
from support.sandbox_requests import KEY, NOW, ask, numbers, state

PHONE = "+12125551234"


def arrival(number: int) -> Arrival:
    return Arrival(number, PHONE, "Hello", False, None, None, 200, None, "0", NOW)


def test_an_accepted_text_arrives_with_all_that_became_of_it() -> None:
    at = state()
    ask(at, PHONE, message="Grüße")
    (one,) = at.arrivals.after(0)
    assert one == Arrival(1, PHONE, "Grüße", True, None, "msg_000001", 200, None, key_id(KEY), NOW)
    assert (at.arrivals.total, at.segments) == (1, 1)


def test_each_number_of_a_request_arrives_for_itself() -> None:
    at = state()
    ask(at, PHONE, "nonsense", magic.number(Fault.ROW_REJECTED), magic.number(Fault.ROW_MISSING), message="x" * 161)
    told = [(one.number, one.accepted, one.code, one.fault) for one in at.arrivals.after(0)]
    assert told == [
        (1, True, None, None),
        (2, False, "INVALID_NUMBER", None),
        (3, False, "INVALID_NUMBER", "ROW_REJECTED"),
        (4, True, None, "ROW_MISSING"),
    ]
    assert at.segments == 4


@pytest.mark.parametrize(
    ("key", "limits", "credits_left", "status", "code"),
    [
        ("cspro_other", (), 5, 401, "INVALID_API_KEY"),
        (KEY, (Limit(1, 60),), 5, 429, "RATE_LIMITED"),
        (KEY, (), 1, 402, "INSUFFICIENT_CREDITS"),
    ],
)
def test_what_is_refused_as_a_whole_arrives_with_its_code(
    key: str, limits: tuple[Limit, ...], credits_left: int, status: int, code: str
) -> None:
    at = state(credits_left, limits)
    ask(at, PHONE)
    ask(at, *numbers(2), magic.number(Fault.ROW_MISSING), key=key)
    told = [(one.accepted, one.code, one.status, one.fault) for one in at.arrivals.after(1)]
    assert told == [(False, code, status, None)] * 3


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("by_magic", [False, True])
def test_a_fault_is_named_and_the_texts_are_as_the_table_says(fault: Fault, by_magic: bool) -> None:
    at = state()
    given = ask(at, magic.number(fault) if by_magic else PHONE, fault=None if by_magic else fault)
    (one,) = at.arrivals.after(0)
    assert (one.fault, one.accepted) == (fault.name, len(at.texts) == 1)
    unanswered = fault.name.startswith(("CLOSE", "RESET")) or fault is Fault.CUT_IN_HEADERS
    assert one.status == (None if unanswered else given.status)


def test_a_key_where_a_number_or_a_text_belongs_is_not_kept() -> None:
    at = state()
    ask(at, PHONE, KEY, message=f"My key is {KEY}!", key="cspro_a_real_one_by_mistake")
    ask(at, "cspro_a_real_one_by_mistake", message="cspro_a_real_one_by_mistake", key="cspro_a_real_one_by_mistake")
    kept = repr(at.arrivals.after(0))
    assert "cspro_" not in kept
    assert "My key is [API key]!" in kept
    assert without_keys("a bad day", {"a", ""}) == "a bad day"


def test_the_newest_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "KEPT", 3)
    kept = Arrivals()
    kept.add(arrival(number) for number in range(1, 6))
    assert kept.total == 5
    assert [one.number for one in kept.after(0)] == [3, 4, 5]
    assert [one.number for one in kept.after(3)] == [4, 5]
    assert kept.after(5) == kept.after(99) == []
