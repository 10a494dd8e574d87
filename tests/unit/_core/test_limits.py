"""A limit as people write it."""

from __future__ import annotations

import re

import pytest

from customersms_async._core.limits import Limit, read_limit


@pytest.mark.parametrize(
    ("text", "limit"), [("100/60", Limit(100, 60)), ("5/0.5", Limit(5, 0.5)), (" 1 / 1e3 ", Limit(1, 1_000))]
)
def test_a_limit_is_so_many_requests_in_so_many_seconds(text: str, limit: Limit) -> None:
    assert read_limit(text) == limit


@pytest.mark.parametrize("text", ["", "100", "100/", "/60", "0/60", "1.5/60", "1/0", "1/nan", "1/1e300"])
def test_what_is_no_limit_is_refused_with_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text!r} is not REQUESTS/SECONDS, such as 100/60")):
        read_limit(text)
