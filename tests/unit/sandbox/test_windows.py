from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from customersms_async.models import Limit
from customersms_async.sandbox.windows import Windows

limits = st.lists(st.builds(Limit, st.integers(1, 4), st.integers(1, 20).map(lambda us: us / 1_000_000)), max_size=3)
gaps = st.lists(st.integers(0, 8), max_size=60)


def fixed_full(taken: list[int], limit: Limit, now_us: int) -> bool:
    return sum(one // limit.window_us == now_us // limit.window_us for one in taken) >= limit.requests


def rolling_full(taken: list[int], limit: Limit, now_us: int) -> bool:
    return sum(now_us - limit.window_us < one for one in taken) >= limit.requests


@given(limits, gaps)
def test_each_way_of_counting_agrees_with_brute_force(of: list[Limit], steps: list[int]) -> None:
    windows, taken, now_us = Windows(of), list[int](), 1_000
    for step in steps:
        now_us += step
        fixed = any(fixed_full(taken, limit, now_us) for limit in of)
        rolling = any(rolling_full(taken, limit, now_us) for limit in of)
        refusal = windows.take(now_us)
        assert (refusal is None) == (not fixed and not rolling)
        if refusal is None:
            taken.append(now_us)
        else:
            assert (refusal.fixed, refusal.rolling) == (fixed, rolling)


@given(limits, gaps)
def test_no_window_wherever_it_is_placed_lets_in_more_than_its_limit(of: list[Limit], steps: list[int]) -> None:
    windows, taken, now_us = Windows(of), list[int](), 0
    for step in steps:
        now_us += step
        if windows.take(now_us) is None:
            taken.append(now_us)
    for limit in of:
        for start in taken:
            assert sum(start <= one < start + limit.window_us for one in taken) <= limit.requests


@given(limits.filter(bool), gaps)
def test_a_refusal_says_exactly_how_long_it_lasts(of: list[Limit], steps: list[int]) -> None:
    windows, now_us = Windows(of), 0
    for step in steps:
        now_us += step
        refusal = windows.take(now_us)
        if refusal is None:
            continue
        for earlier in range(now_us, now_us + refusal.wait_us):
            assert windows.take(earlier) is not None
        now_us += refusal.wait_us
        while (again := windows.take(now_us)) is not None:  # the next limit may be full then
            assert again.wait_us > 0
            now_us += again.wait_us


def test_a_request_exactly_one_window_later_is_in_a_new_window() -> None:
    windows = Windows([Limit(1, 1)])
    assert windows.take(500_000) is None
    refusal = windows.take(1_499_999)
    assert refusal is not None
    assert (refusal.fixed, refusal.rolling, refusal.wait_us) == (False, True, 1)
    assert windows.take(1_500_000) is None


def test_two_bursts_around_a_fixed_windows_edge_are_refused_by_the_rolling_one_alone() -> None:
    windows = Windows([Limit(3, 1)])
    assert [windows.take(900_000) is None for _ in range(3)] == [True] * 3
    refusals = [windows.take(1_100_000) for _ in range(3)]
    assert [(one.fixed, one.rolling) for one in refusals if one is not None] == [(False, True)] * 3


def test_a_clock_that_steps_back_frees_nothing() -> None:
    windows = Windows([Limit(1, 1)])
    assert windows.take(5_000_000) is None
    refusal = windows.take(2_000_000)
    assert refusal is not None
    assert refusal.wait_us == 1_000_000
