"""Every history of one recipient and two runners, whatever befalls them; then without each rule.

A runner crashes, is cancelled, or is stopped and goes on when others have taken it for dead, before its request has
left or after, and then tells what it knows; the number is suppressed, in the ledger or on the client's list; a cap has
no room for its text; a person decides, has it sent again, adds it once more, pauses the campaign and resumes it; the
ledger is moved without its ``-wal``.
In a campaign with hours and an expiry, the recipient is added later, hours begin and end at any moment, the time runs
out, and a person has it sent to all the same, with a later expiry.

The promise: no second request ever contains a recipient of the campaign unless the first was proven not accepted or a
named person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at most
requests in flight times batch size per crash. And no request begins after a pause was acknowledged: one that had its
intent by then may still leave. No text leaves out of hours or after its time has run out, whoever waits is not lost,
and a campaign is not done while anybody is planned.

The model is small and looks at everything: it moves by the package's own table of states, and each of its rules is one
that ``runner``, ``attempt``, ``moves``, ``file`` and ``lock`` keep. Without the rule it finds the duplicate, or the
loss, that it prevents.
"""

from __future__ import annotations

import pytest

from support.campaign_model import explore
from support.campaign_world import RULES


def test_nobody_is_sent_to_twice_and_nothing_is_lost_whatever_happens() -> None:
    assert explore(frozenset(RULES)) == set()


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_something_goes_wrong(rule: str) -> None:
    assert RULES[rule] in explore(frozenset(RULES) - {rule}, RULES[rule])
