"""The token buckets, against a plain list of settle times and a count: nothing over a limit, no grant too late."""

from __future__ import annotations

import copy
import math
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async import buckets as buckets_module
from customersms_async.buckets import DRIFT_PPM, GRACE_US, Buckets, Layer, Usage, Wait, layers
from customersms_async.history import KEPT_US, STEP_US
from customersms_async.models import DOCUMENTED_LIMITS, Limit

Layers = tuple[Layer, ...]

LONGEST_US = 40
"""Every client of a key has a limit of this window, but those that come later, with longer ones."""


class Step(NamedTuple):
    """One call, after ``later_us`` on a clock that then also steps back by ``back_us``."""

    call: str
    which: int
    later_us: int
    back_us: int


class Rule:
    """Promise 1 as a count over a plain list: the oracle of ``Buckets``."""

    def __init__(self) -> None:
        self.now_us = 0
        self.paused_until_us = 0
        self.settled: list[int] = []
        self.held: dict[int, int] = {}

    def advance(self, now_us: int) -> None:
        self.now_us = max(self.now_us, now_us)
        for request, lapse_us in list(self.held.items()):
            if lapse_us <= self.now_us:
                self.settled.append(self.held.pop(request))

    def settle(self, request: int) -> None:
        if self.held.pop(request, None) is not None:
            self.settled.append(self.now_us)

    def used(self, layer: Layer) -> int:
        return len(self.held) + sum(then_us > self.now_us - layer.window_us for then_us in self.settled)

    def admits(self, asked: Layers) -> bool:
        return self.now_us >= self.paused_until_us and all(self.used(layer) < layer.requests for layer in asked)

    def admits_at(self, now_us: int, asked: Layers) -> bool:
        later = copy.deepcopy(self)
        later.advance(now_us)
        return later.admits(asked)

    def usage(self, layer: Layer) -> Usage:
        back_us = [then_us + layer.window_us - self.now_us for then_us in self.settled] + [layer.window_us] * len(
            self.held
        )
        return Usage(self.used(layer), min((wait_us for wait_us in back_us if wait_us > 0), default=0))


some_layers = st.lists(st.builds(Layer, st.integers(1, 5), st.integers(1, LONGEST_US)), max_size=2).flatmap(
    lambda short: st.builds(lambda n: (*short, Layer(n, LONGEST_US)), st.integers(1, 7))
)
clients = st.lists(some_layers, min_size=1, max_size=3)
calls = st.sampled_from(["take"] * 6 + ["settle"] * 4 + ["give_back", "pause", "look"])
steps = st.lists(
    st.builds(Step, calls, st.integers(0, 50), st.integers(0, 15), st.integers(-40, 12).map(lambda us: max(us, 0))),
    max_size=80,
)
holds = st.lists(st.integers(1, 60), min_size=1, max_size=4)


@given(some_layers, st.integers(0, 3), steps, holds)
def test_no_window_sees_more_requests_than_its_limit(
    limits: Layers, spare: int, schedule: list[Step], hold_us: list[int]
) -> None:
    """Promise 1, its safe half, with every arrival placed by an adversary between its grant and its settling.

    *For every limit of L requests per W seconds, no window of length W, wherever it is placed and however long answers
    take, sees more than L requests of a key from the clients that share one quota store, provided that no request
    arrives more than five seconds after its deadline; and the quota makes no request wait longer than that demands; a
    limit that is first used later waits at most one coarse step longer.*
    """
    buckets = Buckets()
    bulk = tuple(Layer(max(1, layer.requests - spare), layer.window_us) for layer in limits)
    real_us = behind_us = 0
    granted: dict[int, int] = {}  # the real time, which a clock that steps back falls behind
    ended: dict[int, int] = {}  # the last moment at which a request may arrive
    for call, which, later_us, back_us in schedule:
        real_us += later_us
        behind_us += back_us
        now_us = real_us - behind_us
        if call == "take":
            length_us = hold_us[which % len(hold_us)]
            taken = buckets.take(now_us, (limits, bulk)[which % 2], length_us)
            if not isinstance(taken, Wait):
                granted[taken], ended[taken] = real_us, real_us + length_us
        elif call == "pause":
            buckets.pause(now_us, which)
        elif granted and call in ("settle", "give_back"):
            request = sorted(granted)[which % len(granted)]
            getattr(buckets, call)(now_us, request)
            ended[request] = min(ended[request], real_us)
            if call == "give_back":
                del granted[request]
    for layer in limits:
        for start_us in ended.values():  # the fullest window starts with some request's last moment
            able = [r for r in granted if granted[r] < start_us + layer.window_us and ended[r] >= start_us]
            assert len(able) <= layer.requests


@given(clients, steps, holds)
@example([(Layer(2, LONGEST_US),)], [Step("take", 0, 1, 0)] * 4, [3])
def test_no_request_waits_longer_than_the_limits_demand(
    of: list[Layers], schedule: list[Step], hold_us: list[int]
) -> None:
    """Promise 1, its other half.

    *For every limit of L requests per W seconds, no window of length W, wherever it is placed and however long answers
    take, sees more than L requests of a key from the clients that share one quota store, provided that no request
    arrives more than five seconds after its deadline; and the quota makes no request wait longer than that demands; a
    limit that is first used later waits at most one coarse step longer.*
    """
    buckets, rule = Buckets(), Rule()
    given_out: list[int] = []
    clock_us = 0
    for call, which, later_us, back_us in schedule:
        clock_us += later_us - back_us
        rule.advance(clock_us)
        asked = of[which % len(of)]
        if call == "take":
            length_us = hold_us[which % len(hold_us)]
            taken = buckets.take(clock_us, asked, length_us)
            assert isinstance(taken, Wait) is not rule.admits(asked)
            if isinstance(taken, Wait):
                check_wait(buckets, rule, asked, taken.wait_us)
            else:
                assert taken not in given_out
                given_out.append(taken)
                rule.held[taken] = rule.now_us + length_us
        elif call == "pause":
            buckets.pause(clock_us, which)
            rule.paused_until_us = max(rule.paused_until_us, rule.now_us + which)
        elif call == "settle":
            request = given_out[which % len(given_out)] if given_out else which
            buckets.settle(clock_us, request)
            rule.settle(request)
        elif call == "give_back":
            request = given_out[which % len(given_out)] if given_out else which
            buckets.give_back(clock_us, request)
            rule.held.pop(request, None)
        assert buckets.usage(clock_us, asked) == tuple(map(rule.usage, asked))
        assert buckets.paused_us(clock_us) == max(0, rule.paused_until_us - rule.now_us)


scales = st.sampled_from([1, STEP_US // 50, STEP_US // 7, STEP_US, KEPT_US // 90])


def scaled(of: list[Layers], us: int) -> list[Layers]:
    return [tuple(Layer(requests, window_us * us) for requests, window_us in layers) for layers in of]


longer_layers = st.lists(
    st.builds(Layer, st.integers(1, 30), st.integers(LONGEST_US // 2, 200)), min_size=1, max_size=2
)


@given(clients, st.lists(longer_layers.map(tuple), min_size=1, max_size=3), scales, steps, steps, holds, st.booleans())
@example([(Layer(5, 1),)], [(Layer(7, 40),)], 1_000_000, [Step("take", 0, 1, 0), Step("settle", 0, 0, 0)] * 40,
         [Step("take", 1, 1, 0), Step("settle", 0, 0, 0)] * 20, [3], False)  # fmt: skip
def test_a_limit_that_is_first_used_later_is_kept_and_waits_at_most_one_coarse_step_longer(
    of: list[Layers],
    later: list[Layers],
    us: int,
    before: list[Step],
    after: list[Step],
    hold_us: list[int],
    looks_first: bool,
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
    again, now_us = copy.deepcopy(buckets), rule.now_us
    while True:
        assert wait_us > 0
        now_us += wait_us
        taken = again.take(now_us, asked, 1)
        if not isinstance(taken, Wait):
            break
        wait_us = taken.wait_us
    assert rule.admits_at(now_us, asked)
    assert not rule.admits_at(now_us - 1, one_step_longer(asked))


def check_wait(buckets: Buckets, rule: Rule, asked: Layers, wait_us: int) -> None:
    """If nothing else changes, asking again whenever it is due succeeds at the first moment that has a token."""
    again, now_us = copy.deepcopy(buckets), rule.now_us
    while True:
        assert wait_us > 0
        now_us += wait_us
        taken = again.take(now_us, asked, 1)
        if not isinstance(taken, Wait):
            break
        wait_us = taken.wait_us
    assert rule.admits_at(now_us, asked)
    assert not rule.admits_at(now_us - 1, asked)


@given(clients, steps, holds, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=4))
def test_a_forecast_is_what_taking_and_settling_at_once_comes_to(
    of: list[Layers], schedule: list[Step], hold_us: list[int], line: list[tuple[int, int]]
) -> None:
    buckets = Buckets()
    held: list[int] = []
    clock_us = 0
    for call, which, later_us, back_us in schedule:
        clock_us += later_us - back_us
        if call == "take":
            taken = buckets.take(clock_us, of[which % len(of)], hold_us[which % len(hold_us)])
            held += [] if isinstance(taken, Wait) else [taken]
        elif call == "pause":
            buckets.pause(clock_us, which)
        elif held and call in ("settle", "give_back"):
            getattr(buckets, call)(clock_us, held.pop(which % len(held)))
    runs = [(of[which % len(of)], count) for which, count in line]
    forecast_us = buckets.forecast_us(clock_us, runs)
    now_us = began_us = max(clock_us, buckets._now_us)
    for request in held:
        buckets.settle(now_us, request)
    for asked in [asked for asked, count in runs for _ in range(count)]:
        while isinstance(taken := buckets.take(now_us, asked, 1), Wait):
            now_us += taken.wait_us
        buckets.settle(now_us, taken)
    assert forecast_us == now_us - began_us


def test_the_promise_is_the_same_word_for_word_in_code_and_test() -> None:
    def promise(docstring: str | None) -> str:
        return " ".join((docstring or "").split()).split("*")[1]

    assert promise(buckets_module.__doc__) == promise(test_no_window_sees_more_requests_than_its_limit.__doc__)
    assert promise(buckets_module.__doc__) == promise(test_no_request_waits_longer_than_the_limits_demand.__doc__)
    assert promise(buckets_module.__doc__) == promise(
        test_a_limit_that_is_first_used_later_is_kept_and_waits_at_most_one_coarse_step_longer.__doc__
    )


def test_a_token_comes_back_one_window_after_its_request_settled() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    request = buckets.take(1_000, one, 500)
    assert isinstance(request, int)
    buckets.settle(1_050, request)
    assert buckets.take(1_149, one, 500) == Wait(1)
    assert isinstance(buckets.take(1_150, one, 500), int)


def test_a_request_without_an_answer_settles_when_its_hold_is_over() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    assert isinstance(buckets.take(1_000, one, 500), int)
    assert buckets.take(1_001, one, 500) == Wait(100), "as if it were answered now"
    assert buckets.take(1_510, one, 500) == Wait(90), "now that it has lapsed"
    assert buckets.take(1_599, one, 500) == Wait(1)
    assert isinstance(buckets.take(1_600, one, 500), int)


def test_a_lapse_counts_from_its_own_time_however_late_anyone_looks() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    buckets.take(1_000, one, 500)
    assert isinstance(buckets.take(5_000, one, 500), int)


def test_an_answer_after_the_lapse_changes_nothing() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    request = buckets.take(1_000, one, 500)
    assert isinstance(request, int)
    buckets.settle(1_550, request)
    buckets.give_back(1_560, request)
    assert buckets.take(1_599, one, 500) == Wait(1)
    assert isinstance(buckets.take(1_600, one, 500), int)


def test_a_request_that_never_left_gives_its_tokens_back_at_once() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    request = buckets.take(1_000, one, 500)
    assert isinstance(request, int)
    buckets.give_back(1_000, request)
    buckets.give_back(1_000, request)
    assert isinstance(buckets.take(1_000, one, 500), int)


def test_a_request_takes_a_token_of_every_layer_or_of_none() -> None:
    buckets, minute, hour = Buckets(), (Layer(2, 60),), (Layer(2, 60), Layer(1, 3_600))
    first = buckets.take(0, hour, 10)
    assert isinstance(first, int)
    buckets.settle(0, first)
    assert buckets.take(0, hour, 10) == Wait(3_600)
    assert buckets.usage(0, hour) == (Usage(1, 60), Usage(1, 3_600))
    assert isinstance(buckets.take(0, minute, 10), int)


def test_more_requests_in_flight_than_a_smaller_limit_allows_make_it_wait_for_enough_of_them() -> None:
    buckets, many, few = Buckets(), (Layer(5, 100),), (Layer(2, 100),)
    for hold_us in (50, 10, 40, 20, 30):
        buckets.take(0, many, hold_us)
    assert buckets.take(0, few, 10) == Wait(100)
    assert buckets.take(100, few, 10) == Wait(40), "the fourth of five lapsed at 40"
    assert isinstance(buckets.take(140, few, 10), int)


def test_a_pause_holds_everyone_and_the_later_end_counts() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    buckets.pause(1_000, 500)
    buckets.pause(1_100, 10)
    assert buckets.take(1_100, one, 10) == Wait(400)
    assert buckets.forecast_us(1_100, [(one, 1)]) == 400
    assert buckets.forecast_us(1_100, []) == 0
    assert isinstance(buckets.take(1_500, one, 10), int)


def test_a_clock_that_steps_back_stands_still() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    request = buckets.take(1_000, one, 500)
    assert isinstance(request, int)
    buckets.settle(1_010, request)
    assert buckets.take(0, one, 500) == Wait(100)
    assert buckets.take(1_109, one, 500) == Wait(1)


def test_the_log_is_cut_at_the_longest_window() -> None:
    buckets, two = Buckets(), (Layer(20, 100), Layer(300, 2_000))
    now_us, sizes = 0, []
    for _ in range(5_000):
        taken = buckets.take(now_us, two, 50)
        while isinstance(taken, Wait):
            now_us += taken.wait_us
            taken = buckets.take(now_us, two, 50)
        buckets.settle(now_us, taken)
        sizes.append(len(buckets._log))
    assert max(sizes) < 1_500
    assert buckets.usage(now_us, two)[1].used <= 300
    assert buckets.usage(now_us + 2_000, two) == (Usage(0, 0), Usage(0, 0))


def test_a_log_that_was_cut_many_times_counts_as_if_it_had_not_been() -> None:
    buckets, rule, two = Buckets(), Rule(), (Layer(20, 100), Layer(300, 2_000))
    now_us = 0
    for turn in range(1_500):
        now_us += turn * 7 % 5
        taken = buckets.take(now_us, two, 50)
        rule.advance(now_us)
        if isinstance(taken, Wait):
            assert rule.held or buckets.forecast_us(now_us, [(two, 1)]) == taken.wait_us
            now_us += taken.wait_us
        elif turn % 9:
            buckets.settle(now_us, taken)
            rule.settled.append(now_us)
        else:
            rule.held[taken] = now_us + 50
        assert buckets.usage(rule.now_us, two) == tuple(map(rule.usage, two))
    assert len(buckets._log) < len(rule.settled)


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


@pytest.mark.parametrize(
    ("count", "forecast_us"), [(1, 50), (2, 60), (3, 70), (4, 150), (5, 160), (6, 170), (7, 250), (30, 970)]
)
def test_a_forecast_follows_the_log_and_then_itself(count: int, forecast_us: int) -> None:
    buckets, three = Buckets(), (Layer(3, 100),)
    for now_us in (0, 10, 20):
        taken = buckets.take(now_us, three, 1)
        assert isinstance(taken, int)
        buckets.settle(now_us, taken)
    assert buckets.forecast_us(50, [(three, count)]) == forecast_us
    assert buckets.forecast_us(50, [(three, 0), (three, count), (three, 0)]) == forecast_us


def test_requests_that_are_never_answered_lapse_in_order() -> None:
    buckets, wide = Buckets(), (Layer(10_000, 10),)
    for now_us in range(1_000):
        taken = buckets.take(now_us, wide, 1_000_000)
        assert isinstance(taken, int)
        if now_us % 100:
            buckets.settle(now_us, taken)
    assert len(buckets._held) == 10
    assert buckets.usage(1_000_899, wide) == (Usage(1, 10),)
    assert buckets.usage(1_000_905, wide) == (Usage(1, 5),), "those still held lapse in order, the last at 1,000,900"


@pytest.mark.parametrize(
    ("limit", "reserve", "layer"),
    [
        (Limit(100, 60), 0.0, Layer(100, 60_012_000)),
        (Limit(100, 60), 0.05, Layer(95, 60_012_000)),
        (Limit(5_000, 3_600), 0.05, Layer(4_750, 3_600_720_000)),
        (Limit(50_000, 86_400), 0.05, Layer(47_500, 86_417_280_000)),
        (Limit(20, 1), 0.05, Layer(19, 1_000_200)),
        (Limit(19, 1), 0.05, Layer(19, 1_000_200)),
        (Limit(1, 1), 0.05, Layer(1, 1_000_200)),
        (Limit(1, 1), 0.999, Layer(1, 1_000_200)),
        (Limit(3, 1), 1.0, Layer(1, 1_000_200)),
        (Limit(7, 0.000001), 0.5, Layer(4, 2)),
    ],
)
def test_bulk_leaves_the_floor_of_its_reserve_and_windows_are_stretched(
    limit: Limit, reserve: float, layer: Layer
) -> None:
    assert layers([limit], reserve) == (layer,)


@given(st.lists(st.builds(Limit, st.integers(1, 100_000), st.floats(0.000001, 1e6)), max_size=3), st.floats(0.0, 1.0))
def test_layers_keep_the_order_and_never_shrink_a_window_or_stop_the_bulk(limits: list[Limit], reserve: float) -> None:
    made = layers(limits, reserve)
    for limit, layer in zip(limits, made, strict=True):
        assert layer.requests == max(1, limit.requests - math.floor(limit.requests * reserve))
        assert layer.window_us * 1_000_000 >= limit.window_us * (1_000_000 + DRIFT_PPM)
        assert (layer.window_us - 1) * 1_000_000 < limit.window_us * (1_000_000 + DRIFT_PPM)


def test_the_documented_limits_admit_a_hundred_and_then_wait_a_stretched_minute() -> None:
    buckets, documented = Buckets(), layers(DOCUMENTED_LIMITS)
    for _ in range(100):
        taken = buckets.take(0, documented, 30_000_000 + GRACE_US)
        assert isinstance(taken, int)
        buckets.settle(0, taken)
    assert buckets.take(0, documented, 30_000_000 + GRACE_US) == Wait(60_012_000)


def test_unanswered_requests_are_given_promise_1s_five_seconds() -> None:
    assert GRACE_US == 5_000_000
