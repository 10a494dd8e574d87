"""How long a worker leaves a campaign alone whose run failed."""

from __future__ import annotations

from customersms_async.campaign._worker.campaign_backoff import AFTER_END_SECONDS, LONGEST_SECONDS, CampaignBackoff

SINCE = 1_700_000_000_000_000


def test_a_campaign_that_fails_again_and_again_is_tried_ever_less_often() -> None:
    backoff, now, waited = CampaignBackoff(), 100.0, []
    for _ in range(9):
        seconds = backoff.failed("spring", SINCE, now)
        assert backoff.is_left_alone("spring", SINCE, now + seconds - 0.001)
        assert not backoff.is_left_alone("spring", SINCE, now + seconds)
        waited.append(seconds)
        now += seconds
    assert waited == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_others_are_not_left_alone_for_that() -> None:
    backoff = CampaignBackoff()
    backoff.failed("spring", SINCE, 100.0)
    assert not backoff.is_left_alone("summer", SINCE, 100.0)


def test_what_is_wanted_anew_is_tried_at_once_and_its_failure_is_a_first_one() -> None:
    backoff = CampaignBackoff()
    for _ in range(5):
        backoff.failed("spring", SINCE, 100.0)
    assert not backoff.is_left_alone("spring", SINCE + 1, 100.0)
    assert backoff.failed("spring", SINCE + 1, 100.0) == 5


def test_a_run_that_ended_well_is_no_failure_and_no_tight_loop() -> None:
    backoff = CampaignBackoff()
    backoff.failed("spring", SINCE, 100.0)
    backoff.ended("spring", SINCE, 200.0)
    assert backoff.is_left_alone("spring", SINCE, 200.0 + AFTER_END_SECONDS / 2)
    assert not backoff.is_left_alone("spring", SINCE, 200.0 + AFTER_END_SECONDS)
    assert backoff.failed("spring", SINCE, 300.0) == 5


def test_what_was_not_tried_for_long_is_forgotten() -> None:
    backoff = CampaignBackoff()
    backoff.failed("spring", SINCE, 100.0)
    backoff.failed("spring", SINCE, 105.0)
    backoff.forget(115.0 + LONGEST_SECONDS - 1)
    assert backoff.failed("spring", SINCE, 500.0) == 20
    backoff.forget(520.0 + LONGEST_SECONDS)
    assert backoff.failed("spring", SINCE, 900.0) == 5
