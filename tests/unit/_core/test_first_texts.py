"""The first text of each number: exact among thousands, at 10 bytes a place."""

from __future__ import annotations

import sys

import pytest

from customersms_async._core.first_texts import FURTHER_TEXT, NEW_NUMBER, OTHER_TEXT, SAME_TEXT, FirstTexts


def test_a_number_is_known_with_its_first_text_through_all_growing() -> None:
    first = FirstTexts()
    numbers = [f"+1212{number:07}" for number in range(20_000)]
    assert {first.look(number, f"for {number}") for number in numbers} == {NEW_NUMBER}
    assert {first.look(number, f"for {number}") for number in numbers} == {SAME_TEXT}
    assert {first.look(number, "another") for number in numbers} == {OTHER_TEXT}
    assert {first.look(number, "another") for number in numbers} == {FURTHER_TEXT}
    assert {first.look(number, f"for {number}") for number in numbers} == {SAME_TEXT}


@pytest.mark.at_length
def test_it_takes_no_more_than_forty_bytes_a_number() -> None:
    first = FirstTexts()
    for number in range(100_000):
        first.look(str(number), "text")
    assert sum(map(sys.getsizeof, [*first._places, *first._more])) < 40 * 100_000
