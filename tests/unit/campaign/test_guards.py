"""What stops a campaign, as pure decisions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from customersms_async import CampaignStoppedError, ConfigurationError
from customersms_async._core.batching import Batch
from customersms_async._core.failure_guards import FailuresInARow
from customersms_async._core.post_result import Answer, NoAnswer, NotSent
from customersms_async._core.rulings import judge
from customersms_async.campaign.guards import (
    CampaignTotals,
    Guards,
    GuardTerms,
    NextBatch,
    check,
    check_prefix,
    fitting,
)
from support.broken_gateways import answered


def failed(unknown: int = 0, refused: int = 0) -> CampaignTotals:
    return CampaignTotals(failures=FailuresInARow(unknown, refused))


@pytest.mark.parametrize(
    ("guards", "totals", "now", "guard"),
    [
        (Guards(), failed(unknown=4), 0.0, None),
        (Guards(), failed(unknown=5), 0.0, "stop_after_unknown"),
        (Guards(stop_after_unknown=1), failed(unknown=1), 0.0, "stop_after_unknown"),
        (Guards(stop_after_unknown=None), failed(unknown=999), 0.0, None),
        (Guards(), failed(refused=4, unknown=4), 0.0, None),
        (Guards(), failed(refused=5), 0.0, "stop_after_refused"),
        (Guards(stop_after_refused=None), failed(refused=999), 0.0, None),
        (Guards(until_unix=100.0), CampaignTotals(), 99.9, None),
        (Guards(until_unix=100.0), CampaignTotals(), 100.0, "until"),
        (Guards(keep_credits=10), CampaignTotals(credits=Decimal(10)), 0.0, None),
        (Guards(keep_credits=10), CampaignTotals(credits=Decimal("9.99")), 0.0, "keep_credits"),
        (Guards(keep_credits=10), CampaignTotals(), 0.0, None),
        (Guards(keep_credits=10), CampaignTotals(answers=1), 0.0, "keep_credits"),
        (Guards(), CampaignTotals(credits=Decimal(-1), answers=1), 0.0, None),
    ],
)
def test_a_guard_stops_at_its_value(guards: Guards, totals: CampaignTotals, now: float, guard: str | None) -> None:
    stop = check(guards, totals, now)
    assert (None if stop is None else stop.guard) == guard


@pytest.mark.parametrize(
    ("guards", "totals", "load", "most", "guard"),
    [
        (Guards(), CampaignTotals(), NextBatch(100, 3), 100, None),
        (Guards(max_recipients=250), CampaignTotals(recipients=200), NextBatch(100, 1), 50, None),
        (Guards(max_recipients=200), CampaignTotals(recipients=200), NextBatch(100, 1), 0, "max_recipients"),
        (Guards(max_recipients=100), CampaignTotals(recipients=200), NextBatch(100, 1), 0, "max_recipients"),
        (Guards(max_segments=10), CampaignTotals(segments=5), NextBatch(100, 2), 2, None),
        (Guards(max_segments=10), CampaignTotals(segments=9), NextBatch(100, 2), 0, "max_segments"),
        (
            Guards(keep_credits=10),
            CampaignTotals(credits=Decimal(100), segments_in_flight=30),
            NextBatch(100, 1),
            60,
            None,
        ),
        (Guards(keep_credits=10), CampaignTotals(credits=Decimal(10)), NextBatch(100, 1), 0, "keep_credits"),
        (Guards(keep_credits=10), CampaignTotals(), NextBatch(100, 1), 100, None),
        (Guards(keep_credits=10), CampaignTotals(requests_in_flight=1), NextBatch(100, 1), 0, None),
    ],
)
def test_as_many_go_out_as_the_guards_allow(
    guards: Guards, totals: CampaignTotals, load: NextBatch, most: int, guard: str | None
) -> None:
    found, stop = fitting(guards, totals, load)
    assert (found, None if stop is None else stop.guard) == (most, guard)


@pytest.mark.parametrize(
    ("guards", "totals", "says"),
    [
        (Guards(max_recipients=1), CampaignTotals(recipients=1), "1 recipient is the most"),
        (Guards(max_segments=1), CampaignTotals(segments=1), "1 segment is the most"),
        (Guards(keep_credits=1), CampaignTotals(credits=Decimal(1)), "1 credit is left, and 1 to be kept"),
        (Guards(keep_credits=10), CampaignTotals(credits=Decimal(5)), "5 credits are left, and 10 to be kept"),
        (Guards(stop_after_unknown=1), failed(unknown=1), "1 request ended unknown"),
        (
            Guards(stop_after_unknown=2),
            failed(unknown=2),
            "2 requests in a row ended unknown",
        ),
        (
            Guards(stop_after_refused=2),
            failed(refused=2),
            "2 requests in a row were refused",
        ),
    ],
)
def test_a_stop_says_in_words_why_it_is_one(guards: Guards, totals: CampaignTotals, says: str) -> None:
    stop = check(guards, totals, 0.0) or fitting(guards, totals, NextBatch(1, 1))[1]
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
        {"stop_after_unknown": 2.0},
        {"stop_after_refused": 0},
        {"stop_after_refused": True},
        {"allow_prefixes": ("1",)},
        {"allow_prefixes": ("+",)},
        {"allow_prefixes": ("+1x",)},
    ],
)
def test_an_option_that_can_not_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Guards(**options)


def figures(totals: CampaignTotals) -> tuple[int, int, int, int]:
    return totals.recipients, totals.segments, totals.segments_in_flight, totals.requests_in_flight


def test_a_request_counts_while_it_is_on_its_way_and_unsent_ones_no_more() -> None:
    totals = CampaignTotals()
    totals.start(100, 2)
    assert figures(totals) == (
        100,
        200,
        200,
        1,
    )
    totals.end(100, 30, 2)
    assert figures(totals) == (70, 140, 0, 0)


def test_a_run_counts_its_answers_and_its_failed_requests() -> None:
    totals = CampaignTotals()
    batch = Batch("Hello", ["+12125551234"], [0])
    for happened, answers, unknown in (
        (NotSent("refused"), 0, 0),
        (NoAnswer("reset"), 0, 1),
        (Answer(502, b""), 1, 2),
        (Answer(200, json.dumps(answered(batch.phones)).encode()), 2, 0),
    ):
        totals.learn(judge(happened, batch, 0.0))
        assert (totals.answers, totals.failures.unknown) == (answers, unknown)


def test_a_ledger_keeps_every_guard_for_a_successor() -> None:
    assert set(GuardTerms.__struct_fields__) == set(Guards.__struct_fields__)
