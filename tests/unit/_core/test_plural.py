from __future__ import annotations

from decimal import Decimal

import pytest

from customersms_async._core.plural import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 recipients"),
        (1, "1 recipient"),
        (2, "2 recipients"),
        (2_000, "2,000 recipients"),
        (Decimal(1), "1 recipient"),
        (Decimal("1.5"), "1.5 recipients"),
    ],
)
def test_one_is_one_and_all_else_are_many(number: int | Decimal, said: str) -> None:
    assert counted(number, "recipient") == said


def test_what_has_another_plural_is_given_both() -> None:
    assert [counted(number, "recipient is", "recipients are") for number in (1, 12)] == [
        "1 recipient is",
        "12 recipients are",
    ]
