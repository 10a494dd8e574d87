"""Requests over time, read once each, against a count of all of them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from customersms_async import DOCUMENTED_LIMITS, Limit
from customersms_async.campaign.figures import TimeSpan
from customersms_async.campaign.rows import SeenAttempt, Timeline
from customersms_async.cli.campaign.serve.requests import MOST_READ, RequestTimes

LIMITS = (Limit(3, 1), Limit(100, 60), Limit(5_000, 3_600))
SECOND = 1_000_000


def counted(attempts: list[SeenAttempt], limits: tuple[Limit, ...] = LIMITS) -> Timeline | None:
    times = [one.began_us for one in attempts if one.left is not False]
    if not times:
        return None
    span = TimeSpan.of(min(times), max(times), limits)
    bars = [(us - span.start_us) // span.limit.window_us for us in times]
    return span.timeline((bar, len(list(same))) for bar, same in itertools.groupby(sorted(bars)))


def read(times: RequestTimes, attempts: list[SeenAttempt]) -> list[str]:
    """Have it read all, as a ledger gives it; gives the places of what is new."""
    more, news = True, []
    while more:
        after = -1 if times.last is None else times.last.number
        more, some = times.take([one for one in attempts if one.number > after][:MOST_READ])
        news += some
    return news


ATTEMPTS = st.lists(
    st.tuples(st.integers(0, 400 * SECOND), st.sampled_from([None, True, True, False])), min_size=1, max_size=60
)


@given(st.lists(ATTEMPTS, min_size=1, max_size=4), st.booleans())
def test_it_comes_to_a_count_of_all_whatever_answers_come_later(
    rounds: list[list[tuple[int, bool | None]]], answers_late: bool
) -> None:
    """As long as answers come within a quarter of an hour."""
    times, attempts, now = RequestTimes(LIMITS), list[SeenAttempt](), 1_700_000_000 * SECOND
    for made in rounds:
        for gap, left in made:
            now += gap // len(made)
            attempts.append(SeenAttempt(len(attempts), now, str(len(attempts)), left))
        read(times, attempts)
        assert times.timeline() == counted(attempts)
        if answers_late:
            for at, one in enumerate(attempts):
                if one.left is None and one.began_us > now - 600 * SECOND:
                    attempts[at] = one._replace(left=at % 2 == 0)
            read(times, attempts)
            assert times.timeline() == counted(attempts)


def test_what_is_new_or_answered_is_told_once() -> None:
    times = RequestTimes(LIMITS)
    attempts = [SeenAttempt(at, at * SECOND, f"{at}-{at}", None) for at in range(3)]
    assert read(times, attempts) == ["0-0", "1-1", "2-2"]
    assert read(times, attempts) == []
    attempts[1] = attempts[1]._replace(left=True)
    assert read(times, attempts) == ["1-1"]


def test_a_request_that_nobody_answers_holds_up_none_of_the_later_ones() -> None:
    times = RequestTimes(LIMITS)
    attempts = [SeenAttempt(0, 0, "0", None)]
    attempts += [SeenAttempt(at, 2_000 * SECOND + at, str(at), True) for at in range(1, 5)]
    read(times, attempts)
    assert times.last == attempts[0]
    attempts.append(SeenAttempt(5, 2_100 * SECOND, "5", True))
    read(times, attempts)
    assert times.last == attempts[4]
    assert times.timeline() == counted(attempts)


def test_thousands_that_nobody_answers_are_read_once() -> None:
    times = RequestTimes(LIMITS)
    attempts = [SeenAttempt(at, at, str(at), None) for at in range(3 * MOST_READ + 5)]
    read(times, attempts)
    assert times.last is not None
    assert len(attempts) - times.last.number < MOST_READ + 2
    assert times.timeline() == counted(attempts)


def test_a_window_too_short_for_a_chart_is_held_no_more() -> None:
    times = RequestTimes(LIMITS)
    attempts = [SeenAttempt(at, 1 + at * 60 * SECOND, str(at), True) for at in range(500)]
    read(times, attempts)
    assert list(times._settled) == [3_600 * SECOND]
    assert times.timeline() == counted(attempts)


def test_there_may_be_none_and_one_alone_is_a_bar() -> None:
    times = RequestTimes(DOCUMENTED_LIMITS)
    assert times.timeline() is None
    assert read(times, [SeenAttempt(0, 5, "0", False)]) == ["0"]
    assert times.timeline() is None
    read(times, [SeenAttempt(1, 7, "1", None)])
    assert times.timeline() == Timeline(DOCUMENTED_LIMITS[0], 7, [1])
