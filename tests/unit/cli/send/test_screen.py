"""What a person sees while a send runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.formats import length
from customersms_async.cli.send.screen import Screen, quota_line
from customersms_async.models import DOCUMENTED_LIMITS, Limit, LimitStatus, QuotaStatus, Status
from support.drawn_screens import console, drawn, progress, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from customersms_async.cli.send.sending import Progress


def quota(limits: Sequence[Limit] = DOCUMENTED_LIMITS, used: int = 3) -> QuotaStatus:
    return QuotaStatus(tuple(LimitStatus(limit, used, limit.requests - used, 1.0) for limit in limits), {}, 0.0)


def screen(to: Console, shows: Progress, left: float | None, status: QuotaStatus | None) -> Screen:
    made = Screen(to)
    made.changed(shows)
    made._quota, made._left = status, left
    return made


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("left", [None, 0.0, 3_725.0, 500_000.0])
def test_the_picture_fits_and_has_everything_in_it(width: int, left: float | None) -> None:
    counts = {Status.ACCEPTED: 400_000, Status.REJECTED: 5, Status.UNKNOWN: 0, Status.UNSENT: 1_234}
    made = screen(console(width, terminal=True), progress(counts, 1_000_000), left, quota())
    shown = words(drawn(made.picture(), width))
    assert "401,239 of 1,000,000" in shown
    assert "accepted 400,000 rejected 5 unknown 0 unsent 1,234" in shown
    assert "· 40,124 a second" in shown
    assert "left: 97 of 100 in 1 min · 4,997 of 5,000 in 1 h · 49,997 of 50,000 in 1 d" in shown
    if left is not None:
        assert f"{length(left)} to go, until " in shown
    assert "━" in shown


def test_the_picture_says_that_it_is_stopping() -> None:
    made = screen(console(terminal=True), progress({Status.ACCEPTED: 3}, 10), 60.0, quota())
    made.interrupted()
    assert "3 of 10, stopping: waiting for answers" in drawn(made.picture())


def test_without_a_terminal_the_interruption_is_a_line() -> None:
    to = console()
    made = screen(to, progress({Status.ACCEPTED: 3}, 10), 60.0, quota())
    made.interrupted()
    assert "waiting for the requests in flight; once more stops at once" in to.export_text()


def test_the_plain_line_is_one_line_with_everything_in_it() -> None:
    made = screen(console(), progress({Status.ACCEPTED: 30, Status.UNSENT: 1}, 1_000), 75.0, quota([Limit(100, 60)]))
    shown = made._plain()
    assert re.fullmatch(
        r"31 of 1,000, 1 min 15 s to go, until \d\d:\d\d:\d\d: 30 accepted, 0 rejected, 0 unknown, 1 unsent;"
        r" 3 a second; left: 97 of 100 in 1 min",
        shown,
    )


def test_a_plain_line_comes_every_few_seconds_and_not_more_often() -> None:
    to, now = console(), 100.0
    with Screen(to, lambda: now) as made:
        made.look(quota(), 60.0)
        made.changed(progress({Status.ACCEPTED: 30}, 1_000))
        now = 104.9
        for _ in range(5):
            made.look(quota(), 60.0)
        assert to.export_text(clear=False) == ""
        now = 105.0
        for _ in range(5):
            made.look(quota(), 600.0)
    assert to.export_text().count("30 of 1,000, 10 min to go") == 1


def test_a_pause_that_the_gateway_asked_for_is_shown_with_its_end() -> None:
    paused = QuotaStatus(quota().limits, {}, 56.0)
    made = screen(console(), progress({}, 299), None, paused)
    shown = made._plain()
    assert re.match(r"0 of 299, the gateway's 429 pauses everything until \d\d:\d\d:\d\d \(56 s\): 0 accepted", shown)


def test_before_the_first_answer_nobody_says_when_it_will_end() -> None:
    to, now = console(), 100.0
    with Screen(to, lambda: now) as made:
        made.changed(progress({Status.UNSENT: 1}, 300))
        now = 110.0
        made.look(quota(), 0.0)
    assert "1 of 300, no answer yet: 0 accepted" in to.export_text()


def test_what_is_known_of_the_end_counts_more_than_the_rate() -> None:
    to, now = console(), 100.0
    with Screen(to, lambda: now) as made:
        made.changed(progress({Status.ACCEPTED: 30}, 300))
        now = 110.0
        made.look(quota(), 0.0, 7_200.0)
    assert "30 of 300, 2 h to go, until " in to.export_text()


def test_a_long_plain_line_is_not_broken() -> None:
    to, now = console(40), 100.0
    with Screen(to, lambda: now) as made:
        made.changed(progress({Status.ACCEPTED: 30}, 1_000))
        now = 105.0
        made.look(quota(), 60.0)
    assert to.export_text().count("\n") == 1


def test_what_is_left_is_told_of_every_limit() -> None:
    assert quota_line(quota([Limit(5, 0.5), Limit(1_000, 7_200)])) == "2 of 5 in 0.5 s · 997 of 1,000 in 2 h"
