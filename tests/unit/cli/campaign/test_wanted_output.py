"""What is wanted, as ``campaign status`` says it to people: whatever a ledger holds, it can be shown."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from customersms_async import Limit
from customersms_async.campaign.guards import GuardTerms
from customersms_async.campaign.terms import CapTerms
from customersms_async.campaign.wanted import WantedNow
from customersms_async.campaign.wanted_states import Wanted, WantedEvent
from customersms_async.cli.campaign.wanted_output import wanted_lines, wanted_object
from customersms_async.testing._contract.ledger_hosts import TERMS


def now(**changes: object) -> WantedNow:
    found = WantedNow(state=Wanted.RUN, event=WantedEvent.BEGUN, since_us=0, by="process 1 on here", terms=TERMS)
    return msgspec.structs.replace(found, **changes)


def test_terms_are_told_with_no_line_for_what_there_is_not() -> None:
    guards = GuardTerms(keep_credits=Decimal(500), stop_after_unknown=5, allow_prefixes=("+1", "+44"))
    caps = CapTerms(name="news", per_number=(Limit(2, 600),), per_prefix={"+882": (Limit(1, 60), Limit(9, 600))})
    terms = msgspec.structs.replace(TERMS, key_label="tenant-42", guards=guards, caps=caps)
    head, *lines = wanted_lines(now(terms=terms))
    assert head.endswith(", by process 1 on here: a person's program runs it")
    assert lines == [
        "  key: tenant-42, fingerprint 0123456789abcdef01234567",
        "  URL: https://sms.example.com/api.php",
        "  limits: 100/60, 5,000/3600, 50,000/86400",
        "  pace: none",
        "  guards: keep_credits 500, stop_after_unknown 5, allow_prefixes +1 +44",
        "  caps: news: per_number 2/600, +882 1/60, 9/600",
        "  suppression: none",
    ]


def test_a_ledger_that_nobody_was_added_to_says_nothing() -> None:
    assert wanted_lines(None) == []
    assert wanted_object(None) is None


def test_what_has_no_terms_yet_has_one_line() -> None:
    (line,) = wanted_lines(now(state=Wanted.DRAFT, event=WantedEvent.ADDED, by="", terms=None))
    assert line.startswith("wanted: draft, since ")
    assert line.endswith("00: recipients are added")


@pytest.mark.parametrize("until", [1e300, -1e300, float("inf"), -62_135_596_800.0])
def test_a_time_beyond_all_calendars_is_shown_as_a_number(until: float) -> None:
    terms = msgspec.structs.replace(TERMS, guards=GuardTerms(until_unix=until))
    assert any("until " in line for line in wanted_lines(now(terms=terms)))


@pytest.mark.parametrize("since_us", [2**63 - 1, -(2**63)])
def test_a_ledger_that_is_wanted_since_beyond_all_calendars_is_shown(since_us: int) -> None:
    assert wanted_lines(now(since_us=since_us))
    told = wanted_object(now(since_us=since_us))
    assert told is not None
    assert told["since"] is None


def test_what_anybody_may_have_written_does_nothing_to_a_terminal() -> None:
    lines = wanted_lines(now(by="\x1b[31mAnn\u202e", why="\x07", guard="\x00"))
    assert all(line.isprintable() for line in lines)
