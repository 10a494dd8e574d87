"""The account of a key: its figure, from answers that overtake each other, and its last answer."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.account import Account


class Said(NamedTuple):
    """An answer's figure, when its request was sent, and when it came."""

    figure: int | None
    sent_us: int
    came_us: int


def learned(answers: list[Said]) -> list[Decimal | None]:
    account, known = Account(), list[Decimal | None]()
    for figure, sent_us, came_us in answers:
        account.learn(None if figure is None else Decimal(figure), sent_us, came_us)
        known.append(account.remaining)
    return known


def test_nothing_is_known_at_first() -> None:
    account = Account()
    assert (account.remaining, account.answered_at_us, account.status_code) == (None, None, None)


def test_the_last_answer_is_known_with_its_status() -> None:
    account = Account()
    account.answered(200, 5)
    account.answered(429, 7)
    assert (account.answered_at_us, account.status_code, account.remaining) == (7, 429, None)


@pytest.mark.parametrize(
    ("answers", "figures"),
    [
        ([Said(98, 0, 10)], [98]),
        ([Said(98, 0, 10), Said(97, 20, 30)], [98, 97]),
        ([Said(98, 0, 10), Said(500, 20, 30)], [98, 500]),
        ([Said(98, 0, 10), Said(97, 5, 30)], [98, 97]),
        ([Said(97, 0, 10), Said(98, 5, 30)], [97, 97]),
        ([Said(97, 0, 10), Said(98, 5, 30), Said(500, 20, 40)], [97, 97, 500]),
        ([Said(98, 0, 10), Said(97, 5, 30), Said(500, 20, 40)], [98, 97, 97]),
        ([Said(98, 0, 10), Said(None, 20, 30)], [98, 98]),
        ([Said(None, 0, 10), Said(0, 1, 30)], [None, 0]),
        ([Said(0, 0, 10), Said(-5, 5, 30), Said(3, 6, 40)], [0, -5, -5]),
    ],
)
def test_a_later_request_replaces_the_figure_and_of_two_at_once_the_lower_stays(
    answers: list[Said], figures: list[int | None]
) -> None:
    assert learned(answers) == figures


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(-5, 100)),
        unique_by=(lambda said: said[0], lambda said: said[2]),
    )
)
def test_any_order_of_answers_keeps_to_the_rule(spans: list[tuple[int, int, int]]) -> None:
    """*An answer replaces the figure if its request was sent after the answer that gave the figure had come; otherwise
    the lower of the two stays.*"""  # fmt: skip
    answers = sorted((Said(n, 2 * sent - 1, 2 * (sent + took)) for sent, took, n in spans), key=lambda s: s.came_us)
    known: Said | None = None
    expected = []
    for said in answers:
        assert said.figure is not None
        if known is None or said.sent_us > known.came_us or said.figure < (known.figure or 0):
            known = said
        expected.append(known.figure)
    assert learned(answers) == expected


@given(st.lists(st.tuples(st.integers(-5, 100), st.integers(0, 50), st.integers(0, 50), st.booleans()), max_size=8))
def test_an_account_that_rests_now_and_then_knows_what_one_knows_that_never_does(
    answers: list[tuple[int, int, int, bool]],
) -> None:
    rests, never = Account("url"), Account("url")
    for figure, sent_us, took_us, has_status in answers:
        for account in (rests, never):
            account.learn(Decimal(figure) / 4, sent_us, sent_us + took_us)
            if has_status:
                account.answered(200, sent_us + took_us)
        rests.rest(0)
        assert facts(rests) == facts(never)
        assert str(rests.remaining) == str(never.remaining)


def facts(account: Account) -> tuple[object, ...]:
    return account.url, account.remaining, account.answered_at_us, account.status_code


def test_an_account_rests_once_nothing_has_become_unknown_within_the_hour() -> None:
    account = Account()
    account.rest(0)
    assert account.unknown_last_hour(0) == 0
    account.count_unknown(3, 0)
    account.rest(3_599_999_999)
    assert account.unknown_last_hour(3_599_999_999) == 3
    account.rest(3_600_000_000)
    account.rest(3_600_000_001)
    assert account.unknown_last_hour(3_599_999_999) == 0, "it rests"
    account.count_unknown(2, 3_600_000_002)
    assert account.unknown_last_hour(3_600_000_002) == 2
