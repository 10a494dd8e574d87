"""What to do after texts were left unsent: nothing, or so many microseconds' wait."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.backoff import (
    FIRST_DELAY_US,
    LONGEST_DELAY_US,
    LONGEST_OUTAGE_SECONDS,
    Outage,
    next_try_us,
    pause_us,
    poll_seconds,
)
from customersms_async._core.outcome_table import NextStep

randoms = st.floats(0, 1, exclude_max=True)


@given(st.sampled_from([NextStep.DONE, NextStep.HALVE]), st.integers(1, 9), st.integers(0, 99), randoms)
@example(NextStep.HALVE, 1, 9, 0.5)
def test_what_is_done_is_never_tried_again(then: NextStep, attempt: int, max_retries: int, random: float) -> None:
    assert next_try_us(then, attempt, max_retries, random) is None


@given(st.sampled_from(NextStep), st.integers(0, 9), st.integers(1, 9), randoms)
def test_there_are_no_more_retries_than_allowed(then: NextStep, max_retries: int, over: int, random: float) -> None:
    assert next_try_us(then, max_retries + over, max_retries, random) is None


@given(st.integers(1, 9), st.integers(0, 9), randoms)
@example(1, 0, 0.5)
def test_after_a_429_only_the_keys_pause_is_waited_for(attempt: int, more: int, random: float) -> None:
    assert next_try_us(NextStep.WAIT, attempt, attempt + more, random) == 0


@pytest.mark.parametrize(
    ("attempt", "least_us", "most_us"),
    [
        (1, 250_000, 500_000),
        (2, 500_000, 1_000_000),
        (3, 1_000_000, 2_000_000),
        (4, 2_000_000, 4_000_000),
        (5, 4_000_000, 8_000_000),
        (6, 4_000_000, 8_000_000),
        (1_000_000, 4_000_000, 8_000_000),
    ],
)
def test_the_delay_after_a_failed_connection_doubles_up_to_eight_seconds(
    attempt: int, least_us: int, most_us: int
) -> None:
    assert next_try_us(NextStep.RECONNECT, attempt, attempt, 0.0) == least_us
    assert next_try_us(NextStep.RECONNECT, attempt, attempt, 0.5) == (least_us + most_us) // 2
    assert next_try_us(NextStep.RECONNECT, attempt, attempt, 1.0) == most_us


@given(st.integers(1, 10_000), randoms)
def test_every_delay_is_jittered_within_the_upper_half(attempt: int, random: float) -> None:
    delay_us = next_try_us(NextStep.RECONNECT, attempt, attempt, random)
    assert delay_us is not None
    assert FIRST_DELAY_US // 2 <= delay_us <= LONGEST_DELAY_US


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        (None, 60_000_000),
        (0.0, 0),
        (0.0000004, 0),
        (7.0, 7_000_000),
        (1.5, 1_500_000),
        (3_600.0, 3_600_000_000),
        (86_400.0, 86_400_000_000),
        (86_401.0, 86_400_000_000),
        (999_999_999.0, 86_400_000_000),
        (-1.0, 0),
    ],
)
def test_a_pause_is_as_told_or_the_shortest_window_and_at_most_the_longest(
    retry_after: float | None, pause: int
) -> None:
    assert pause_us(retry_after, 60_000_000, 86_400_000_000) == pause


def test_an_outage_is_told_once_when_it_has_lasted_a_minute_and_so_is_its_end() -> None:
    outage = Outage()
    assert not outage.is_to_be_told(0.0)
    assert outage.end() is False
    for _ in range(2):
        outage.wait_seconds(100.0)
        assert [outage.is_to_be_told(at) for at in (100.0, 159.9, 160.0, 160.0, 500.0)] == [
            False,
            False,
            True,
            False,
            False,
        ]
        assert outage.end() is True
        assert outage.end() is False
        assert not outage.is_to_be_told(1_000.0)


def test_an_outage_is_waited_for_only_by_those_who_had_an_answer() -> None:
    outage = Outage()
    assert outage.wait_seconds(0.0) == 1.0
    assert outage.is_hopeless(0.0)
    outage.end()
    assert [outage.wait_seconds(float(at)) for at in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert not outage.is_hopeless(LONGEST_OUTAGE_SECONDS)
    assert outage.is_hopeless(LONGEST_OUTAGE_SECONDS + 1)


@pytest.mark.parametrize(("waited", "seconds"), [(0.0, 0.1), (0.4, 0.1), (8.0, 2.0), (40.0, 10.0), (86_400.0, 10.0)])
def test_whoever_has_waited_for_long_looks_less_often(waited: float, seconds: float) -> None:
    assert poll_seconds(waited, 0.1, 10.0) == seconds
