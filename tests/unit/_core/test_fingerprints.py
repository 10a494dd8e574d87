"""Tables of fingerprints: they answer as a set and a dictionary do, and take a fraction of their memory."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customersms_async._core.fingerprints import FingerprintIndex, FingerprintSet

if TYPE_CHECKING:
    from collections.abc import Callable

HASHES = st.integers(-(2**63), 2**63 - 1)
CLOSE = st.builds(lambda high, low: (high << 32) | low, st.integers(0, 3), st.integers(0, 5))
"""Few values that fall on the same few places of any small table."""


def folded(value: int) -> int:
    """What is told apart: the lowest 64 bits, with 0 and 1 as one."""
    return value % 2**64 or 1


@given(st.lists(HASHES | CLOSE, max_size=200))
def test_it_knows_what_a_set_knows(values: list[int]) -> None:
    fingerprints, known = FingerprintSet(), set[int]()
    for value in values:
        assert fingerprints.add(value) is (folded(value) in known)
        known.add(folded(value))


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([1, 7, 1 << 10, 1 << 32, (1 << 40) + 1]))
def test_it_still_knows_all_after_it_has_grown(start: int, step: int) -> None:
    fingerprints = FingerprintSet()
    values = [start + step * number for number in range(1, 1_100)]
    assert not any(map(fingerprints.add, values))
    assert all(map(fingerprints.add, values))
    assert fingerprints.add(start + step * 1_100) is False


@pytest.mark.parametrize(("one", "other"), [(0, 1), (5, 5 + 2**64), (-1, 2**64 - 1)])
def test_two_things_with_one_fingerprint_are_not_told_apart(one: int, other: int) -> None:
    fingerprints = FingerprintSet()
    assert fingerprints.add(one) is False
    assert fingerprints.add(other) is True


def test_a_neighbour_in_the_table_is_not_taken_for_it() -> None:
    fingerprints = FingerprintSet()
    assert [fingerprints.add(value) for value in (1023, 2047, 3071, 1024)] == [False] * 4  # the last slot, and around
    assert fingerprints.add(4095) is False


def test_a_numbered_thing_is_found_by_an_equal_one() -> None:
    words: list[str] = []
    index = FingerprintIndex[str](lambda number, word: words[number] == word)
    for number, word in enumerate(f"word {n % 1_500}" for n in range(3_000)):
        assert index.find(word, number) == number % 1_500
        words.append(word)


@pytest.mark.parametrize(
    "count", [9_000, *(pytest.param(more, marks=pytest.mark.at_length) for more in (16_000, 17_000))]
)
def test_a_fingerprint_takes_at_most_half_of_what_a_set_takes(count: int) -> None:
    def ours() -> FingerprintSet:
        filled = FingerprintSet()
        for number in range(count):
            filled.add(hash((number, "text")))
        return filled

    assert measured(ours) <= min(33 * count, measured(lambda: {hash((number, "text")) for number in range(count)}) / 2)


@pytest.mark.at_length
@pytest.mark.parametrize("count", [9_000, 16_000, 17_000])
def test_a_numbered_thing_takes_at_most_36_bytes(count: int) -> None:
    def ours() -> FingerprintIndex[int]:
        filled = FingerprintIndex[int](lambda number, thing: number == thing)
        for number in range(count):
            filled.find(number, number)
        return filled

    assert measured(ours) <= 37 * count


def measured(make: Callable[[], object]) -> int:
    """The bytes of what ``make`` gives."""
    tracemalloc.start()
    kept = make()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return size
