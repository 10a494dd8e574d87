"""Which guards of a campaign's last run are missed in the next one: all, as soon as there is one more."""

from __future__ import annotations

from customersms_async.cli.campaign.dropped_terms import GUARDS
from customersms_async.cli.campaign.guard_options import GuardOptions


def test_every_guard_is_missed_but_those_with_a_default_and_a_time_that_is_over() -> None:
    passed_over = {"until", "stop_after_unknown", "stop_after_refused"}
    assert set(GUARDS.values()) == set(GuardOptions().read()) - passed_over
