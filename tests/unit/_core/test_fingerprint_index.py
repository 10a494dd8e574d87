"""Equal fingerprints are not equal things."""

from __future__ import annotations

import pytest

from customersms_async._core.fingerprints import FingerprintIndex


@pytest.mark.parametrize("count", [4, pytest.param(2_000, marks=pytest.mark.at_length)])
def test_equal_fingerprints_do_not_make_things_equal(count: int) -> None:
    class Same:
        def __hash__(self) -> int:
            return 7

    things = [Same() for _ in range(count)]
    index = FingerprintIndex[Same](lambda number, thing: things[number] is thing)
    for number, thing in enumerate(things):
        assert index.find(thing, number) == number
    assert index.find(things[3], 9) == 3
