"""Messages to batches: every message in one batch, equal texts together, nothing held back for long."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.batching import Batch, Grouper, Repeats, Sizes

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


# Repeats

some_messages = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("AB")), max_size=40)


@given(some_messages)
def test_without_a_window_every_repeat_is_known(messages: list[tuple[str, str]]) -> None:
    repeats = Repeats(None)
    for i, (number, text) in enumerate(messages):
        assert repeats.has(number, text) is ((number, text) in messages[:i])


@given(some_messages, st.integers(1, 8))
def test_a_window_remembers_that_many_messages_that_were_no_repeats(
    messages: list[tuple[str, str]], window: int
) -> None:
    repeats, first_ones = Repeats(window), list[tuple[str, str]]()
    for number, text in messages:
        known = (number, text) in first_ones[-window:]
        assert repeats.has(number, text) is known
        if not known:
            first_ones.append((number, text))


@pytest.mark.parametrize(("window", "known"), [(None, True), (9, False)])
def test_what_a_window_held_can_be_forgotten(window: int | None, known: bool) -> None:
    repeats = Repeats(window)
    assert not repeats.has("1", "A")
    repeats.forget()
    assert repeats.has("1", "A") is known
    assert repeats.has("1", "A")


def test_the_same_number_with_another_text_is_no_repeat() -> None:
    repeats = Repeats(None)
    assert [repeats.has("1", "A"), repeats.has("1", "B"), repeats.has("2", "A"), repeats.has("1", "A")] == [
        False,
        False,
        False,
        True,
    ]


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


def test_later_batches_of_the_refused_text_are_cut_alike_and_of_others_not() -> None:
    sizes = Sizes()
    sizes.halve(some(10))
    assert sizes.fit(some(5)) == [some(5)]
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


@given(st.lists(st.tuples(st.lists(st.sampled_from("123456"), min_size=1, max_size=3), st.sampled_from("AAAB"))))
@example([(["1"], "B"), (["1"], "A")])
def test_several_are_new_if_each_is_and_are_remembered_together_or_not_at_all(
    several: list[tuple[list[str], str]],
) -> None:
    for window in (None, 1, 4):
        together, apart, first = Repeats(window), Repeats(window), several[0][1] if several else ""
        for numbers, text in several:
            known = [number in numbers[:i] or knows(apart, number, text) for i, number in enumerate(numbers)]
            assert together.are_new(numbers, text) is (text == first and not any(known))
            if text == first and not any(known):
                assert not any(apart.has(number, text) for number in numbers)
            assert together._seen == apart._seen
            assert together._order == apart._order


def knows(repeats: Repeats, number: str, text: str) -> bool:
    return (number if text == repeats._first else (number, text)) in repeats._seen
