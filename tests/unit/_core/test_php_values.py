"""Single values of an answer, in all the ways that PHP writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from customersms_async._core.php_values import LONGEST_TEXT, as_amount, as_flag, as_text, phone_digits


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        *((value, True) for value in (True, 1, "1", "true", "TRUE", " True\n")),
        *((value, False) for value in (False, 0, "0", "false", "FALSE", " 0 ")),
        *(
            (value, None)
            for value in (None, "", "yes", "ok", 2, -1, "10", "01", Decimal("0.5"), 10**400, "null", "\u0661")
        ),
        ([], None),
        ({}, None),
        ([True], None),
        ({"success": True}, None),
    ],
)
def test_true_and_false_are_read_as_php_writes_them(value: object, meaning: bool | None) -> None:
    assert as_flag(value) is meaning


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("msg_1", "msg_1"),
        (" two \r\n words\t", "two words"),
        (12, "12"),
        (0, "0"),
        (Decimal("1.50"), "1.50"),
        ("x" * 5_000, "x" * LONGEST_TEXT),
        ("", None),
        (" \n", None),
        (None, None),
        (True, None),
        (False, None),
        ([], None),
        ({"code": "A"}, None),
    ],
)
def test_texts_are_short_one_line_or_nothing(value: object, words: str | None) -> None:
    assert as_text(value) == words


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (98, Decimal(98)),
        (0, Decimal(0)),
        (-3, Decimal(-3)),
        ("97.50", Decimal("97.50")),
        (" 97.5 ", Decimal("97.5")),
        (Decimal("0.1"), Decimal("0.1")),
        ("1e3", Decimal(1000)),
        ("", None),
        ("1,000.50", None),
        ("97 credits", None),
        ("NaN", None),
        ("sNaN", None),
        ("-Infinity", None),
        ("1e400000", None),
        ("1" * 201, None),
        (Decimal("1e400000"), None),
        (10**300, None),
        (True, None),
        (None, None),
        ([98], None),
    ],
)
def test_amounts_are_exact_decimals_or_nothing(value: object, number: Decimal | None) -> None:
    assert as_amount(value) == number
    assert (as_amount(value) is None) is (number is None)


@pytest.mark.parametrize(
    ("phone", "found"),
    [
        ("+12125551234", "12125551234"),
        ("12125551234", "12125551234"),
        ("0012125551234", "12125551234"),
        ("+1 (212) 555-1234", "12125551234"),
        (" +12125551234\n", "12125551234"),
        ("02079460958", "2079460958"),
        (12125551234, "12125551234"),
        (Decimal("12125551234.0"), "12125551234"),
        (Decimal("1.2125551234E+10"), "12125551234"),
        (Decimal("12125551234.5"), ""),
        ("", ""),
        ("unknown", ""),
        ("*****5551234", "5551234"),
        ("tel:+1-212-555-1234", "12125551234"),
        ("+1\u2011212\u2011555\u20111234\u200e", "12125551234"),
        ("+1212***1234", ""),
        ("+1212555****", ""),
        ("+1212xxx1234", ""),
        ("+12125551234 or so", ""),
        ("+12125551234,+13235554567", ""),
        (Decimal("12345678901234.0"), "12345678901234"),
        (Decimal("1.2345678901234E+14"), ""),
        ("000", ""),
        (0, ""),
        (-5, ""),
        (10**300, ""),
        (None, ""),
        (True, ""),
        (["+12125551234"], ""),
        ({}, ""),
    ],
)
def test_a_rows_phone_is_known_by_its_digits(phone: object, found: str) -> None:
    assert phone_digits(phone) == found
