"""The coarse steps of what a log drops: by the minute, for a day, then one count."""

from __future__ import annotations

import copy
from array import array
from bisect import bisect_right

from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.buckets import Buckets
from customersms_async._core.history import KEPT_US, STEP_US, History, Steps
from customersms_async._core.layers import Layer, Usage, Wait, layers
from customersms_async.models import DOCUMENTED_LIMITS
from support.bucket_rule import LONGEST_US, Layers, Rule, Step, clients, granted_at, holds, rested, steps

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


@given(times, st.integers(0, 60))
def test_the_numbers_of_steps_tell_all_of_them(log: array[int], tenth: int) -> None:
    steps = steps_of(log)
    steps.drop(tenth * (STEP_US // 10))
    same = Steps.of_numbers(steps.numbers())
    later = array("q", [log[-1], log[-1] + STEP_US // 2])
    for each in (steps, same):
        each.add(later, 2)
    assert (same.numbers(), same.rest_us, len(same)) == (steps.numbers(), steps.rest_us, len(steps))


def test_a_day_of_one_request_a_second_fits_into_a_step_for_each_minute() -> None:
    steps = Steps()
    for minute in range(3 * 1_440):
        log = array("q", (minute * STEP_US + second * 1_000_000 for second in range(60)))
        steps.add(log, 60)
        steps.drop(log[-1] - KEPT_US)
    assert len(steps) == 3 * 86_400
    assert len(steps._ends) == len(steps._newest_us) <= 1_443
    assert steps._ends.itemsize + steps._newest_us.itemsize == 16


# Limits that are first used later, by the buckets.


scales = st.sampled_from([1, STEP_US // 50, STEP_US // 7, STEP_US, KEPT_US // 90])


def scaled(of: list[Layers], us: int) -> list[Layers]:
    return [tuple(Layer(requests, window_us * us) for requests, window_us in layers) for layers in of]


longer_layers = st.lists(
    st.builds(Layer, st.integers(1, 30), st.integers(LONGEST_US // 2, 200)), min_size=1, max_size=2
)


@given(
    clients,
    st.lists(longer_layers.map(tuple), min_size=1, max_size=3),
    scales,
    steps,
    steps,
    holds,
    st.booleans(),
    st.booleans(),
)
@example([(Layer(5, 1),)], [(Layer(7, 40),)], 1_000_000, [Step("take", 0, 1, 0), Step("settle", 0, 0, 0)] * 40,
         [Step("take", 1, 1, 0), Step("settle", 0, 0, 0)] * 20, [3], False, False)  # fmt: skip
def test_a_limit_that_is_first_used_later_is_kept_and_waits_at_most_one_coarse_step_longer(
    of: list[Layers],
    later: list[Layers],
    us: int,
    before: list[Step],
    after: list[Step],
    hold_us: list[int],
    looks_first: bool,
    rests: bool,
) -> None:
    """Whatever was cut when it comes: no grant that an exact list of all settle times would refuse.

    *For every limit of L requests per W seconds, no window of length W, wherever it is placed and however long answers
    take, sees more than L requests of a key from the clients that share one quota store, provided that no request
    arrives more than five seconds after its deadline; and the quota makes no request wait longer than that demands; a
    limit that is first used later waits at most one coarse step longer.*
    """
    first, both = scaled(of, us), scaled(of + later, us)
    buckets, rule = Buckets(), Rule()
    given_out: list[int] = []
    clock_us = 0
    for number, (call, which, later_us, back_us) in enumerate(before + after):
        clock_us += (later_us - back_us) * us
        rule.advance(clock_us)
        clients = first if number < len(before) else both
        asked = clients[which % len(clients)]
        if looks_first and call == "take":
            check_usage(buckets, rule, asked)
        if call == "take":
            length_us = hold_us[which % len(hold_us)] * us
            forecast_us = buckets.forecast_us(clock_us, [(asked, 1)])
            taken = buckets.take(clock_us, asked, length_us)
            if isinstance(taken, Wait):
                assert forecast_us == taken.wait_us
                assert not rule.admits(one_step_longer(asked)), "too late"
                check_later_wait(buckets, rule, asked, taken.wait_us)
            else:
                assert forecast_us == 0
                assert rule.admits(asked), "too early"
                given_out.append(taken)
                rule.held[taken] = rule.now_us + length_us
        elif call == "pause":
            buckets.pause(clock_us, which * us)
            rule.paused_until_us = max(rule.paused_until_us, rule.now_us + which * us)
        elif given_out and call in ("settle", "give_back"):
            request = given_out[which % len(given_out)]
            getattr(buckets, call)(clock_us, request)
            rule.settle(request) if call == "settle" else rule.held.pop(request, None)
        if rests:
            buckets = rested(buckets, clock_us)
        check_usage(buckets, rule, asked)


def one_step_longer(asked: Layers) -> Layers:
    """Windows as long as they may seem; of those of more than a day, all that is older than a day may count."""
    return tuple(
        Layer(requests, window_us + STEP_US if window_us <= KEPT_US else 2 * window_us) for requests, window_us in asked
    )


def check_usage(buckets: Buckets, rule: Rule, asked: Layers) -> None:
    """No fewer are used than truly are, and what is free at the next moment is not free before."""
    for layer, longer in zip(asked, one_step_longer(asked), strict=True):
        (usage,) = buckets.usage(rule.now_us, (layer,))
        assert rule.used(layer) <= usage.used <= rule.used(longer)
        assert usage.next_us >= rule.usage(layer).next_us
        assert bool(usage.used) is bool(usage.next_us)
        if usage.used:
            answered = copy.deepcopy(buckets)
            for request in list(answered._held):
                answered.settle(rule.now_us, request)
            assert answered.usage(rule.now_us + usage.next_us - 1, (layer,))[0].used == usage.used
            assert answered.usage(rule.now_us + usage.next_us, (layer,))[0].used < usage.used


def check_later_wait(buckets: Buckets, rule: Rule, asked: Layers, wait_us: int) -> None:
    """Asking again whenever it is due succeeds at last, not too early, and at most one step too late."""
    now_us = granted_at(buckets, rule.now_us, asked, wait_us)
    assert rule.admits_at(now_us, asked)
    assert not rule.admits_at(now_us - 1, one_step_longer(asked))


SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000


def send(buckets: Buckets, now_us: int, asked: Layers, count: int) -> int:
    """Take and settle at once, waiting as told; the time of the last one."""
    for _ in range(count):
        while isinstance(taken := buckets.take(now_us, asked, SECOND), Wait):
            now_us += taken.wait_us
        buckets.settle(now_us, taken)
    return now_us


def test_a_minutes_limit_that_comes_after_two_hundred_requests_knows_of_them() -> None:
    buckets, brief = Buckets(), (Layer(10, SECOND),)
    now_us = send(buckets, 0, brief, 200)
    both = (*brief, Layer(100, MINUTE))
    assert buckets.usage(now_us, both)[1] == Usage(200, MINUTE - SECOND)
    assert isinstance(buckets.take(now_us, both, SECOND), Wait)
    assert now_us + MINUTE - SECOND <= send(buckets, now_us, both, 1) <= now_us + MINUTE


def test_a_new_key_has_all_of_any_window_at_once() -> None:
    buckets, months = Buckets(), (Layer(1_000, 90 * DAY), Layer(10, MINUTE))
    now_us = send(buckets, 0, months, 1_000)
    assert now_us == 99 * MINUTE
    assert buckets.take(now_us + MINUTE, months, SECOND) == Wait(90 * DAY - now_us - MINUTE)


def test_a_window_of_more_than_a_day_that_comes_later_counts_all_before_as_if_it_were_the_last() -> None:
    told: list[None] = []
    buckets, brief = Buckets(lambda: told.append(None)), (Layer(10, SECOND),)
    last_us = send(buckets, 0, brief, 70)
    now_us = send(buckets, 5 * DAY, brief, 70)
    assert last_us == now_us - 5 * DAY == 6 * SECOND
    month = (Layer(100, 30 * DAY),)
    assert buckets.usage(now_us, (Layer(100, DAY),))[0].used == 70
    assert not told, "a day is known"
    assert buckets.usage(now_us, month) == (Usage(140, 25 * DAY),)
    assert buckets.take(now_us, month, SECOND) == Wait(25 * DAY)
    assert buckets.usage(now_us, (*month, Layer(1, 31 * DAY)))[1] == Usage(140, 26 * DAY)
    assert len(told) == 2, "once for each longer window"


def test_a_longer_window_that_reaches_nothing_that_was_counted_together_says_nothing() -> None:
    told: list[None] = []
    buckets, brief = Buckets(lambda: told.append(None)), (Layer(10, SECOND),)
    send(buckets, 0, brief, 70)
    assert buckets.usage(50 * DAY, (Layer(100, 30 * DAY),)) == (Usage(0, 0),)
    assert not told


def test_a_window_that_one_client_alone_asks_for_is_exact_from_then_on() -> None:
    buckets, brief, long = Buckets(), (Layer(100, SECOND),), (Layer(1_000, 3 * DAY),)
    buckets.usage(0, long)
    for hour in range(100):
        send(buckets, hour * 3_600 * SECOND, brief, 10)
    assert buckets.usage(100 * 3_600 * SECOND, long) == (Usage(710, 3_600 * SECOND),)
