"""What stops a campaign, as pure decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from customersms_async import CampaignStoppedError, ConfigurationError, Outcome, Status
from customersms_async._core.outage import PATIENCE, Outage
from customersms_async.campaign.guards import Guards, Load, Standing, check, check_prefix, fitting


@pytest.mark.parametrize(
    ("guards", "standing", "now", "guard"),
    [
        (Guards(), Standing(unknown_in_a_row=4), 0.0, None),
        (Guards(), Standing(unknown_in_a_row=5), 0.0, "stop_after_unknown"),
        (Guards(stop_after_unknown=1), Standing(unknown_in_a_row=1), 0.0, "stop_after_unknown"),
        (Guards(until_unix=100.0), Standing(), 99.9, None),
        (Guards(until_unix=100.0), Standing(), 100.0, "until"),
        (Guards(keep_credits=10), Standing(credits=Decimal(10)), 0.0, None),
        (Guards(keep_credits=10), Standing(credits=Decimal("9.99")), 0.0, "keep_credits"),
        (Guards(keep_credits=10), Standing(), 0.0, None),
        (Guards(keep_credits=10), Standing(answers=1), 0.0, "keep_credits"),
        (Guards(), Standing(credits=Decimal(-1), answers=1), 0.0, None),
    ],
)
def test_a_guard_stops_at_its_value(guards: Guards, standing: Standing, now: float, guard: str | None) -> None:
    stop = check(guards, standing, now)
    assert (None if stop is None else stop.guard) == guard


@pytest.mark.parametrize(
    ("guards", "standing", "load", "most", "guard"),
    [
        (Guards(), Standing(), Load(100, 3), 100, None),
        (Guards(max_recipients=250), Standing(recipients=200), Load(100, 1), 50, None),
        (Guards(max_recipients=200), Standing(recipients=200), Load(100, 1), 0, "max_recipients"),
        (Guards(max_recipients=100), Standing(recipients=200), Load(100, 1), 0, "max_recipients"),
        (Guards(max_segments=10), Standing(segments=5), Load(100, 2), 2, None),
        (Guards(max_segments=10), Standing(segments=9), Load(100, 2), 0, "max_segments"),
        (Guards(keep_credits=10), Standing(credits=Decimal(100), flying=30), Load(100, 1), 60, None),
        (Guards(keep_credits=10), Standing(credits=Decimal(10)), Load(100, 1), 0, "keep_credits"),
        (Guards(keep_credits=10), Standing(), Load(100, 1), 100, None),
        (Guards(keep_credits=10), Standing(requests_flying=1), Load(100, 1), 0, None),
    ],
)
def test_as_many_go_out_as_the_guards_allow(
    guards: Guards, standing: Standing, load: Load, most: int, guard: str | None
) -> None:
    found, stop = fitting(guards, standing, load)
    assert (found, None if stop is None else stop.guard) == (most, guard)


@pytest.mark.parametrize(
    ("guards", "standing", "says"),
    [
        (Guards(max_recipients=1), Standing(recipients=1), "1 recipient is the most"),
        (Guards(max_segments=1), Standing(segments=1), "1 segment is the most"),
        (Guards(keep_credits=1), Standing(credits=Decimal(1)), "1 credit is left, and 1 to be kept"),
        (Guards(keep_credits=10), Standing(credits=Decimal(5)), "5 credits are left, and 10 to be kept"),
        (Guards(stop_after_unknown=1), Standing(unknown_in_a_row=1), "1 request ended unknown"),
        (Guards(stop_after_unknown=2), Standing(unknown_in_a_row=2), "2 requests in a row ended unknown"),
    ],
)
def test_a_stop_says_in_words_why_it_is_one(guards: Guards, standing: Standing, says: str) -> None:
    stop = check(guards, standing, 0.0) or fitting(guards, standing, Load(1, 1))[1]
    assert says in str(stop)


def test_a_number_with_another_calling_code_stops_it_without_showing_it() -> None:
    guards = Guards(allow_prefixes=("+1", "+44"))
    assert check_prefix(guards, ["+12125551234", "+442079460000"]) is None
    stop = check_prefix(guards, ["+12125551234", "+4930123456"])
    assert isinstance(stop, CampaignStoppedError)
    assert (stop.guard, "+4930123456" in str(stop)) == ("allow_prefix", False)


@pytest.mark.parametrize(
    "options",
    [
        {"keep_credits": -1},
        {"keep_credits": 1.5},
        {"max_recipients": True},
        {"max_segments": "many"},
        {"stop_after_unknown": 0},
        {"allow_prefixes": ("1",)},
        {"allow_prefixes": ("+",)},
        {"allow_prefixes": ("+1x",)},
    ],
)
def test_an_option_that_can_not_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Guards(**options)


def test_a_request_counts_while_it_is_on_its_way_and_unsent_ones_no_more() -> None:
    standing = Standing()
    standing.start(100, 2)
    assert (standing.recipients, standing.segments, standing.flying, standing.requests_flying) == (100, 200, 200, 1)
    standing.end(100, 30, 2)
    assert (standing.recipients, standing.segments, standing.flying, standing.requests_flying) == (70, 140, 0, 0)


def test_only_requests_of_wholly_unknown_fate_count_as_unknown() -> None:
    standing = Standing()
    unknown, accepted = (Outcome(0, "+12125551234", status) for status in (Status.UNKNOWN, Status.ACCEPTED))
    for told, row in (([unknown], 1), ([], 1), ([unknown, unknown], 2), ([unknown, accepted], 0)):
        standing.learn(told, 200 if told else None)
        assert standing.unknown_in_a_row == row
    assert standing.answers == 3


def test_an_outage_is_waited_for_only_by_those_who_had_an_answer() -> None:
    outage = Outage()
    assert outage.pause(0.0) == 1.0
    assert outage.hopeless(0.0)
    outage.answered()
    assert [outage.pause(float(at)) for at in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert not outage.hopeless(PATIENCE)
    assert outage.hopeless(PATIENCE + 1)
