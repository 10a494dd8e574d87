"""Who got a text before: exactly, by suspicion, and exactly again."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.repeats import ExactRepeats, OnePerNumber, SuspectFinder, SuspectRepeats

some_messages = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("AB")), max_size=40)


@given(some_messages)
def test_without_a_window_every_repeat_is_known(messages: list[tuple[str, str]]) -> None:
    repeats = ExactRepeats(None)
    for i, (number, text) in enumerate(messages):
        assert repeats.known(number, text) is ((number, text) in messages[:i])


@given(some_messages, st.integers(1, 8))
def test_a_window_remembers_that_many_messages_that_were_no_repeats(
    messages: list[tuple[str, str]], window: int
) -> None:
    repeats, first_ones = ExactRepeats(window), list[tuple[str, str]]()
    for number, text in messages:
        known = (number, text) in first_ones[-window:]
        assert repeats.known(number, text) is known
        if not known:
            first_ones.append((number, text))


@pytest.mark.parametrize(("window", "known"), [(None, True), (9, False)])
def test_what_a_window_held_can_be_forgotten(window: int | None, known: bool) -> None:
    repeats = ExactRepeats(window)
    assert not repeats.known("1", "A")
    repeats.forget()
    assert repeats.known("1", "A") is known
    assert repeats.known("1", "A")


def test_the_same_number_with_another_text_is_no_repeat() -> None:
    repeats = ExactRepeats(None)
    assert [repeats.known("1", "A"), repeats.known("1", "B"), repeats.known("2", "A"), repeats.known("1", "A")] == [
        False,
        False,
        False,
        True,
    ]


@given(st.lists(st.tuples(st.lists(st.sampled_from("123456"), min_size=1, max_size=3), st.sampled_from("AAAB"))))
@example([(["1"], "B"), (["1"], "A")])
@example([(["1"], "A"), (["2"], "A")])
@example([(["1", "2"], "A")])
def test_several_all_new_if_each_is_and_are_remembered_together_or_not_at_all(
    several: list[tuple[list[str], str]],
) -> None:
    for window in (None, 1, 4):
        together, apart, first = ExactRepeats(window), ExactRepeats(window), several[0][1] if several else ""
        for numbers, text in several:
            known = [number in numbers[:i] or knows(apart, number, text) for i, number in enumerate(numbers)]
            assert together.all_new(numbers, text) is (text == first and not any(known))
            if text == first and not any(known):
                assert not any(apart.known(number, text) for number in numbers)
            assert together._seen == apart._seen
            assert together._order == apart._order


def knows(repeats: ExactRepeats, number: str, text: str) -> bool:
    return (number if text == repeats._first else (number, text)) in repeats._seen


@given(some_messages)
@example([("1", "A"), ("2", "A"), ("1", "A")])
def test_a_second_reading_knows_every_repeat_and_nothing_else(messages: list[tuple[str, str]]) -> None:
    finder = SuspectFinder()
    found = [finder.known(number, text) for number, text in messages]
    assert found == [message in messages[:i] for i, message in enumerate(messages)]
    for suspects in (finder.suspects, finder.suspects | set(map(hash, messages))):
        repeats = SuspectRepeats(suspects)
        assert [repeats.known(number, text) for number, text in messages] == found


@given(some_messages)
@example([("1", "A"), ("1", "B"), ("1", "B"), ("1", "C"), ("1", "A"), ("2", "A"), ("2", "A")])
def test_numbers_with_different_texts_are_counted_once_each(messages: list[tuple[str, str]]) -> None:
    finder = SuspectFinder()
    for i, (number, text) in enumerate(messages):
        assert finder.known(number, text) is ((number, text) in messages[:i])
    texts: dict[str, set[str]] = {}
    for number, text in messages:
        texts.setdefault(number, set()).add(text)
    again = SuspectRepeats(finder.suspects)
    assert [again.known(*message) for message in messages] == [one in messages[:i] for i, one in enumerate(messages)]
    assert finder.several == sum(len(each) > 1 for each in texts.values())


@given(some_messages)
@example([("1", "A"), ("1", "B"), ("2", "A")])
def test_one_per_number_knows_a_number_whatever_it_is_told(messages: list[tuple[str, str]]) -> None:
    for repeats in (OnePerNumber(ExactRepeats(None)), OnePerNumber(SuspectFinder())):
        for i, (number, text) in enumerate(messages):
            assert repeats.known(number, text) is (number in [number for number, _ in messages[:i]])
