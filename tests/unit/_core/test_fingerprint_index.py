"""Equal fingerprints are not equal things."""

from __future__ import annotations

from customersms_async._core.fingerprints import FingerprintIndex


def test_equal_fingerprints_do_not_make_things_equal() -> None:
    class Same:
        def __hash__(self) -> int:
            return 7

    things = [Same() for _ in range(2_000)]
    index = FingerprintIndex[Same](lambda number, thing: things[number] is thing)
    for number, thing in enumerate(things):
        assert index.find(thing, number) == number
    assert index.find(things[3], 9) == 3
