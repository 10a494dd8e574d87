"""Which number each row speaks of: nobody ever gets another one's row, whatever is odd about an answer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.answers import read
from customersms_async._core.asked_numbers import is_blank
from customersms_async._core.matching import DISPUTED, match
from customersms_async._core.php_values import as_flag, phone_digits
from customersms_async._core.row_numbers import MOST_DIGITS, MOST_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customersms_async._core.answer_rows import AnswerRow

PHONES = ["+12125551234", "+13235554567", "+442079460958"]


def matched(results: object, phones: Sequence[str] = PHONES) -> Sequence[AnswerRow | None]:
    """The rows of an answer with these results, which may be text of its own making, for each of these numbers."""
    written = results if isinstance(results, str) else json.dumps(results, default=float)
    reading = read(f'{{"success": true, "results": {written}}}'.encode())
    assert reading is not None
    return match(reading, phones).rows


def row(phone: object, success: object, message_id: object) -> dict[str, object]:
    return {"phone": phone, "success": success, "message_id": message_id}


def ids(rows: Sequence[AnswerRow | None]) -> list[object]:
    return [None if row is None else row.message_id for row in rows]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (["+12125551234", "+13235554567", "+442079460958"], [0, 1, 2]),
        (["+442079460958", "+12125551234", "+13235554567"], [1, 2, 0]),
        (["12125551234", 13235554567, Decimal("442079460958.0")], [0, 1, 2]),
        (["2125551234", "5554567", "02079460958"], [0, 1, 2]),
        (["555-1234", "(323) 555-4567", "00442079460958"], [0, 1, 2]),
        (["551234", "554567", "460958"], [None, None, None]),
        (["+442079460958"], [None, None, 0]),
        ([None, None, None], [0, 1, 2]),
        (["", "n/a", True], [0, 1, 2]),
        ([None, None], [None, None, None]),
        ([None, None, None, None], [None, None, None]),
        (["+12125551234", None, None], [0, None, None]),
        (["+442079460958", None, "+12125551234"], [2, None, 0]),
        (["+1212***1234", "+1323***4567", "+4420***0958"], [None, None, None]),
        (["1234", "4567", "0958"], [None, None, None]),
        ([None, "4567", None], [None, None, None]),
        (["+19995550000", "+18885550000"], [None, None, None]),
        (["+12125551234", "+19995550000", "+13235554567", "+442079460958"], [0, 2, 3]),
        (["+12125551234,+13235554567"], [None, None, None]),
        ([], [None, None, None]),
    ],
)
def test_rows_find_their_numbers(said: list[object], found: list[int | None]) -> None:
    assert ids(matched([row(phone, True, i) for i, phone in enumerate(said)])) == found


def test_trailing_digits_that_two_numbers_end_in_belong_to_neither() -> None:
    twins = ["+12125551234", "+442125551234"]
    assert ids(matched([row("2125551234", True, 0)], twins)) == [None, None]
    assert ids(matched([row("42125551234", True, 0)], twins)) == [None, 0]


def test_a_number_that_another_ends_in_is_known_by_its_plus() -> None:
    both = ["+12125551234", "+2125551234"]
    for written in ("+2125551234", "+(212) 555-1234", "002125551234"):
        assert ids(matched([row(written, True, 0)], both)) == [None, 0]
    for unsure in ("2125551234", 2125551234, "+***2125551234"):
        assert ids(matched([row(unsure, True, 0)], both)) == [None, None]


def test_rows_that_agree_count_once_and_rows_that_disagree_count_for_nothing() -> None:
    agree = [row("+12125551234", True, 0), row(12125551234, "1", 1)]
    assert ids(matched(agree)) == [0, None, None]
    for second in (False, None, "perhaps"):
        disagree = [row("+12125551234", True, 0), row("2125551234", second, 1)]
        assert ids(matched(disagree)) == [None, None, None]
        assert ids(matched([*disagree, row("+12125551234", True, 2)])) == [None, None, None]
    reasons = [{**row("+12125551234", False, i), "code": code} for i, code in enumerate(["BLOCKED", "RATE_LIMITED"])]
    assert list(matched(reasons)) == [DISPUTED, None, None]


A, B, C = ({"success": success, "message_id": i} for i, success in enumerate((True, False, True)))


@pytest.mark.parametrize(
    ("results", "found"),
    [
        ({"0": A, "1": B, "2": C}, [0, 1, 2]),
        ({"2": C, "0": A, "1": B}, [0, 1, 2]),
        ({"1": A, "2": B, "3": C}, None),
        ({"0": A, "1": B}, None),
        ({"0": A, "1": B, "2": C, "3": C}, None),
        ({"0": A, "1": B, "2": C, "info": "3 texts"}, None),
        ({"0": A, "1": None, "2": C}, None),
        ({"00": A, "1": B, "2": C}, None),
        ({"-0": A, "1": B, "2": C}, None),
        ({"0": A, "1 ": B, "2": C}, None),
        ({"0": A, "1": B, "\u0662": C}, None),
        ('{"0": {"success": true}, "0": {"success": false}, "1": {"success": true}}', None),
        ('{"0": {}, "0": {"success": false}, "1": {"success": true}, "2": {"success": true}}', None),
        ([A, B, None], None),
        ([None, A, B, C], None),
        ([A, B, 7, C], None),
        ([[A, B, C]], None),
        ([[A], [B], [C]], None),
        ([A], None),
        ('[{"success": true, "success": false}, {"success": true}, {"success": true}]', None),
        ([{**A, "number": PHONES[0]}, {**B, "number": PHONES[1]}, {**C, "number": PHONES[2]}], [0, 1, 2]),
        ([{**A, "number": PHONES[2]}, {**B, "number": PHONES[1]}, {**C, "number": PHONES[0]}], None),
        ([{**A, "number": PHONES[0]}, B, C], None),
        ([{**A, "sms": {"to": ["13235554567"]}}, B, C], None),
        ([{**A, "To": "+19995550000"}, B, C], None),
        ([{**A, "mobile_number": "+1212***1234"}, B, C], None),
        ([{**A, "mobile_number": "n/a"}, B, C], [0, 1, 2]),
        ([{**A, "mobile\0number": "+1212***1234"}, B, C], None),
        ([{**A, "\0": 7, "n": "+1212***1234"}, B, C], [0, 1, 2]),
        ([{**A, "to": PHONES[0], "tel": "(212) 555-1234"}, {**B, "to": PHONES[1]}, {**C, "to": PHONES[2]}], [0, 1, 2]),
        ([{**A, "to": PHONES[0], "tel": "12"}, {**B, "to": PHONES[1]}, {**C, "to": PHONES[2]}], None),
        ([{**A, "at": 1764255190, "cost": 0.05}, {**B, "parts": [1, 2]}, C], [0, 1, 2]),
        ([{**A, "to": PHONES[0], "from": PHONES[1]}, B, C], None),
        ([A, {**B, "error": "+44 20 7946 0958 is no mobile number"}, C], None),
        ([A, {**B, "error": "no 13235554567"}, C], None),
        ({"0": {**A, "number": PHONES[1]}, "1": {**B, "number": PHONES[0]}, "2": C}, None),
        ({PHONES[2]: C, "12125551234": A, "info": B}, [0, None, 2]),
        ({PHONES[0]: A, PHONES[1]: True}, [0, None, None]),
        ({"2125551234": A, "0012125551234": A}, None),
        ({PHONES[0]: {**A, "phone": PHONES[0]}, PHONES[1]: {**B, "phone": PHONES[2]}}, [0, None, None]),
        ({PHONES[0]: {**A, "to": PHONES[1]}, PHONES[1]: B}, None),
        ({PHONES[0]: {**A, "phone": "+1212***1234"}}, None),
        ({"7": {**A, "phone": PHONES[0]}, "0": {**B, "phone": PHONES[2]}, "1": C}, [0, None, 1]),
        ('{"+12125551234": {"success": true}, "+12125551234": {"success": false}}', None),
        ('{"+12125551234": {"success": true, "success": false}}', None),
    ],
)  # fmt: skip
def test_rows_without_a_phone_count_by_position_or_key_only_where_nothing_is_in_doubt(
    results: object, found: list[int | None] | None
) -> None:
    rows = matched(results)
    assert ids(rows) == (found or [None, None, None])
    assert found or all(row is None or row.accepted is None for row in rows)


@pytest.mark.parametrize(
    ("fields", "looked_through"),
    [
        ({f"n{place}": place for place in range(1, MOST_FIELDS + 1)}, True),
        ({f"n{place}": place for place in range(1, MOST_FIELDS + 2)}, False),
        ({f"n{place}": "x" for place in range(MOST_FIELDS + 2)} | {"n": "1"}, True),
        ({f"n{place}": "1" for place in range(MOST_FIELDS + 1)}, False),
        ({"n": "1 " * MOST_DIGITS}, True),
        ({"n": "1 " * (MOST_DIGITS + 1)}, False),
    ],
)
def test_a_row_of_too_much_to_look_through_is_in_doubt(fields: dict[str, object], *, looked_through: bool) -> None:
    assert ids(matched([{**A, **fields}, B, C])) == ([0, 1, 2] if looked_through else [None, None, None])


def test_a_key_that_two_numbers_may_be_written_as_belongs_to_neither() -> None:
    both = ["+12125551234", "+2125551234"]
    assert ids(matched({"2125551234": A}, both)) == [None, None]
    assert ids(matched({"+2125551234": A}, both)) == [None, 0]


def test_a_field_that_two_numbers_end_in_contradicts_every_position() -> None:
    twins = ["+12125551234", "+442125551234"]
    assert ids(matched([{**A, "to": "2125551234"}, B], twins)) == [None, None]


POOL = ["+12125551234", "+442125551234", "+2125551234", "+5551234", "+15551234", "+13235554567", "+3235554567"]
said_phones = st.one_of(
    st.sampled_from(POOL),
    st.sampled_from(POOL).map(lambda phone: int(phone[1:])),
    st.tuples(st.sampled_from(POOL), st.integers(1, 9)).map(lambda pair: "0" + pair[0][pair[1] :]),
    st.sampled_from([None, "", "?", "+19995550000"]),
)
said_rows = st.lists(st.tuples(said_phones, st.sampled_from([True, False, "1", None])))


def belongs_to(phone: object, phones: list[str]) -> int | None:
    """docs/outcomes.md, word for word: the place of the number that a phone can only be."""
    found = phone_digits(phone)
    written_whole = isinstance(phone, str) and phone.startswith("+")
    same = [i for i, asked in enumerate(phones) if asked == f"+{found}"]
    ending = [i for i, asked in enumerate(phones) if asked.endswith(found)] if len(found) >= 7 else []
    return same[0] if same and written_whole else ending[0] if len(ending) == 1 else None


@given(st.lists(st.sampled_from(POOL), min_size=1, unique=True), said_rows)
def test_matching_agrees_with_the_rule(phones: list[str], said: list[tuple[object, object]]) -> None:
    verdicts: list[set[bool | None]] = [set() for _ in phones]
    for place, (phone, success) in enumerate(said):
        by_position = len(said) == len(phones) and all(is_blank(p) for p, _ in said)
        spoken_of = place if by_position else belongs_to(phone, phones)
        if spoken_of is not None:
            verdicts[spoken_of].add(as_flag(success))
    found = matched([row(phone, success, None) for phone, success in said], phones)
    assert [row and row.accepted for row in found] == [v.copy().pop() if len(v) == 1 else None for v in verdicts]
