"""Reading an answer: every odd form of docs/gateway.md, and nothing made up where it can't be read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.answer_rows import AnswerRow, refusal_code
from customersms_async._core.answer_search import MOST_OBJECTS
from customersms_async._core.answers import Reading, read
from customersms_async._core.php_values import phone_digits
from customersms_async._core.steps import finish
from customersms_async._core.written_json import Pairs

if TYPE_CHECKING:
    from customersms_async._core.written_json import Entries

GOOD: dict[str, Any] = {
    "success": True,
    "message": "SMS sending completed",
    "total_numbers": 2,
    "successful_sends": 2,
    "failed_sends": 0,
    "remaining_credits": 98,
    "results": [
        {"phone": "+12125551234", "success": True, "message_id": "msg_123456"},
        {"phone": "+13235554567", "success": True, "message_id": "msg_123457"},
    ],
}
GOOD_BODY = json.dumps(GOOD).encode()
WARNING = b"<br />\n<b>Warning</b>:  Undefined array key &quot;a&quot; in <b>/api.php</b> on line <b>42</b><br />\n"


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def entries_of(reading: Reading) -> Entries:
    return finish(reading.written.entries_in_steps())


def plain(reading: Reading | None) -> Any:
    """All that a reading says, without the bytes that it came from."""
    return reading and {**msgspec.structs.asdict(reading), "written": entries_of(reading)}


def test_the_documented_answer_is_read_whole() -> None:
    reading = read(GOOD_BODY)
    assert reading is not None
    assert (reading.success, reading.code, reading.error, reading.may_have_sent) == (True, None, None, True)
    assert reading.remaining_credits == 98
    assert reading.rows == [
        AnswerRow("+12125551234", True, "msg_123456"),
        AnswerRow("+13235554567", True, "msg_123457"),
    ]
    assert (reading.keyed, reading.has_results, reading.may_be_row) == (False, True, False)


def test_the_documented_error_is_read_whole() -> None:
    reading = read(body(success=False, error="Invalid or inactive API key", code="INVALID_API_KEY"))
    assert reading is not None
    assert (reading.success, reading.code, reading.error) == (False, "INVALID_API_KEY", "Invalid or inactive API key")
    assert (reading.may_have_sent, reading.remaining_credits, reading.rows) == (False, None, [])


@pytest.mark.parametrize(
    "spoiled",
    [
        b"\xef\xbb\xbf" + GOOD_BODY,
        b"\r\n\t " + GOOD_BODY + b"\r\n",
        WARNING + GOOD_BODY,
        b"\xef\xbb\xbf" + WARNING * 3 + GOOD_BODY,
        GOOD_BODY + WARNING,
        WARNING + GOOD_BODY + WARNING,
        b"Notice: {oops} in api.php on line 7\n" + GOOD_BODY,
        b"<style>b { color: red } i {}</style>" + GOOD_BODY,
        b'{} {"debug": [1, 2, 3]} ' + GOOD_BODY,
        b"caf\xe9 \xff\xfe " + GOOD_BODY,
        json.dumps(GOOD, indent=4).encode(),
        b"<!-- -->" + json.dumps(GOOD, indent=4).replace("\n", "\r\n").encode(),
        b"[" + GOOD_BODY + b"]",
        json.dumps({**GOOD, "balance": {"text": ["{", '"', "}"]}}).encode() + b"\n",
    ],
)
def test_whatever_php_put_around_the_answer_the_same_is_read(spoiled: bytes) -> None:
    assert plain(read(spoiled)) == plain(read(GOOD_BODY))


@pytest.mark.parametrize(
    "unreadable",
    [
        b"",
        b" \r\n",
        b"null",
        b"true",
        b"0",
        b'"OK"',
        b"[]",
        b"OK",
        b"\xff\xfe\x00",
        GOOD_BODY.decode().encode("utf-16"),
        b"<br />\n<b>Fatal error</b>:  Maximum execution time of 30 seconds exceeded in <b>/api.php</b><br />\n",
        GOOD_BODY + GOOD_BODY,
        GOOD_BODY + b"\n" + body(success=False, error="Internal error"),
        GOOD_BODY[:-1] + body(success=False, error="shut down"),
        GOOD_BODY[:-2] + WARNING + b"]}",
        GOOD_BODY[1:],
        b'{"phone": "+12125551234", "success": true}, {"phone": "+13235554567", "success": true}]}',
        b'<script>{"lang": "en"}</script>',
        b"<script>{}</script>",
        b'{"success": true, "broken": nul}',
        b'{"success": false, "credits": NaN}',
        b'{"success": false, "credits": Infinity}',
        b'{"success": false, "error": "\\ud800"}',
        b'{"success": false, "error": "line\nbreak"}',
        b'{"success": ' + b"9" * 5_000 + b"}",
        b"[" * 200_000,
        b'{"success":' * 200_000,
        b'{"success": false, "results": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
    ids=range(28),
)
def test_what_is_not_one_whole_answer_is_not_read(unreadable: bytes) -> None:
    assert read(unreadable) is None


@pytest.mark.parametrize("huge", [b"1e99999999999999999999", b"-1E+99999999999999999999", b"0.1e-99999999999999999999"])
def test_a_number_beyond_every_type_is_no_exception(huge: bytes) -> None:
    """No reading at all, or one without that number: either will do."""
    for field in (b"success", b"code", b"error", b"remaining_credits", b"successful_sends", b"results"):
        reading = read(b'{"success": false, "%s": %s}' % (field, huge))
        assert reading is None or not reading.remaining_credits
    reading = read(b'{"success": true, "results": [{"phone": %s, "success": true}]}' % huge)
    assert reading is None or [phone_digits(row.phone) for row in reading.rows] == [""]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", WARNING])
def test_bytes_that_are_no_utf_8_spoil_their_own_text_only(prefix: bytes) -> None:
    reading = read(prefix + b'{"success": false, "error": "num\xe9ro inconnu", "code": "BLOCKED"}')
    assert reading is not None
    assert (reading.success, reading.code, reading.error) == (False, "BLOCKED", "num\ufffdro inconnu")


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", WARNING, b"<b>{</b>", b"<i>{}</i>"])
@pytest.mark.parametrize("whole", [GOOD_BODY, json.dumps(GOOD, indent=2).encode() + b"\n"])
def test_an_answer_cut_at_any_byte_is_not_read(prefix: bytes, whole: bytes) -> None:
    end = len(prefix) + len(whole.rstrip())
    for length in range(end):
        assert read((prefix + whole)[:length]) is None, length
    assert plain(read((prefix + whole)[:end])) == plain(read(GOOD_BODY))


def test_the_tail_of_an_answer_makes_no_success_and_no_rows() -> None:
    for length in range(1, len(GOOD_BODY)):
        reading = read(GOOD_BODY[length:])
        assert reading is None or (reading.success is None and not reading.rows), length


@given(st.binary())
def test_reading_never_raises(anything: bytes) -> None:
    read(anything)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("98", Decimal(98)), ('"97.50"', Decimal("97.50")), ("0.1", Decimal("0.1")), ("null", None), ('"many"', None)],
)
def test_credits_are_read_as_numbers_or_texts(written: str, read_as: Decimal | None) -> None:
    reading = read(f'{{"success": true, "remaining_credits": {written}}}'.encode())
    assert reading is not None
    assert reading.remaining_credits == read_as


@pytest.mark.parametrize(
    ("counter", "may_have_sent"),
    [
        *((value, False) for value in (None, 0, "0", "", 0.0, "0.0")),
        *((value, True) for value in (1, "1", 2.5, -1, "some", True, "0 of 3")),
        ([], True),
        ({}, True),
    ],
)
def test_any_counter_but_zero_means_that_something_may_have_been_sent(counter: Any, may_have_sent: bool) -> None:
    reading = read(body(success=False, successful_sends=counter))
    assert reading is not None
    assert reading.may_have_sent is may_have_sent


@pytest.mark.parametrize(
    ("results", "phones"),
    [
        ([], []),
        (None, []),
        ("none", []),
        (7, []),
        ([{"phone": "a"}, {"phone": "b"}], ["a", "b"]),
        ({"1": {"phone": "b"}, "0": {"phone": "a"}}, ["b", "a"]),
        ({"x": {"phone": "a"}, "\u0661": {"phone": "b"}, "-1": {"phone": "c"}}, ["a", "b", "c"]),
        (["odd", {"phone": "b"}, None, {"phone": "d"}], ["b", "d"]),
        ({"0": "odd", "1": {"phone": "b"}}, ["b"]),
        ({"phone": "a", "success": True}, []),
        ([[{"phone": "a"}]], []),
    ],
)
def test_the_objects_in_results_are_rows(results: Any, phones: list[str]) -> None:
    reading = read(body(success=True, results=results))
    assert reading is not None
    assert [row.phone for row in reading.rows] == phones
    assert reading.has_results is bool(results)
    assert reading.keyed is isinstance(results, dict)


@pytest.mark.parametrize("around", [b"%s", b"<b>Notice</b> %s", b"[%s]"])
def test_the_entries_are_all_there_as_they_are_written(around: bytes) -> None:
    twice = b'{"success": true, "results": {"0": {"a": 1.50, "a": null}, "0": [], "x": "y"}}'
    reading = read(around % twice)
    assert reading is not None
    entries = entries_of(reading)
    assert entries == [("0", [("a", Decimal("1.50")), ("a", None)]), ("0", []), ("x", "y")]
    assert [type(entry) for _, entry in entries] == [Pairs, list, str]
    reading = read(around % b'{"success": true, "results": [{"a": 1}, null]}')
    assert reading is not None
    assert entries_of(reading) == [(None, [("a", 1)]), (None, None)]


@pytest.mark.parametrize(
    "doubtful",
    [
        b'{"success": true, "results": [], "results": []}',
        b'{"success": true, "results": "none"}',
        b'{"success": true}',
        b'{"success": true, "x": ' + b"9" * 5_000 + b', "results": []}',
    ],
)
def test_there_are_no_entries_where_they_are_in_doubt(doubtful: bytes) -> None:
    reading = read(doubtful)
    assert reading is not None
    assert entries_of(reading) == []
    assert entries_of(Reading(None, None, None, may_have_sent=False, remaining_credits=None, rows=[])) == []


@pytest.mark.parametrize(
    ("content", "may_be_row"),
    [
        (b'[{"success": false}]', True),
        (b' [\n {"success": false, "error": "No", "code": "NO", "message_id": 1}, "x"]', True),
        (b'[{"success": false, "total_numbers": 2}]', False),
        (b'[{"success": false, "results": []}]', False),
        (b'{"success": false}', False),
        (b'Warning: {"success": false}', False),
    ],
)
def test_an_answer_in_a_list_may_be_a_row(content: bytes, may_be_row: bool) -> None:
    reading = read(content)
    assert reading is not None
    assert reading.may_be_row is may_be_row


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("INVALID_API_KEY", "INVALID_API_KEY"),
        (" insufficient_credits\n", "INSUFFICIENT_CREDITS"),
        ("Rate_Limited", "RATE_LIMITED"),
        ("INVALID_NUMBER", None),
        ("CREDITS", None),
        (402, None),
        (None, None),
        (["INVALID_API_KEY"], None),
    ],
)
def test_some_codes_are_about_the_account_and_not_about_a_number(code: object, found: str | None) -> None:
    assert refusal_code(code) == found
    assert AnswerRow(code=code).refusal == found


def test_a_page_of_nothing_but_objects_is_not_searched_to_its_end() -> None:
    answer = b'{"success": true}'
    assert read(b"{}" * (MOST_OBJECTS - 2) + answer) is not None
    assert read(b"{}" * MOST_OBJECTS + answer) is None
