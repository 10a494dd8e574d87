"""The number that a row without a phone names: told from its fields, for any rows at once as for each by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.asked_numbers import AskedNumbers
from customersms_async._core.row_numbers import ELSEWHERE, MOST_DIGITS, MOST_FIELDS, named_in_steps, named_places
from customersms_async._core.steps import finish
from customersms_async._core.written_json import Pairs

ASKED = AskedNumbers(["+12125551234", "+442125551234", "+13235554567"])

ROWS: list[tuple[Any, int | None]] = [
    ([], None),
    ([("a", "x")], None),
    ([("a", "3235554567")], 2),
    ([("a", "(323) 555-4567"), ("b", None), ("c", True)], 2),
    ([("a", "2125551234")], ELSEWHERE),
    ([("a", "3235554567"), ("b", "+12125551234")], ELSEWHERE),
    ([("a", 13235554567), ("b", "x")], 2),
    ([("a", Decimal("13235554567.0"))], 2),
    ([("to", "+13235554567")], 2),
    ([("to", "+19995550000")], ELSEWHERE),
    ([("To_Number", "+19995550000")], ELSEWHERE),
    ([("to", 19995550000), ("b", "3235554567")], ELSEWHERE),
    ([("to", "3235554567"), ("b", "19995550000")], 2),
    ([("to", "n/a"), ("b", "3235554567")], 2),
    ([("to", "\u0663"), ("b", "3235554567")], ELSEWHERE),
    ([("mob\u0130le", "+19995550000")], ELSEWHERE),
    ([("g\u017fm", "+19995550000"), ("\u212a", "1")], None),
    ([("t\x00o", "+19995550000")], ELSEWHERE),
    ([("t\x00", "1"), ("o", "2")], None),
    ([("a", "3235554567\x0012125551234")], ELSEWHERE),
    ([("a", "323555\x004567")], None),
    ([("a", [Pairs([("b", ["3235554567"])])])], 2),
    ([("a", Pairs([("to", ["+19995550000"])]))], ELSEWHERE),
    ([("a", [])], None),
    ([("a", "7" * MOST_DIGITS)], None),
    ([("a", "7" * (MOST_DIGITS + 1))], ELSEWHERE),
    ([("a", "1")] * MOST_FIELDS + [("b", "")], None),
    ([("a", "1")] * (MOST_FIELDS + 1), ELSEWHERE),
    ([("a", 1)] * MOST_FIELDS + [("b", "1")], ELSEWHERE),
    ([("a", "x")] * 20 + [("b", "3235554567")], 2),
    ([("a", "x" * 201)] * (MOST_FIELDS + 1), ELSEWHERE),
    ([("a", "x" * 201)] * MOST_FIELDS + [("b", "x")], None),
    ([("a", "\u0663")] * MOST_FIELDS + [("b", "x")], None),
    ([("a", "\u0663")] * (MOST_FIELDS + 1), ELSEWHERE),
]


@pytest.mark.parametrize(("row", "place"), ROWS)
def test_a_row_names_the_one_number_that_stands_in_its_fields(row: Any, place: int | None) -> None:
    assert named_places([Pairs(row)], ASKED) == [place]


def test_rows_are_told_apart_when_they_are_looked_at_together() -> None:
    rows = [Pairs(row) for row, _ in ROWS] * 20
    expected = [place for _, place in ROWS] * 20
    assert named_places(rows, ASKED) == expected
    assert finish(named_in_steps(rows, ASKED)) == expected
    assert sum(1 for _ in named_in_steps(rows, ASKED)) == 3
    assert named_places([], ASKED) == []


@given(st.lists(st.sampled_from(ROWS), max_size=20))
def test_no_row_changes_what_is_found_in_another(rows: list[tuple[Any, int | None]]) -> None:
    assert named_places([Pairs(row) for row, _ in rows], ASKED) == [place for _, place in rows]
