"""The token buckets, against a plain list of settle times and a count: nothing over a limit, no grant too late."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core import buckets as buckets_module
from customersms_async._core.buckets import GRACE_US, Buckets
from customersms_async._core.layers import Layer, Usage, Wait, layers
from customersms_async.models import DOCUMENTED_LIMITS
from support.bucket_rule import LONGEST_US, Layers, Rule, Step, clients, granted_at, holds, rested, some_layers, steps


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


@given(clients, steps, holds, st.booleans())
@example([(Layer(2, LONGEST_US),)], [Step("take", 0, 1, 0)] * 4, [3], False)
def test_no_request_waits_longer_than_the_limits_demand(
    of: list[Layers], schedule: list[Step], hold_us: list[int], rests: bool
) -> None:
    """Promise 1, its other half, also when the buckets rest whenever they may.

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
        if rests:
            buckets = rested(buckets, clock_us)
        assert buckets.usage(clock_us, asked) == tuple(map(rule.usage, asked))
        assert buckets.paused_us(clock_us) == max(0, rule.paused_until_us - rule.now_us)


def check_wait(buckets: Buckets, rule: Rule, asked: Layers, wait_us: int) -> None:
    """If nothing else changes, asking again whenever it is due succeeds at the first moment that has a token."""
    now_us = granted_at(buckets, rule.now_us, asked, wait_us)
    assert rule.admits_at(now_us, asked)
    assert not rule.admits_at(now_us - 1, asked)


def test_the_promise_is_the_same_word_for_word_in_code_and_test() -> None:
    def promise(docstring: str | None) -> str:
        return " ".join((docstring or "").split()).split("*")[1]

    assert promise(buckets_module.__doc__) == promise(test_no_window_sees_more_requests_than_its_limit.__doc__)
    assert promise(buckets_module.__doc__) == promise(test_no_request_waits_longer_than_the_limits_demand.__doc__)


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
    taken = buckets.take(1_110, one, 500)
    assert isinstance(taken, int)
    buckets.settle(0, taken)
    buckets.pause(0, 1)
    assert buckets.usage(0, one) == (Usage(1, 100),)


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


@pytest.mark.at_length
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


def test_the_documented_limits_admit_a_hundred_and_then_wait_a_stretched_minute() -> None:
    buckets, documented = Buckets(), layers(DOCUMENTED_LIMITS)
    for _ in range(100):
        taken = buckets.take(0, documented, 30_000_000 + GRACE_US)
        assert isinstance(taken, int)
        buckets.settle(0, taken)
    assert buckets.take(0, documented, 30_000_000 + GRACE_US) == Wait(60_012_000)


def test_unanswered_requests_are_given_promise_1s_five_seconds() -> None:
    assert GRACE_US == 5_000_000


def test_a_key_rests_once_its_longest_window_is_over_and_nobody_holds_a_token_or_pauses_it() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    request = buckets.take(0, one, 50)
    assert isinstance(request, int)
    assert buckets.__packed__(0) is None, "held"
    buckets.settle(10, request)
    assert buckets.__packed__(109) is None, "within its window"
    buckets.pause(110, 20)
    assert buckets.__packed__(129) is None, "paused"
    assert buckets.__packed__(130)


def test_a_key_that_has_never_sent_leaves_nothing() -> None:
    buckets = Buckets()
    assert isinstance(buckets.usage(0, (Layer(1, 100),)), tuple)
    assert buckets.__packed__(0) == b""


def test_a_key_does_not_rest_while_a_longer_limit_counts_what_is_coarse() -> None:
    buckets, brief, long = Buckets(), (Layer(1, 100),), (Layer(1, 1_000),)
    request = buckets.take(0, brief, 50)
    assert isinstance(request, int)
    buckets.settle(0, request)
    assert buckets.__packed__(100)
    assert isinstance(buckets.take(200, long, 50), Wait)
    assert buckets.__packed__(200) is None


def test_a_key_that_gave_back_what_it_took_gives_no_number_twice_after_a_rest() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    assert buckets.take(0, one, 50) == 1
    buckets.give_back(0, 1)
    again = rested(buckets, 0)
    assert again is not buckets
    assert again.take(0, one, 50) == 2


def test_after_a_rest_no_number_is_given_twice_and_later_limits_know_what_was_sent() -> None:
    buckets, one = Buckets(), (Layer(1, 100),)
    for number in (1, 2):
        assert buckets.take(200 * number, one, 50) == number
        buckets.settle(200 * number, number)
    packed = buckets.__packed__(600)
    assert packed is not None
    again = Buckets.__unpacked__(packed)
    assert again.take(600, one, 50) == 3
    assert again.usage(600, (Layer(9, 60_000_000),))[0].used == 3


def test_after_a_rest_the_longest_window_is_exact_still() -> None:
    buckets, brief, long = Buckets(), (Layer(1, 10),), (Layer(1, 1_000),)
    for layers_, at in ((long, 0), (brief, 5_000)):
        request = buckets.take(at, layers_, 50)
        assert isinstance(request, int)
        buckets.settle(at, request)
        if layers_ is long:
            buckets = rested(buckets, 1_000)
    buckets.settle(5_100, buckets.take(5_100, brief, 50))  # type: ignore[arg-type]  # it is granted
    assert buckets.take(5_200, long, 50) == Wait(5_100 + 1_000 - 5_200)
