"""Limits as layers: the reserve that BULK leaves, and the windows, which are stretched."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.layers import DRIFT_PPM, Layer, ask_no_more, layers
from customersms_async.models import Limit


@pytest.mark.parametrize(
    ("limit", "reserve", "layer"),
    [
        (Limit(100, 60), 0.0, Layer(100, 60_012_000)),
        (Limit(100, 60), 0.05, Layer(95, 60_012_000)),
        (Limit(5_000, 3_600), 0.05, Layer(4_750, 3_600_720_000)),
        (Limit(50_000, 86_400), 0.05, Layer(47_500, 86_417_280_000)),
        (Limit(20, 1), 0.05, Layer(19, 1_000_200)),
        (Limit(19, 1), 0.05, Layer(19, 1_000_200)),
        (Limit(1, 1), 0.05, Layer(1, 1_000_200)),
        (Limit(1, 1), 0.999, Layer(1, 1_000_200)),
        (Limit(3, 1), 1.0, Layer(1, 1_000_200)),
        (Limit(7, 0.000001), 0.5, Layer(4, 2)),
    ],
)
def test_bulk_leaves_the_floor_of_its_reserve_and_windows_are_stretched(
    limit: Limit, reserve: float, layer: Layer
) -> None:
    assert layers([limit], reserve) == (layer,)


@given(st.lists(st.builds(Limit, st.integers(1, 100_000), st.floats(0.000001, 1e6)), max_size=3), st.floats(0.0, 1.0))
def test_layers_keep_the_order_and_never_shrink_a_window_or_stop_the_bulk(limits: list[Limit], reserve: float) -> None:
    made = layers(limits, reserve)
    for limit, layer in zip(limits, made, strict=True):
        assert layer.requests == max(1, limit.requests - math.floor(limit.requests * reserve))
        assert layer.window_us * 1_000_000 >= limit.window_us * (1_000_000 + DRIFT_PPM)
        assert (layer.window_us - 1) * 1_000_000 < limit.window_us * (1_000_000 + DRIFT_PPM)


@pytest.mark.parametrize(
    ("some", "than", "no_more"),
    [
        ([(4, 10)], [(4, 10)], True),
        ([(4, 10)], [(3, 10)], True),
        ([(4, 10)], [(4, 11)], True),
        ([(4, 10)], [(5, 10)], False),
        ([(4, 10)], [(4, 9)], False),
        ([(4, 10), (9, 60)], [(3, 10), (8, 60)], True),
        ([(4, 10), (9, 60)], [(3, 10)], False),
        ([(9, 10)], [(8, 60), (4, 10)], True),
        ([], [(1, 1)], True),
    ],
)
def test_layers_ask_no_more_than_others_that_are_as_narrow_over_as_long(
    some: list[tuple[int, int]], than: list[tuple[int, int]], no_more: bool
) -> None:
    assert ask_no_more([Layer(*each) for each in some], [Layer(*each) for each in than]) is no_more
