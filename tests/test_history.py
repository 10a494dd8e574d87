"""The coarse steps of what a log drops: by the minute, for a day, then one count."""

from __future__ import annotations

from array import array
from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from customersms_async.buckets import layers
from customersms_async.history import KEPT_US, STEP_US, History, Steps
from customersms_async.models import DOCUMENTED_LIMITS

times = st.lists(st.integers(0, 40), min_size=1, max_size=60).map(
    lambda tenths: array("q", sorted(tenth * (STEP_US // 10) for tenth in tenths))
)


def steps_of(log: array[int]) -> Steps:
    steps = Steps()
    steps.add(log, len(log))
    return steps


def newest_of_each(log: array[int]) -> list[int]:
    """When each request counts as settled, the slow way."""
    groups: list[list[int]] = []
    for at in log:
        if not groups or at >= groups[-1][0] + STEP_US:
            groups.append([])
        groups[-1].append(at)
    return [max(group) for group in groups for _ in group]


def test_the_steps_go_back_as_far_as_the_longest_documented_window_does() -> None:
    assert max(layer.window_us for layer in layers(DOCUMENTED_LIMITS)) == KEPT_US
    assert min(limit.window_us for limit in DOCUMENTED_LIMITS) == STEP_US


def test_nothing_was_cut_at_first() -> None:
    steps = Steps()
    steps.drop(STEP_US)
    assert (len(steps), steps.until(STEP_US), steps.rest_us) == (0, 0, None)


@given(times)
def test_each_request_counts_from_the_newest_of_its_step(log: array[int]) -> None:
    steps = steps_of(log)
    newest = newest_of_each(log)
    assert all(0 <= late - at < STEP_US for late, at in zip(newest, log, strict=True))
    assert [steps[number] for number in range(len(log))] == newest
    assert [steps.until(at) for at in range(0, 5 * STEP_US, STEP_US // 10)] == [
        bisect_right(newest, at) for at in range(0, 5 * STEP_US, STEP_US // 10)
    ]


@given(times, st.lists(st.integers(0, 60)))
def test_cutting_little_by_little_comes_to_the_same(log: array[int], cuts: list[int]) -> None:
    parts, rest = Steps(), array("q", log)
    for count in cuts:
        parts.add(rest, min(count, len(rest)))
        del rest[:count]
    whole = steps_of(log[: len(log) - len(rest)])
    assert (parts._newest_us, parts._ends) == (whole._newest_us, whole._ends)


@given(times, st.lists(st.integers(0, 60), min_size=1))
def test_what_is_older_becomes_one_count_however_often_it_is_dropped(log: array[int], tenths: list[int]) -> None:
    often, once = steps_of(log), steps_of(log)
    for tenth in sorted(tenths):
        often.drop(tenth * (STEP_US // 10))
    until_us = max(tenths) * (STEP_US // 10)
    once.drop(until_us)
    assert (often._newest_us, often._ends, often.rest_us) == (once._newest_us, once._ends, once.rest_us)
    assert len(once) == len(log)
    over = [at for at in newest_of_each(log) if at + STEP_US <= until_us]
    assert once.rest_us == (max(over) if over else None)
    assert all(once[number] == max(over) for number in range(len(over)))


@given(times, times)
def test_a_history_is_the_steps_and_then_the_log(before: array[int], after: array[int]) -> None:
    steps = steps_of(before)
    log = array("q", (at + 5 * STEP_US for at in after))
    history = History(steps, log)
    whole = [steps[number] for number in range(len(before))] + list(log)
    assert [history[number] for number in range(len(history))] == whole
    assert [history[-number] for number in range(1, len(whole) + 1)] == whole[::-1]


def test_a_day_of_one_request_a_second_fits_into_a_step_for_each_minute() -> None:
    steps = Steps()
    for minute in range(3 * 1_440):
        log = array("q", (minute * STEP_US + second * 1_000_000 for second in range(60)))
        steps.add(log, 60)
        steps.drop(log[-1] - KEPT_US)
    assert len(steps) == 3 * 86_400
    assert len(steps._ends) == len(steps._newest_us) <= 1_443
    assert steps._ends.itemsize + steps._newest_us.itemsize == 16
