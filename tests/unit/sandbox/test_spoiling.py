from __future__ import annotations

import json
import zlib
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from customersms_async.sandbox import Fault
from customersms_async.sandbox.faults import EFFECTS, Spoils
from customersms_async.sandbox.odd_answers import PADDING, STRANGER
from support.sandbox_requests import NOW, ask, document, numbers, state

ONE, TWO, THREE = numbers(3)


def told(fault: Fault) -> dict[str, Any]:
    return document(ask(state(), ONE, TWO, THREE, fault=fault))


def rows(fault: Fault) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(ask(state(), ONE, fault=fault))["results"]
    return found


def row(**changes: Any) -> dict[str, Any]:
    plain = {"phone": ONE, "success": True, "message_id": "msg_000001", **changes}
    return {name: value for name, value in plain.items() if value is not None}


REFUSED = {"success": False, "message_id": None, "error": "Invalid phone number", "code": "INVALID_NUMBER"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.ROW_REJECTED, [row(**REFUSED)]),
        (Fault.ROW_REJECTED_WITHOUT_CODE, [row(success=False, message_id=None)]),
        (Fault.ROW_REJECTED_WITH_ID, [row(**{**REFUSED, "message_id": "msg_refused"})]),
        (
            Fault.ROW_NO_CREDITS,
            [row(**{**REFUSED, "error": "Insufficient credits", "code": "INSUFFICIENT_CREDITS"})],
        ),
        (Fault.ROW_MISSING, []),
        (Fault.ROW_PHONE_AS_NUMBER, [row(phone=12125550000)]),
        (Fault.ROW_WITHOUT_ID, [row(message_id=None)]),
        (Fault.ROW_ID_AS_NUMBER, [row(message_id=1)]),
        (Fault.ROW_SUCCESS_AS_TEXT, [row(success="1")]),
        (Fault.ROW_TWICE, [row(), row()]),
        (Fault.ROW_CONTRADICTED, [row(), row(success=False, message_id=None, error="Sending failed")]),
        (Fault.ROW_EXTRA, [row(), row(phone=STRANGER)]),
        (
            Fault.ROW_KEY_REFUSED,
            [row(**{**REFUSED, "error": "Invalid or inactive API key", "code": "INVALID_API_KEY"})],
        ),
        (Fault.ROW_RATE_LIMITED, [row(**{**REFUSED, "error": "Too many requests", "code": "RATE_LIMITED"})]),
    ],
)
def test_a_row_fault_spoils_its_row(fault: Fault, expected: list[dict[str, Any]]) -> None:
    assert rows(fault) == expected


def test_every_row_fault_is_tested_above() -> None:
    faults = [fault for fault, effect in EFFECTS.items() if effect.spoils is Spoils.ROW]
    assert len(faults) == 14


def test_numbers_and_booleans_may_come_as_strings() -> None:
    given = told(Fault.NUMBERS_AS_TEXT)
    assert (given["success"], given["remaining_credits"], given["failed_sends"]) == ("1", "997", "0")
    assert given["results"][0] == {"phone": ONE, "success": "1", "message_id": "msg_000001"}


def test_phones_may_come_as_numbers() -> None:
    phones = [one["phone"] for one in told(Fault.PHONES_AS_NUMBERS)["results"]]
    assert phones == [12125550000, 12125550001, 12125550002]


def test_results_may_be_reversed_short_keyed_or_missing() -> None:
    plain = document(ask(state(), ONE, TWO, THREE))["results"]
    assert told(Fault.RESULTS_REVERSED)["results"] == plain[::-1]
    assert told(Fault.RESULTS_SHORT)["results"] == plain[:1]
    assert told(Fault.RESULTS_KEYED)["results"] == {"0": plain[0], "1": plain[1], "2": plain[2]}
    assert "results" not in told(Fault.RESULTS_MISSING)


def test_counters_and_success_may_contradict_the_rows() -> None:
    wrong = told(Fault.COUNTERS_WRONG)
    assert (wrong["successful_sends"], wrong["failed_sends"]) == (0, 3)
    assert all(one["success"] for one in wrong["results"])
    failed = told(Fault.FAILURE_BUT_SENT)
    assert (failed["success"], failed["successful_sends"], failed["error"]) == (False, 3, "Sending failed")


def test_bodies_are_broken_as_php_breaks_them() -> None:
    plain = ask(state(), ONE).body
    given = {fault: ask(state(), ONE, fault=fault) for fault in Fault if EFFECTS[fault].spoils is Spoils.BODY}
    assert given[Fault.BOM].body == b"\xef\xbb\xbf" + plain
    assert given[Fault.PHP_WARNING].body.startswith(b"<br />\n<b>Warning</b>")
    assert given[Fault.PHP_WARNING].body.endswith(plain)
    assert given[Fault.TEXT_HTML].body == plain
    assert b"Fatal error" in given[Fault.HTML_FATAL].body
    assert given[Fault.EMPTY_BODY].body == b""
    assert given[Fault.JSON_CUT].body == plain[: len(plain) // 2]
    assert json.loads(given[Fault.NOT_AN_OBJECT].body) == [json.loads(plain)]
    html = {fault for fault, one in given.items() if one.headers["Content-Type"].startswith("text/html")}
    assert html == {Fault.PHP_WARNING, Fault.TEXT_HTML, Fault.HTML_FATAL, Fault.EMPTY_BODY}
    assert {one.status for one in given.values()} == {200}


def test_a_bomb_is_small_and_unpacks_to_the_answer_behind_100_mb() -> None:
    plain, bomb = ask(state(), ONE).body, ask(state(), ONE, fault=Fault.GZIP_BOMB)
    assert bomb.headers["Content-Encoding"] == "gzip"
    assert len(bomb.body) < 200_000
    opened = zlib.decompress(bomb.body, wbits=31)
    assert (len(opened), opened[PADDING:]) == (PADDING + len(plain), plain)


def test_a_refusal_keeps_its_form_under_a_fault_of_the_rows() -> None:
    given = ask(state(), ONE, key="cspro_other", fault=Fault.RESULTS_KEYED)
    assert document(given)["code"] == "INVALID_API_KEY"


@pytest.mark.parametrize("fault", [fault for fault, effect in EFFECTS.items() if effect.spoils is Spoils.STATUS])
def test_a_status_comes_as_a_page_of_html(fault: Fault) -> None:
    given, effect = ask(state(), ONE, fault=fault), EFFECTS[fault]
    assert (given.status, given.headers["Content-Type"]) == (effect.status, "text/html")
    assert str(effect.status).encode() in given.body
    assert ("Location" in given.headers) == (300 <= effect.status < 400)
    assert ("Retry-After" in given.headers) == (effect.retry_after is not None)


def test_retry_after_comes_in_each_form() -> None:
    assert ask(state(), ONE, fault=(Fault.STATUS_429, 7)).headers["Retry-After"] == "7"
    assert ask(state(), ONE, fault=Fault.STATUS_503).headers["Retry-After"] == "1"
    assert ask(state(), ONE, fault=Fault.RETRY_AFTER_NONSENSE).headers["Retry-After"] == "soon"
    date = ask(state(), ONE, fault=(Fault.RETRY_AFTER_DATE, 2.5)).headers["Retry-After"]
    assert parsedate_to_datetime(date).timestamp() == NOW // 1_000_000 + 3
