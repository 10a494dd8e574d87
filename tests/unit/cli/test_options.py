"""Limits and paces as they are typed."""

from __future__ import annotations

import re

import pytest
import typer

from customersms_async.cli.options import read_limit, read_pace
from customersms_async.models import Limit


@pytest.mark.parametrize(
    "text", ["", "100", "100/", "/60", "0/60", "1.5/60", "1/0", "1/-1", "1/nan", "1/inf", "1/1e300"]
)
def test_a_limit_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(f"{text!r} is not REQUESTS/SECONDS")):
        read_limit(text)


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e-300"])
def test_a_pace_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(f"{text!r} is not a number of requests a second")):
        read_pace(text)


@pytest.mark.parametrize(
    ("text", "pace"), [("10", Limit(10, 1)), ("0.5", Limit(1, 2)), ("2.5", Limit(3, 1.2)), ("None", None)]
)
def test_a_pace_may_be_any_rate(text: str, pace: Limit | None) -> None:
    assert read_pace(text) == pace
