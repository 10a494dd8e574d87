"""The calling code that a number begins with."""

from __future__ import annotations

import pytest

from customersms_async._core.calling_codes import calling_code


@pytest.mark.parametrize(
    ("phone", "code"),
    [("+12125551234", "+1"), ("+79161234567", "+7"), ("+442079460000", "+44"), ("+353861234567", "+353")],
)
def test_a_number_has_one_calling_code(phone: str, code: str) -> None:
    assert calling_code(phone) == calling_code(phone[:4]) == code
