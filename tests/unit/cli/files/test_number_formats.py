"""Numbers as a spreadsheet shows them."""

from __future__ import annotations

import pytest

from customersms_async.cli.files.number_formats import is_date, shown


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (12.5, "0.00", "12.50"),
        (12.5, "General", "12.5"),
        (3766.0, "00000", "03766"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (0.5, "#,##0", "1"),
        (0.0, "#,##0", "0"),
        (0.0, "#", ""),
        (0.25, "#.##", ".25"),
        (12.0, "0.##", "12."),
        (0.155, "0%", "16%"),
        (0.155, "0.0%", "15.5%"),
        (-3.0, "0.00", "-3.00"),
        (-3.0, "0.00;(0.00)", "(3.00)"),
        (0.0, '0;-0;"none"', "none"),
        (9.5, '"$"#,##0.00', "$9.50"),
        (9.5, "[$€-407] 0.00", "€ 9.50"),
        (9.5, "#,##0.00 [$€-1]", "9.50 €"),
        (9.5, '_-* #,##0.00\\ "€"_-', "9.50 €"),
        (5.0, "[Red]0", "5"),
        (12125551234.0, '"+"0', "+12125551234"),
        (12125551234.0, "+0", "+12125551234"),
        (123456789.0, "000-00-0000", "123-45-6789"),
        (12125551234.0, "000-0000", "1212555-1234"),
        (2.0, '"Room "0', "Room 2"),
        (5.0, '"only text"', "only text"),
        (1.5, "# ?/?", None),
        (1.5, "0.00E+00", None),
        (1e6, "0.0,", None),
        (5551234.0, "[<=9999999]###-####;(###) ###-####", None),
        (46326.0, "dd/mm/yyyy", None),
        (2.5, "0.0-0", None),
        (2.5, "###-#", None),
    ],
)
def test_a_number_under_a_format(value: float, code: str, text: str | None) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("code", "date"),
    [
        ("dd.mm.yyyy", True),
        ("[h]:mm", True),
        ("General", False),
        ('0 "days"', False),
        ("[Red]0", False),
        ("0.00", False),
    ],
)
def test_a_date_is_told_from_a_number(code: str, date: bool) -> None:
    assert is_date(code) is date
