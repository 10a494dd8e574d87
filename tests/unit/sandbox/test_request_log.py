from __future__ import annotations

import pytest

from customersms_async.sandbox import Entry, Fault
from customersms_async.sandbox.request_log import cut_line, request_line
from customersms_async.sandbox.rules import answer
from customersms_async.sandbox.schedule import plan
from support.sandbox_requests import JSON, KEY, NOW, PATH, body, numbers, state


def line(sent: bytes, method: str = "POST", path: str = PATH, fault: Entry = None) -> str:
    at = state()
    given = answer(at, NOW, method, path, JSON, sent, plan(fault))
    return request_line(method, path, given, at.arrivals.after(0), {KEY: 1})


@pytest.mark.parametrize(
    ("sent", "fault", "told"),
    [
        (body("+12125551234"), None, "200: 1 number, 1 accepted"),
        (body(*numbers(3), "x", "y"), None, "200: 5 numbers, 3 accepted, 2 refused (INVALID_NUMBER)"),
        (body("+12125551234", key="cspro_other"), None, "401: 1 number, 1 refused (INVALID_API_KEY)"),
        (body("+12125551234"), Fault.STATUS_502, "502: 1 number, 1 accepted, fault STATUS_502"),
        (body("+12125551234"), Fault.STATUS_503, "503: 1 number, 1 refused (STATUS_503), fault STATUS_503"),
        (body("+12125551234"), Fault.CLOSE_AFTER, "no answer: 1 number, 1 accepted, fault CLOSE_AFTER"),
        (body("+15005551101"), None, "no answer: 1 number, 1 refused (CLOSE_BEFORE), fault CLOSE_BEFORE"),
        (b"{", None, "400: no numbers"),
    ],
)
def test_a_line_says_what_was_asked_and_what_became_of_it(sent: bytes, fault: Entry, told: str) -> None:
    assert line(sent, fault=fault) == f"POST {PATH} {told}"


def test_a_line_holds_no_key_no_number_and_no_text() -> None:
    told = line(body("+12125551234", "nonsense", message="Secret"), path=f"/{KEY}/x")
    told += line(body("+12125551234", "nonsense", message="Secret"))
    assert not [word for word in (KEY, "2125551234", "nonsense", "Secret") if word in told]


def test_a_line_is_one_line_and_not_long() -> None:
    told = line(b"", method="GET", path="/a b\n\x1b[31m\u2028" + "x" * 10_000)
    assert told.splitlines() == [told]
    assert told.startswith("GET /a?b??[31m?xxx")
    assert len(told) < 150


def test_a_request_that_was_never_read_has_its_line() -> None:
    planned = plan(Fault.CLOSE_BEFORE)
    assert planned is not None
    assert cut_line(planned) == "a request was not read: fault CLOSE_BEFORE"
