"""Forecasts of the token buckets: when the last of a line of requests may leave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.buckets import Buckets
from customersms_async._core.layers import Layer, Wait
from support.bucket_rule import Layers, Step, clients, holds, steps


@given(clients, steps, holds, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=4))
def test_a_forecast_is_what_taking_and_settling_at_once_comes_to(
    of: list[Layers], schedule: list[Step], hold_us: list[int], line: list[tuple[int, int]]
) -> None:
    buckets = Buckets()
    held: list[int] = []
    clock_us = 0
    for call, which, later_us, back_us in schedule:
        clock_us += later_us - back_us
        if call == "take":
            taken = buckets.take(clock_us, of[which % len(of)], hold_us[which % len(hold_us)])
            held += [] if isinstance(taken, Wait) else [taken]
        elif call == "pause":
            buckets.pause(clock_us, which)
        elif held and call in ("settle", "give_back"):
            getattr(buckets, call)(clock_us, held.pop(which % len(held)))
    runs = [(of[which % len(of)], count) for which, count in line]
    forecast_us = buckets.forecast_us(clock_us, runs)
    now_us = began_us = max(clock_us, buckets._now_us)
    for request in held:
        buckets.settle(now_us, request)
    for asked in [asked for asked, count in runs for _ in range(count)]:
        while isinstance(taken := buckets.take(now_us, asked, 1), Wait):
            now_us += taken.wait_us
        buckets.settle(now_us, taken)
    assert forecast_us == now_us - began_us


@pytest.mark.parametrize(
    ("count", "forecast_us"), [(1, 50), (2, 60), (3, 70), (4, 150), (5, 160), (6, 170), (7, 250), (30, 970)]
)
def test_a_forecast_follows_the_log_and_then_itself(count: int, forecast_us: int) -> None:
    buckets, three = Buckets(), (Layer(3, 100),)
    for now_us in (0, 10, 20):
        taken = buckets.take(now_us, three, 1)
        assert isinstance(taken, int)
        buckets.settle(now_us, taken)
    assert buckets.forecast_us(50, [(three, count)]) == forecast_us
    assert buckets.forecast_us(50, [(three, 0), (three, count), (three, 0)]) == forecast_us


def test_a_forecast_counts_who_is_held_and_no_run_goes_before_the_one_ahead() -> None:
    buckets, two, one = Buckets(), (Layer(2, 100), Layer(3, 1_000)), (Layer(1, 10),)
    assert not isinstance(buckets.take(0, two, 50), Wait)  # counted as if it were answered now
    assert buckets.forecast_us(0, [(two, 1)]) == 0
    assert buckets.forecast_us(0, [(two, 2)]) == 100
    assert buckets.forecast_us(0, [(two, 2), (one, 1)]) == 110
    assert buckets.forecast_us(0, [(two, 2), (one, 1), (two, 1)]) == 1_000
