"""Limits, paces and guards as they are typed."""

from __future__ import annotations

import re

import pytest
import typer

from customersms_async._core.failure_guards import DEFAULT_GUARDS, NO_GUARDS
from customersms_async.cli.option_values import read_limit, read_pace
from customersms_async.cli.options import FailureOptions
from customersms_async.cli.send.options import PriorityName, TurnOptions
from customersms_async.models import Limit, Priority


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


@pytest.mark.parametrize("text", ["", "0", "-1", "+5", "1.5", "five", "²", "nan"])
@pytest.mark.parametrize("name", ["stop_after_unknown", "stop_after_refused"])
def test_a_guard_that_cannot_be_is_refused(name: str, text: str) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(f"{text!r} is not a whole number, 1 or more, or none")):
        FailureOptions(**{name: text})


def test_a_guard_is_a_number_or_none() -> None:
    assert FailureOptions().read() == DEFAULT_GUARDS
    assert FailureOptions(stop_after_unknown="None", stop_after_refused="none").read() == NO_GUARDS
    typed = FailureOptions(stop_after_unknown="1", stop_after_refused="12").read()
    assert (typed.stop_after_unknown, typed.stop_after_refused) == (1, 12)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_longest_wait_that_cannot_be_is_refused(seconds: float) -> None:
    with pytest.raises(typer.BadParameter, match="is not a number of seconds, 0 or more"):
        TurnOptions(max_wait=seconds)


def test_the_priority_is_the_one_asked_for_else_normal_and_of_a_file_bulk() -> None:
    assert [TurnOptions(priority=each).priority_of(file=True) for each in PriorityName] == list(Priority)
    assert (TurnOptions().priority_of(file=True), TurnOptions().priority_of(file=False)) == (
        Priority.BULK,
        Priority.NORMAL,
    )
