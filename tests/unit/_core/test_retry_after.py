"""How long a ``Retry-After`` header asks to wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.retry_after import retry_after_seconds
from support.gateway_answers import NOW


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("007", 7.0),
        ("1.5", 1.5),
        ("999999999", 999_999_999.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 7.0),
        ("Sun Nov  6 08:49:37 1994", 7.0),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 7.0),
        ("Sun, 06 Nov 1994 08:49:37 -0000", 7.0),
        ("Sun, 06 Nov 1994 08:49:30 GMT", 0.0),
        ("Sun, 06 Nov 1993 08:49:37 GMT", 0.0),
        ("", None),
        (" ", None),
        ("soon", None),
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("5 seconds", None),
        ("5, 10", None),
        ("nan", None),
        ("inf", None),
        ("\u0663\u0660", None),
        ("99999999999999999999", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 +99999999999", None),
    ],
)
def test_a_wait_is_asked_for_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text() | st.text(alphabet="0123456789 ,:-+.GMTSunNovDec"), st.floats(0, 1e11))
def test_any_retry_after_is_a_finite_wait_or_none(header: str, now_unix: float) -> None:
    seconds = retry_after_seconds(header, now_unix)
    assert seconds is None or 0.0 <= seconds < 1e12
