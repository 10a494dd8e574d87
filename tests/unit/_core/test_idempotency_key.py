"""Which texts can be idempotency keys."""

from __future__ import annotations

import pytest

from customersms_async._core.idempotency_key import LONGEST_KEY, idempotency_key_problem


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("order-17/shipped", None),
        ("k" * LONGEST_KEY, None),
        ("", "no text, or empty"),
        (17, "no text, or empty"),
        ("k" * (LONGEST_KEY + 1), "longer than 1,000"),
        ("\ud800", "surrogate"),
    ],
)
def test_a_key_is_text_that_can_be_encoded(key: object, problem: str | None) -> None:
    found = idempotency_key_problem(key)
    assert found is None if problem is None else found is not None and problem in found
