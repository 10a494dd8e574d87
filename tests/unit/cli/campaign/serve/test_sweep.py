"""The sweep over an input, against a look at every recipient."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from customersms_async.campaign import figures
from customersms_async.campaign.rows import MOST_LISTED, Count, Doubt
from customersms_async.campaign.states import State
from customersms_async.cli.campaign.serve.sweep import Sweep

PIECE = 10
CODES = ("+1212", "+4420", "+4930")


class People:
    """An input, each recipient with a state, and the looks at it that a ledger answers."""

    def __init__(self, states: list[State]) -> None:
        self.states = states

    def codes(self, places: range) -> list[tuple[str, Counter[State]]]:
        found = Counter(
            (CODES[at % 3][:4], state)
            for at, state in enumerate(self.states[places.start : places.stop], places.start)
            if state is not State.SKIPPED
        )
        return figures.by_calling_code((start, state, count) for (start, state), count in found.items())

    def doubts(self, places: range) -> list[Doubt]:
        return [
            Doubt(f"+{at}", "NO_ANSWER", None, 1, None, None, None, None)
            for at, state in enumerate(self.states[places.start : places.stop], places.start)
            if state is State.UNKNOWN
        ][:MOST_LISTED]

    def counts(self) -> list[Count]:
        return [Count(state, "", number, number) for state, number in Counter(self.states).items()]


def swept(sweep: Sweep, people: People, pieces: int = 1_000_000) -> None:
    while pieces and (places := sweep.following()) is not None:
        sweep.take(places, people.codes(places))
        pieces -= 1
    while (places := sweep.doubtful()) is not None:
        sweep.list_doubts(places, people.doubts(places))


def agrees(sweep: Sweep, people: People) -> bool:
    everyone = range(len(people.states))
    return (
        sweep.at_rest
        and sweep.agree(people.counts())
        and sweep.codes() == people.codes(everyone)
        and sweep.doubts() == people.doubts(everyone)
    )


CHANGES = st.lists(
    st.tuples(st.integers(0, 3 * PIECE + 6), st.sampled_from(list(State)), st.booleans(), st.integers(0, 2)),
    max_size=12,
)


@given(CHANGES, st.integers(0, 3))
def test_it_comes_to_what_a_look_at_everyone_says(changes: list[tuple[int, State, bool, int]], early: int) -> None:
    """Whether it hears of a move, or only of counts that don't agree with its own."""
    people, sweep = People([State.PLANNED] * (3 * PIECE + 7)), Sweep(PIECE)
    sweep.grow(len(people.states))
    swept(sweep, people, early)
    for place, state, is_told, pieces in changes:
        people.states[place] = state
        if is_told:
            sweep.touch(str(place))
        swept(sweep, people, pieces)
        if sweep.at_rest and not sweep.agree(people.counts()):
            sweep.look_at_all()
    sweep.look_at_all()
    swept(sweep, people)
    assert agrees(sweep, people)


@given(CHANGES)
def test_a_move_that_it_is_told_of_costs_one_piece(changes: list[tuple[int, State, bool, int]]) -> None:
    people, sweep = People([State.PLANNED] * (3 * PIECE + 7)), Sweep(PIECE)
    sweep.grow(len(people.states))
    swept(sweep, people)
    for place, state, _, _ in changes:
        people.states[place] = state
        sweep.touch(f"{place}-{place}")
        swept(sweep, people, 1)
        assert agrees(sweep, people)


def test_recipients_that_are_added_later_are_looked_at_too() -> None:
    people, sweep = People([State.ACCEPTED] * 5), Sweep(PIECE)
    assert sweep.at_rest
    assert sweep.share == 1
    sweep.grow(5)
    assert (sweep.at_rest, sweep.share) == (False, 0)
    swept(sweep, people)
    assert agrees(sweep, people)
    people.states += [State.UNKNOWN] * (PIECE + 5)
    sweep.grow(len(people.states))
    assert not sweep.agree(people.counts())
    sweep.touch("0-4")
    swept(sweep, people)
    assert agrees(sweep, people)


def test_of_the_unknown_ones_only_the_first_are_held() -> None:
    piece = MOST_LISTED + 5
    people, sweep = People([State.UNKNOWN] * (4 * piece)), Sweep(piece)
    sweep.grow(len(people.states))
    swept(sweep, people)
    assert agrees(sweep, people)
    assert list(sweep._doubts) == [0]
    people.states[: piece - 10] = [State.ACCEPTED] * (piece - 10)
    sweep.touch(f"0-{piece}")
    swept(sweep, people)
    assert agrees(sweep, people)
    assert sorted(sweep._doubts) == [0, 1]


def test_places_that_no_ledger_has_are_passed_over() -> None:
    sweep = Sweep(PIECE)
    sweep.grow(3)
    swept(sweep, People([State.PLANNED] * 3))
    sweep.touch("7-x -3 999999")
    assert sweep.at_rest
