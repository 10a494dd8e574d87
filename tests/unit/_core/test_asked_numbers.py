"""The numbers of a request in texts of any kind: found by one look at all of them, as by a slow look at each."""

from __future__ import annotations

import re
import sys
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.asked_numbers import SEVERAL, AskedNumbers, are_blank, is_blank

ASKED = ["+12125551234", "+442125551234", "+12120005555", "+13235554567"]


def places_that_end_in(digits: str) -> set[int | None]:
    """Those of the asked numbers whose digits end so, ``None`` in place of several."""
    places = [place for place, phone in enumerate(ASKED) if len(digits) >= 7 and phone[1:].endswith(digits)]
    return {None} if len(places) > 1 else set(places)


def named_one_by_one(texts: list[str]) -> set[int | None]:
    """The rule in plain words: a run of digits, or all those with nothing but separators between them."""
    found: set[int | None] = set()
    for text in texts:
        whole = places_that_end_in(text.removeprefix("+"))
        for written in [] if whole else re.findall(r"[0-9 \t\n\r\f\v().\-/]+", text):
            runs = re.findall("[0-9]+", written)
            for digits in [*runs, "".join(runs)]:
                whole = whole | places_that_end_in(digits.lstrip("0"))
        found |= whole
    return found


NUMBERS = [*ASKED, "2125551234", "0005555", "(212) 555-1234", "323.555.4567", "002125551234", "5551234", "4567", "555"]
BETWEEN = ["0", "1", " ", "-", "\x00", "x", "\u2010", "\u00e9", "\ud800", "\u0663", "+", "\n"]
pieces = st.sampled_from([*NUMBERS, *BETWEEN])


@given(st.lists(st.lists(pieces, max_size=5).map("".join), max_size=5))
@example(["call (323) 555-4567 or 212 000 5555"])
@example(["+12125551234", "no", "323 555"])
@example(["5554", "567"])
def test_the_numbers_in_texts_are_those_that_each_text_names(texts: list[str]) -> None:
    named = [named_one_by_one([text]) for text in texts]
    expected = [SEVERAL if None in places or len(places) > 1 else next(iter(places), None) for places in named]
    assert AskedNumbers(ASKED).named_in(texts) == expected


@pytest.mark.parametrize(
    ("figure", "named"),
    [
        (13235554567, 3),
        (-13235554567, None),
        (5551234, SEVERAL),
        (Decimal("3235554567.0"), 3),
        (Decimal(-3235554567), None),
        (Decimal("32355545.67"), None),
        (Decimal("1.5"), None),
        (Decimal("1e199"), None),
        (Decimal(0), None),
        (float("nan"), None),
        (19, None),
        (10**15, None),
    ],
)
def test_a_figure_names_a_number_whose_digits_it_is(figure: object, named: int | None) -> None:
    assert AskedNumbers(ASKED).named_by(figure) == named


@pytest.mark.at_length
def test_a_text_is_blank_if_it_is_short_and_nothing_in_it_is_a_digit_in_any_script() -> None:
    assert [code for code in range(sys.maxunicode + 1) if is_blank(chr(code)) is chr(code).isdigit()] == []
    assert is_blank("n/a " * 50)
    assert not is_blank("n/a " * 50 + " ")
    assert is_blank(None)
    assert not is_blank(7)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], True),
        (["", "n/a", "\u00e9"], True),
        (["\u00e9", "\U0001f600"], True),
        (["\u00e9 7"], False),
        (["n/a", "\u0663"], False),
        (["\u00e9\U0001f600", "\U0001d7d9"], False),
        (["\ud800"], True),
        (["n/a", "x" * 201], False),
        (["x" * 200] * 3, True),
    ],
)
def test_texts_are_blank_if_each_of_them_is(texts: list[str], expected: bool) -> None:
    assert are_blank(texts) is expected
    assert all(map(is_blank, texts)) is expected


def test_zeros_in_front_count_only_where_nothing_else_stands() -> None:
    asked = AskedNumbers(ASKED)
    assert asked.named_in(["0005555", "+0005555", "000-5555", "x0005555", "12120005555"]) == [2, 2, None, None, 2]


def test_a_number_beside_others_is_found_with_and_without_the_separators_between() -> None:
    asked = AskedNumbers(ASKED)
    texts = ["1 (212) 555-1234", "9 3235554567", "3235554567 12125551234", "3235554567 x 3235554567", "", "no"]
    assert asked.named_in(texts) == [0, 3, SEVERAL, 3, None, None]
    assert asked.named_in([]) == []
