"""Messages to batches: every message in one batch, equal texts together, nothing held back for long."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.batching import Batch, Grouper, Sizes

few_texts = st.lists(st.sampled_from("ABCDE"), max_size=60)


def phone(index: int) -> str:
    return f"+1212555{index:04}"


def pushed(grouper: Grouper, index: int, message: str) -> list[Batch]:
    return list(grouper.push(index, phone(index), message))


def batches_of(messages: str | list[str], batch_size: int, lookahead: int) -> list[tuple[str, list[int]]]:
    grouper = Grouper(batch_size, lookahead)
    batches = [batch for i, message in enumerate(messages) for batch in pushed(grouper, i, message)]
    return [(batch.message, batch.indexes) for batch in [*batches, *grouper.flush()]]


@given(few_texts, st.integers(1, 5), st.integers(1, 12))
def test_batches_share_out_the_messages_each_with_one_text_and_no_more_than_its_size(
    messages: list[str], batch_size: int, lookahead: int
) -> None:
    grouper = Grouper(batch_size, lookahead)
    batches = [batch for i, message in enumerate(messages) for batch in pushed(grouper, i, message)]
    batches += grouper.flush()
    assert not grouper
    assert sorted(index for batch in batches for index in batch.indexes) == list(range(len(messages)))
    for batch in batches:
        assert 1 <= len(batch) == len(batch.phones) <= batch_size
        assert batch.indexes == sorted(batch.indexes)
        assert batch.phones == [phone(i) for i in batch.indexes]
        assert {messages[i] for i in batch.indexes} == {batch.message}


@given(few_texts, st.integers(1, 5), st.integers(1, 12))
@example(list("ABCBCD"), 2, 4)
@example(list("ABCDBCDEF"), 2, 5)
def test_nothing_is_held_longer_than_the_lookahead(messages: list[str], batch_size: int, lookahead: int) -> None:
    grouper, waiting = Grouper(batch_size, lookahead), set[int]()
    for i, message in enumerate(messages):
        waiting.add(i)
        for batch in pushed(grouper, i, message):
            waiting -= set(batch.indexes)
        assert bool(grouper) is bool(waiting)
        assert all(i - since < lookahead for since in waiting), "so many messages have come after this one"


@given(few_texts, st.integers(1, 5))
def test_with_enough_lookahead_no_text_takes_more_requests_than_it_must(messages: list[str], batch_size: int) -> None:
    batches = batches_of(messages, batch_size, len(messages) + 1)
    for message, count in Counter(messages).items():
        sizes = [len(indexes) for text, indexes in batches if text == message]
        assert len(sizes) == -(-count // batch_size)


@pytest.mark.parametrize(
    ("messages", "batch_size", "lookahead", "batches"),
    [
        ("", 2, 4, []),
        ("A", 2, 4, [("A", [0])]),
        ("AAAAA", 2, 4, [("A", [0, 1]), ("A", [2, 3]), ("A", [4])]),
        ("ABABAB", 3, 9, [("A", [0, 2, 4]), ("B", [1, 3, 5])]),
        ("ABCD", 1, 4, [("A", [0]), ("B", [1]), ("C", [2]), ("D", [3])]),
        ("ABCDE", 9, 2, [("A", [0]), ("B", [1]), ("C", [2]), ("D", [3]), ("E", [4])]),
        ("ABBC", 9, 3, [("A", [0]), ("B", [1, 2]), ("C", [3])]),
        ("AABB", 2, 1, [("A", [0]), ("A", [1]), ("B", [2]), ("B", [3])]),
    ],
)
def test_a_full_batch_leaves_at_once_and_the_rest_oldest_first(
    messages: str, batch_size: int, lookahead: int, batches: list[tuple[str, list[int]]]
) -> None:
    assert batches_of(messages, batch_size, lookahead) == batches


def test_ninety_texts_in_three_wordings_are_three_batches() -> None:
    assert [len(indexes) for _, indexes in batches_of("ABC" * 30, 100, 800)] == [30, 30, 30]


def test_a_flushed_text_starts_a_new_batch() -> None:
    grouper = Grouper(3, 9)
    assert pushed(grouper, 0, "A") == []
    assert [batch.indexes for batch in grouper.flush()] == [[0]]
    assert not grouper
    assert pushed(grouper, 1, "A") == []
    assert [batch.indexes for batch in grouper.flush()] == [[1]]


@given(st.lists(st.integers(1, 4), max_size=12), st.integers(1, 7))
@example([2, 1], 7)
def test_several_pushed_at_once_are_batched_as_one_by_one(counts: list[int], batch_size: int) -> None:
    together, apart = Grouper(batch_size, 3 * batch_size), Grouper(batch_size, 3 * batch_size)
    index = 0
    for count in counts:
        count = min(count, together.room("A"))
        numbers = [phone(i) for i in range(index, index + count)]
        one_by_one = [batch for i in range(index, index + count) for batch in pushed(apart, i, "A")]
        assert list(together.push_all(index, numbers, "A")) == one_by_one
        index += count
    assert list(together.flush()) == list(apart.flush())


# Sizes


def some(count: int, message: str = "A", first: int = 0) -> Batch:
    return Batch(message, [phone(i) for i in range(first, first + count)], list(range(first, first + count)))


@pytest.mark.parametrize("count", [*range(2, 12), 100, 101])
def test_a_refused_batch_is_halved_and_nothing_lost(count: int) -> None:
    halves = Sizes().halve(some(count))
    assert [len(half) for half in halves] == [(count + 1) // 2, count // 2]
    assert [number for half in halves for number in half.phones] == some(count).phones
    assert [index for half in halves for index in half.indexes] == some(count).indexes
    assert {half.message for half in halves} == {"A"}


def test_until_a_batch_is_refused_all_go_out_whole() -> None:
    assert Sizes().fit(some(1_000)) == [some(1_000)]
    assert not Sizes().have_learned


def test_later_batches_of_the_refused_text_are_cut_alike_and_of_others_not() -> None:
    sizes = Sizes()
    sizes.halve(some(10))
    assert sizes.fit(some(5)) == [some(5)]
    assert sizes.have_learned
    assert sizes.fit(some(12)) == [some(5), some(5, first=5), some(2, first=10)]
    assert sizes.fit(some(12, "B")) == [some(12, "B")]


def test_the_text_refused_last_is_the_one_remembered() -> None:
    sizes = Sizes()
    sizes.halve(some(10))
    sizes.halve(some(4, "B"))
    assert sizes.fit(some(12)) == [some(12)]
    assert sizes.fit(some(4, "B")) == [some(2, "B"), some(2, "B", first=2)]


def test_a_larger_batch_that_was_under_way_when_a_smaller_was_refused_teaches_nothing_new() -> None:
    sizes = Sizes()
    sizes.halve(some(8))
    sizes.halve(some(4))
    assert [len(part) for part in sizes.halve(some(8))] == [2, 2, 2, 2]
    assert [len(part) for part in sizes.fit(some(8))] == [2, 2, 2, 2]


@given(st.lists(st.tuples(st.integers(2, 40), st.sampled_from("AB")), max_size=8), st.integers(1, 60))
def test_fitting_keeps_every_number_in_order(refused: list[tuple[int, str]], count: int) -> None:
    sizes = Sizes()
    for size, message in refused:
        sizes.halve(some(size, message))
    parts = sizes.fit(some(count))
    assert [number for part in parts for number in part.phones] == some(count).phones
    assert [index for part in parts for index in part.indexes] == some(count).indexes
    assert all(len(part) >= 1 for part in parts)
