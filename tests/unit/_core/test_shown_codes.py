"""Which codes are shown where anybody may read them."""

from __future__ import annotations

import pytest

from customersms_async._core.shown_codes import OTHER, shown_code
from customersms_async.models import Code


@pytest.mark.parametrize("code", [None, *Code, "HTTP_502", "BLOCKED_BY_NETWORK"])
def test_codes_of_this_client_and_words_of_capital_letters_are_shown(code: str | None) -> None:
    assert shown_code(code) == code


@pytest.mark.parametrize(
    "code", ["", "12125551234", "HTTP_12125551234", "HTTP_099", "blocked", "BLOCKED +12125551234", "A\n", "A" * 31]
)
def test_what_may_be_a_number_or_a_text_is_not(code: str) -> None:
    assert shown_code(code) == OTHER
