"""The command before a gateway at which everything fails: how it ends, and how it goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Fault
from support.command_results import count, spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox
    from support.command import Commands

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

FAST = ("--yes", "--pace", "none", "--limit", "100000/60")
SEND = ("send", "--file", "people.csv", "--message", "Hi", *FAST)
CAMPAIGN = ("campaign", "run", "--ledger", "l", *FAST)


@pytest.mark.parametrize(
    ("fault", "guard", "status"),
    [
        (Fault.STATUS_502, "stop-after-unknown", "unknown"),
        (Fault.HTML_FATAL, "stop-after-unknown", "unknown"),
        (Fault.STATUS_403, "stop-after-refused", "rejected"),
        (Fault.STATUS_404, "stop-after-refused", "rejected"),
    ],
)
def test_a_file_of_which_everything_fails_is_stopped(
    customersms: Commands, serve: Serve, fault: Fault, guard: str, status: str
) -> None:
    gateway, there = serve()
    gateway.misbehave(lambda request: fault if request > 2 else None)
    customersms.people(6_000)
    ended = customersms(*SEND, "--json", **there)
    outcomes, summary = spoken(ended.out)
    assert 2 + 5 <= gateway.requests <= 2 + 8 + 5
    assert (ended.status, summary["exit_status"]) == (1, 1)
    assert summary["error"].startswith(f"stopped before the next request by --{guard}: 5 requests in a row ")
    assert summary[status] == 100 * (gateway.requests - 2)
    assert summary["accepted"] == 200
    assert {o["code"] for o in outcomes if o["status"] == "unsent"} == {"STOPPED"}
    assert len(outcomes) + summary["not_read"] == 6_000
    assert "To go on, once that is mended: nothing went out to those who" in ended.words


def test_a_file_goes_on_through_failures_with_both_guards_off(customersms: Commands, serve: Serve) -> None:
    gateway, there = serve()
    gateway.misbehave(lambda request: Fault.STATUS_502 if request % 30 < 15 else Fault.STATUS_404)
    customersms.people(120)
    off = ("--stop-after-unknown", "none", "--stop-after-refused", "none", "--batch-size", "2")
    ended = customersms(*SEND, *off, **there)
    assert (ended.status, gateway.requests) == (3, 60)
    assert count(ended, "unsent") == 0


def test_requests_that_are_refused_whole_stop_it_and_who_was_refused_can_be_planned_again(
    customersms: Commands, serve: Serve
) -> None:
    gateway, there = serve()
    gateway.misbehave(lambda _: Fault.STATUS_403)
    customersms.people(600)
    ended = customersms(*CAMPAIGN, "people.csv", "--message", "Hi {name}", "--stop-after-refused", "3", **there)
    assert ended.status == 4
    assert 3 <= gateway.requests <= 8 + 3
    assert "stopped before the next request: 3 requests in a row were refused (the last: " in ended.words
    assert "Who is rejected got nothing, and is not sent to again: see campaign resolve" in ended.words
    assert "--stop-after-refused 3" in ended.out.partition("To go on, once the gateway is well:")[2]
    counts = json.loads(customersms("campaign", "status", "--ledger", "l", "--json").out)
    assert counts["rejected"] == gateway.requests, "every text is another, and so has a request of its own"
    assert counts["planned"] == 600 - gateway.requests
    gateway.misbehave(())
    resolved = customersms(
        "campaign", "resolve", "--ledger", "l", "--status", "rejected", "--as", "planned", "--by", "Ann"
    )
    assert resolved.status == 0
    assert customersms(*CAMPAIGN, **there).status == 0
    assert (len(gateway.texts), gateway.duplicates()) == (600, ())
