"""What a run does about who was left unsent: every code that may come has its line, and the gravest one counts."""

from __future__ import annotations

import itertools

import pytest

from customersms_async.campaign.states import SKIPS
from customersms_async.campaign.unsent_rules import UNSENT, UnsentStep, gravest, markdown, next_of
from customersms_async.models import Code, Outcome, Status
from support.places import DOCS

NEVER = {
    *(Code.INVALID_PHONE, Code.INVALID_MESSAGE, Code.DUPLICATE),  # skipped as they are added
    *(Code.NO_ANSWER, Code.UNREADABLE_ANSWER, Code.INTERRUPTED),  # unknown
    Code.IDEMPOTENCY_MISMATCH,  # a campaign has no idempotency keys
}
"""The codes that nobody who is planned is left unsent with."""


def unsent(code: str | None) -> Outcome:
    return Outcome(0, "+12125551234", Status.UNSENT, None, "no", code)


def test_every_code_that_may_come_has_its_line() -> None:
    assert set(UNSENT) == set(Code) - NEVER


def test_only_an_outage_and_the_quota_pause_a_run() -> None:
    pausing = {code for code, rule in UNSENT.items() if rule.next is UnsentStep.PAUSE}
    assert pausing == {Code.CONNECTION_FAILED, Code.RATE_LIMITED, Code.QUOTA_EXCEEDED}


def test_who_is_skipped_has_a_move_in_the_ledger() -> None:
    assert {code for code, rule in UNSENT.items() if rule.next is UnsentStep.SKIP} == set(SKIPS)


@pytest.mark.parametrize("code", ["SOMETHING_NEW", "", None])
def test_a_code_that_nobody_has_thought_of_ends_the_run_with_everyone_planned(code: str | None) -> None:
    assert next_of(code) is UnsentStep.STOP


@pytest.mark.parametrize("codes", list(itertools.permutations(["CERTIFICATE_REFUSED", "RATE_LIMITED", "STOPPED"])))
def test_the_gravest_counts_in_whatever_order_they_come(codes: tuple[str, ...]) -> None:
    assert gravest(map(unsent, codes)).code == "CERTIFICATE_REFUSED"
    assert gravest(map(unsent, [code for code in codes if code != "CERTIFICATE_REFUSED"])).code == "RATE_LIMITED"


def test_the_table_of_the_docs_is_this_one() -> None:
    assert f"\n\n{markdown()}\n\n" in (DOCS / "campaigns.md").read_text(encoding="utf-8")
