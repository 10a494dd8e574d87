"""The time to the end of a send: by the quota, and by how fast the gateway answers."""

from __future__ import annotations

import pytest

from customersms_async.cli.send.time_left import TimeLeft, waits_for_quota
from customersms_async.models import Limit, LimitStatus, QuotaStatus, Status
from support.drawn_screens import progress


def quota(free: int, paused: float = 0.0) -> QuotaStatus:
    limit = Limit(100, 60)
    return QuotaStatus((LimitStatus(limit, 100 - free, free, 1.0),), {}, paused)


def test_a_slow_gateway_makes_it_longer_than_the_quota_asks_for() -> None:
    """Of 1,000 texts, 10 were answered in 11 seconds: 18 minutes are left, whatever the quota says."""
    now = 0.0
    left = TimeLeft(lambda: now)
    now = 11.0
    assert left.seconds(progress({Status.ACCEPTED: 10}, 1_000), quota(90), 0.0) == pytest.approx(1_089.0)
    assert left.seconds(progress({Status.ACCEPTED: 10}, 1_000), quota(90), 3_600.0) == 3_600.0


def test_the_time_that_the_quota_takes_is_not_taken_for_the_gateway_s() -> None:
    now = 0.0
    left = TimeLeft(lambda: now)
    for at, status in ((1.0, quota(90)), (50.0, quota(0)), (60.0, quota(50, paused=5.0)), (61.0, quota(99))):
        now = at
        seconds = left.seconds(progress({Status.ACCEPTED: 100}, 200), status, 1.0)
    assert seconds == 2.0


def test_nobody_knows_before_the_first_answer() -> None:
    left = TimeLeft(lambda: 0.0)
    assert left.seconds(progress({}, 10), quota(90), 0.0) is None
    assert left.seconds(progress({Status.UNSENT: 3}, 10), quota(90), 0.0) is None, "these never left"


def test_a_pause_and_a_limit_that_is_nearly_used_up_are_the_quota_s() -> None:
    assert [waits_for_quota(each) for each in (quota(90), quota(11), quota(10), quota(90, paused=0.1))] == [
        False,
        False,
        True,
        True,
    ]
