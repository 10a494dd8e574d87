"""Caps in memory, against counts over plain lists: nothing over a cap, nothing refused for which there is room."""

from __future__ import annotations

import gc
import itertools
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.cap_log import CapLog
from customersms_async._core.caps import CapHit, CappedText, CapScope
from customersms_async._core.layers import Layer
from support.cap_oracle import CapOracle

if TYPE_CHECKING:
    from collections.abc import Sequence

SPACE, HOLD_US, DAY_US = b"space", 50, 86_400_000_000
NUMBER = CapScope(b"a number's hash", (Layer(1, 30), Layer(5, 900), Layer(12, DAY_US)))
ids = itertools.count()


def text(*scopes: CapScope, again: bytes = b"") -> CappedText:
    return CappedText(next(ids).to_bytes(6), scopes, again)


def scope(name: str, *limits: tuple[int, int]) -> CapScope:
    return CapScope(name.encode().ljust(15), tuple(Layer(*limit) for limit in limits))


def wait_us(log: CapLog, now_us: int, *scopes: CapScope) -> int:
    (hit,) = log.look(now_us, SPACE, [text(*scopes)])
    return hit.wait_us if hit else 0


# The promise.

layers = st.lists(st.builds(Layer, st.integers(1, 4), st.integers(1, 40)), min_size=1, max_size=3)
steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "take", "look", "answered", "not sent"]),
        st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 2)), min_size=1, max_size=4),
        st.integers(0, 30),  # microseconds until the next step
        st.integers(0, 8) | st.just(0),  # microseconds by which the clock steps back
        st.integers(1, 40),  # microseconds for which a text is held
    ),
    max_size=30,
)


@given(st.lists(layers, min_size=3, max_size=3), steps)
def test_no_window_sees_more_than_its_cap_and_none_is_refused_for_which_there_is_room(
    caps: list[list[Layer]], schedule: list[tuple[str, list[tuple[int, bool, int]], int, int, int]]
) -> None:
    """Every text placed by an adversary between its take and its end; each wait is exactly the least possible one.

    *For every cap of L texts per W seconds, no window of length W, wherever it is placed, sees more than L of the texts
    that the cap counts, from all clients that share one quota store and the caps' name; and none is refused for which
    there is room.*
    """
    log, oracle, through = CapLog(), CapOracle(), list[CappedText]()
    number, prefix, total = (tuple(each) for each in caps)
    real_us, behind_us, latest_us = 1_000, 0, 0
    for call, drawn, later_us, back_us, hold_us in schedule:
        real_us, behind_us = real_us + later_us, behind_us + back_us
        now_us = real_us - behind_us
        if call in ("answered", "not sent") and not through:
            continue  # a time that nobody asks about is not seen
        latest_us = max(latest_us, now_us)
        batch = list[CappedText]()
        for which, has_total, name in drawn:
            scopes = (CapScope(b"number %d" % which, number), CapScope(b"prefix %d" % (which % 2), prefix))
            again = bytes([which, has_total, name]) if name else b""
            if again not in [each.again for each in batch if each.again]:
                batch.append(text(*scopes, *([CapScope(b"total", total)] if has_total else []), again=again))
        if call in ("take", "look"):
            expected = oracle.judged(latest_us, batch)
            assert log.look(now_us, SPACE, batch) == expected
            if call == "take":
                assert log.take(now_us, SPACE, batch, hold_us) == expected
                if not any(expected):
                    oracle.take(latest_us, real_us, batch, hold_us)
                    through += batch
        else:
            some = [through[which * 7 % len(through)] for which, _, _ in drawn]
            log.end(now_us, SPACE, *((some, ()) if call == "answered" else ((), some)))
            for each in some:
                oracle.end(latest_us, real_us, each, left=call == "answered")
    for of in (CapScope(b"number %d" % n, number) for n in range(3)):
        assert oracle.over(of.key, of.layers) == []
    assert oracle.over(b"prefix 0", prefix) == oracle.over(b"prefix 1", prefix) == oracle.over(b"total", total) == []


def test_the_judge_of_the_promise_sees_what_is_over_a_cap() -> None:
    oracle, one = CapOracle(), scope("one", (1, 100))
    oracle.take(0, 0, [text(one)], 10)
    oracle.take(50, 50, [text(one)], 10)
    assert len(oracle.over(one.key, one.layers)) == 1
    assert oracle.judged(50, [text(one)]) == [CapHit(0, 0, 100)]


# The life of a text.


def test_a_text_is_held_then_counts_from_its_answer() -> None:
    log, first = CapLog(), text(NUMBER)
    assert log.take(0, SPACE, [first], HOLD_US) == [None]
    log.end(20, SPACE, [first], [])
    log.end(40, SPACE, [first], [])
    assert log.look(49, SPACE, [text(NUMBER)]) == [CapHit(0, 0, 1)]
    assert wait_us(log, 50, NUMBER) == 0


def test_a_text_of_which_nobody_hears_counts_from_its_lapse() -> None:
    log, first = CapLog(), text(NUMBER)
    log.take(0, SPACE, [first], HOLD_US)
    assert wait_us(log, 49, NUMBER) == 30
    log.end(50, SPACE, [first], [first])
    assert wait_us(log, 79, NUMBER) == 1
    assert wait_us(log, 80, NUMBER) == 0


def test_a_text_that_never_left_counts_no_more_alone_or_among_others() -> None:
    log, wide = CapLog(), scope("wide", (2, 1_000))
    first, second = text(NUMBER, wide), text(wide)
    log.take(0, SPACE, [first, second], HOLD_US)
    log.end(10, SPACE, [], [first, text(wide)])
    assert wait_us(log, 10, NUMBER, wide) == 0
    log.end(20, SPACE, [second], [first])
    log.take(20, SPACE, [text(wide)], HOLD_US)
    assert wait_us(log, 20, wide) == 1_000


def test_a_batch_is_counted_as_a_whole_or_not_at_all() -> None:
    log, wide = CapLog(), scope("wide", (2, 1_000))
    assert log.take(0, SPACE, [text(NUMBER, wide), text(NUMBER, wide)], HOLD_US) == [None, CapHit(0, 0, 30)]
    assert log.look(0, SPACE, [text(wide), text(wide)]) == [None, None]


def test_names_are_counted_apart() -> None:
    log = CapLog()
    log.take(0, SPACE, [text(NUMBER)], HOLD_US)
    assert log.take(0, b"another", [text(NUMBER)], HOLD_US) == [None]


def test_a_clock_that_steps_back_stands_still() -> None:
    log, first = CapLog(), text(NUMBER)
    log.take(1_000, SPACE, [first], HOLD_US)
    log.end(900, SPACE, [first], [])
    assert wait_us(log, 5, NUMBER) == 30
    assert wait_us(log, 1_029, NUMBER) == 1


# Texts that come again.


@pytest.mark.parametrize("heard", ["answered", "not sent", "nothing"])
@pytest.mark.parametrize("at_us", [10, 60, 5_000])
def test_a_text_that_comes_again_takes_the_place_of_its_earlier_try(heard: str, at_us: int) -> None:
    log, total = CapLog(), scope("total", (1, 10_000))
    earlier, new = (text(NUMBER, total, again=b"name") for _ in range(2))
    log.take(0, SPACE, [earlier], HOLD_US)
    if heard != "nothing":
        log.end(5, SPACE, *(([earlier], []) if heard == "answered" else ([], [earlier])))
    assert log.look(at_us, SPACE, [new]) == [None]
    assert (wait_us(log, at_us, total) > 0) is (heard != "not sent"), "a look lets nothing go"
    assert log.take(at_us, SPACE, [new], HOLD_US) == [None]
    log.end(at_us, SPACE, [earlier], [earlier])
    assert wait_us(log, at_us + HOLD_US + 9_999, total) == 1
    assert wait_us(log, at_us + HOLD_US + 10_000, total) == 0


def test_a_text_that_comes_again_and_can_t_go_leaves_its_earlier_try_as_it_was() -> None:
    log, wide = CapLog(), scope("wide", (1, 1_000))
    earlier = text(NUMBER, again=b"name")
    log.take(0, SPACE, [earlier, text(wide)], HOLD_US)
    assert log.take(10, SPACE, [text(NUMBER, again=b"name"), text(wide)], HOLD_US) == [None, CapHit(0, 0, 1_000)]
    log.end(20, SPACE, [earlier], [])
    assert log.take(30, SPACE, [text(NUMBER, again=b"name"), text(wide)], HOLD_US) == [None, CapHit(0, 0, 1_000)]
    assert wait_us(log, 30, NUMBER) == 20


def test_a_text_that_comes_again_takes_no_other_s_place() -> None:
    """Its earlier try counted under other caps, and others were let through at the same moment."""
    log, wide = CapLog(), scope("wide", (1, 1_000))
    log.take(0, SPACE, [text(NUMBER, again=b"name"), text(wide)], HOLD_US)
    assert log.take(10, SPACE, [text(wide, again=b"name")], HOLD_US) == [CapHit(0, 0, 1_000)]
    assert wait_us(log, 10, NUMBER) == 30


def test_what_is_heard_of_an_earlier_try_is_taken_for_no_other_s_that_lapses_with_it() -> None:
    log, wide = CapLog(), scope("wide", (2, 1_000))
    earlier, other = text(wide, again=b"name"), text(wide)
    log.take(0, SPACE, [earlier, other], HOLD_US)
    log.take(10, SPACE, [text(wide, again=b"name")], HOLD_US)
    log.end(20, SPACE, [], [earlier])
    assert wait_us(log, 20, wide) == 1_000
    log.end(20, SPACE, [earlier], [])
    assert wait_us(log, 60, wide) == 990


def test_a_text_may_come_again_when_its_earlier_try_was_dropped() -> None:
    log = CapLog()
    log.take(0, SPACE, [text(NUMBER, again=b"name")], HOLD_US)
    log.take(2 * DAY_US, SPACE, [text(NUMBER)], HOLD_US)
    assert log.take(2 * DAY_US + 80, SPACE, [text(NUMBER, again=b"name")], HOLD_US) == [None]
    assert wait_us(log, 2 * DAY_US + 80, NUMBER) == 30


# What is kept.


def test_a_time_is_dropped_not_a_microsecond_before_its_window_is_over() -> None:
    log, three = CapLog(), scope("wide", (3, 1_000))
    for now_us in (0, 10, 1_000):
        log.take(now_us, SPACE, [text(three)], 1)
    assert wait_us(log, 1_000, three) == 1
    scopes = [scope(f"{number}", (1, 1_000)) for number in range(100)]
    log.take(2_000, SPACE, [text(each) for each in scopes], 1)
    log.take(3_000, SPACE, [text(scope("other", (500, 1))) for _ in range(500)], 1)
    assert [wait_us(log, 3_000, each) for each in scopes] == [1] * 100


def test_a_longer_window_keeps_what_a_shorter_one_needs_no_more() -> None:
    log, short, long = CapLog(), scope("wide", (1, 10)), scope("wide", (3, 1_000))
    assert wait_us(log, 0, long) == 0
    for now_us in (0, 100, 200):
        log.take(now_us, SPACE, [text(short)], 1)
    assert wait_us(log, 300, long) == 701


def test_a_window_that_is_longer_than_all_before_counts_from_its_first_use() -> None:
    log, short, long = CapLog(), scope("wide", (1, 10)), scope("wide", (2, 1_000))
    for now_us in (0, 100, 200):
        log.take(now_us, SPACE, [text(short)], 1)
    assert wait_us(log, 205, long) == 0
    log.take(300, SPACE, [text(short)], 1)
    assert wait_us(log, 305, long) == 896


def test_many_times_are_counted_as_exactly_as_few() -> None:
    log, total = CapLog(), scope("total", (100, 1_000))
    texts = [text(total) for _ in range(300)]
    for number, each in enumerate(texts):
        assert log.take(10 * number, SPACE, [each], 11) == [None]
        log.end(10 * number + 5, SPACE, *(([each], []) if number % 3 else ([], [each])))
    assert wait_us(log, 3_000, total) == 0
    assert log.look(3_000, SPACE, [text(total) for _ in range(34)]) == [None] * 33 + [CapHit(0, 0, 5)]
    assert log.take(3_000, SPACE, [text(total) for _ in range(33)], 11) == [None] * 33
    assert log.look(3_000, SPACE, [text(scope("total", (66, 1_000)))])[0] is not None
    log.take(10_000, SPACE, [text(total)], 11)
    assert log.take(10_000, SPACE, [text(total) for _ in range(99)], 11) == [None] * 99
    assert log.take(20_000, SPACE, [text(total)], 11) == [None], "few again"
    assert wait_us(log, 20_000, scope("total", (1, 1_000))) == 1_000


def held_by(log: CapLog) -> tuple[int, int, int]:
    (space,) = log._spaces.values()
    return len(space._times), len(space._held), len(space.again)


def test_what_is_over_goes_a_little_at_a_time() -> None:
    log = CapLog()
    for number in range(2_000):
        one = text(scope(f"{number}", (1, 100)), again=b"%d" % number)
        log.take(10 * number, SPACE, [one], 10)
    assert max(held_by(log)) < 150, "of these, some twenty are alive"
    for number in range(2_000):
        log.take(100_000 + number, SPACE, [text(scope("one", (3_000, 100)))], 10)
    assert held_by(log)[::2] == (1, 0)


def test_what_is_alive_is_not_swept_away() -> None:
    log = CapLog()
    scopes = [scope(f"{number}", (1, 1_000_000)) for number in range(300)]
    texts = [text(each, again=b"%d" % number) for number, each in enumerate(scopes)]
    for each in texts:
        log.take(0, SPACE, [each], HOLD_US)
    for _ in range(1_000):
        log.take(10, SPACE, [text(scope("other", (2_000, 1)))], 1)
    assert held_by(log)[::2] == (301, 300)
    log.end(20, SPACE, texts, [])
    assert [wait_us(log, 30, each) for each in scopes] == [1_000_000 - 10] * 300


def test_as_soon_as_what_was_held_may_have_lapsed_what_is_over_goes() -> None:
    log = CapLog()
    for number in range(1_000):
        log.take(0, SPACE, [text(scope(f"{number}", (1, 100)))], 40)
    assert held_by(log)[0] == 1_000, "nothing is looked for that can't be over"
    for number in range(1_000):
        log.take(140, SPACE, [text(scope(f"late {number}", (1, 100)))], 40)
    assert held_by(log) == (1_000, 1_000, 0)


def test_however_many_sets_of_caps_there_are_the_longest_window_of_all_counts() -> None:
    log, wide = CapLog(), scope("wide", (1, 10))
    assert wait_us(log, 0, scope("wide", (3, 1_000))) == 0
    for now_us in (0, 100, 200):
        log.take(now_us, SPACE, [text(wide), *(text(scope(f"{n}", (9, n + 1))) for n in range(40))], 1)
    (space,) = log._spaces.values()
    assert len(space._reached) <= 16
    assert wait_us(log, 300, scope("wide", (3, 1_000))) == 701


@pytest.mark.at_length
@pytest.mark.parametrize("used", [1, 12])
def test_a_capped_number_with_three_caps_takes_less_than_250_bytes(used: int) -> None:
    """With all that its dictionary takes, at the size at which that is emptiest."""
    log, numbers = CapLog(), 1_400
    log.take(0, SPACE, [text(NUMBER)], 1)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for turn in range(used):
        for number in range(numbers):
            key = number.to_bytes(15)
            one = CappedText(key[-6:], (CapScope(key, NUMBER.layers),))
            now_us = 1_000 + turn * (DAY_US // 14)
            assert log.take(now_us, SPACE, [one], HOLD_US) == [None]
            log.end(now_us, SPACE, [one], [])
            del key, one
    gc.collect()  # empties the list of free tuples, which Python keeps for the next ones
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / numbers < 250


def test_a_batch_of_no_texts_asks_for_nothing() -> None:
    empty: Sequence[CappedText] = []
    assert CapLog().take(0, SPACE, empty, HOLD_US) == CapLog().look(0, SPACE, empty) == []
