"""Two notations of one number: each is the other's."""

from __future__ import annotations

import pytest

from customersms_async._core.notations import in_all_notations, one_notation, other_notation


@pytest.mark.parametrize(
    ("number", "other"), [("+525512345678", "+5215512345678"), ("+541123456789", "+5491123456789")]
)
def test_each_is_the_others(number: str, other: str) -> None:
    assert other_notation(number) == other
    assert other_notation(other) == number
    assert one_notation(other) == one_notation(number) == number


@pytest.mark.parametrize("number", ["+12125551234", "+5225512345678", "+52551234567", "+54812345678901", "+5", ""])
def test_others_have_one_notation(number: str) -> None:
    assert other_notation(number) is None
    assert one_notation(number) == number


def test_all_notations_come_one_after_the_other() -> None:
    asked = ["+12125551234", "+5215512345678", "+541123456789"]
    assert list(in_all_notations(asked)) == [*asked[:2], "+525512345678", asked[2], "+5491123456789"]
