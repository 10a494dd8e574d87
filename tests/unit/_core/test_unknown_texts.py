"""Texts of unknown fate within the last hour, against a count by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.account import Account
from customersms_async._core.unknown_texts import HOUR, UnknownTexts

SECOND = 1_000_000
NOON = 10**15


def counted(added: list[tuple[int, int]], now_us: int) -> int:
    """A text counts in the second in which it became unknown and in the 3,599 seconds after that."""
    return sum(texts for texts, at_us in added if now_us // SECOND - at_us // SECOND < HOUR)


def test_nothing_is_unknown_at_first() -> None:
    assert UnknownTexts().within_hour(NOON) == 0
    assert Account().unknown_last_hour(NOON) == 0


@pytest.mark.parametrize(
    ("seconds", "left"), [(0, 3), (1, 3), (HOUR - 1, 3), (HOUR, 0), (HOUR + 1, 0), (100 * HOUR, 0)]
)
def test_texts_count_for_an_hour(seconds: int, left: int) -> None:
    account = Account()
    account.count_unknown(1, NOON)
    account.count_unknown(2, NOON)
    assert account.unknown_last_hour(NOON + seconds * SECOND) == left


def test_looking_changes_nothing() -> None:
    unknown = UnknownTexts()
    unknown.add(5, NOON)
    assert unknown.within_hour(NOON + 2 * HOUR * SECOND) == 0
    assert unknown.within_hour(NOON) == 5


def test_a_time_that_another_thread_read_earlier_counts_with_the_latest_second() -> None:
    unknown = UnknownTexts()
    for at_us in (NOON, NOON - 1):
        unknown.add(1, at_us)
    assert unknown.within_hour(NOON) == 2


def test_no_more_is_kept_than_a_number_for_each_second_of_an_hour() -> None:
    unknown = UnknownTexts()
    for second in range(2 * HOUR):
        for part in (0, SECOND // 2):
            unknown.add(1, NOON + second * SECOND + part)
    assert len(unknown._seconds) == len(unknown._texts) == HOUR
    assert unknown.within_hour(NOON + (2 * HOUR - 1) * SECOND) == 2 * HOUR


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 900 * SECOND)), max_size=30),
    st.integers(0, 2 * HOUR * SECOND),
)
def test_the_count_is_that_by_hand(steps: list[tuple[int, int]], more_us: int) -> None:
    unknown, added, now_us = UnknownTexts(), list[tuple[int, int]](), NOON
    for texts, after_us in steps:
        now_us += after_us
        unknown.add(texts, now_us)
        added.append((texts, now_us))
        assert unknown.within_hour(now_us) == counted(added, now_us)
    assert unknown.within_hour(now_us + more_us) == counted(added, now_us + more_us)
