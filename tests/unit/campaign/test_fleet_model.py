"""Every history of one recipient and two hosts on one database, whatever befalls them; then without each rule.

A host dies, stands still for longer than its lease or its request's time, or can't reach the database, and goes on
when others have taken it for dead; a call is lost, comes late, or comes twice, as its reply was lost; an answer comes
late; a person decides, pauses and resumes; another server takes over, which lacks the last commits.

The promise: no second request ever contains a recipient of the campaign unless the first was proven not accepted or a
named person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at most
requests in flight times batch size per crash. From every world there is a way to such an end.

It is the promise of ``test_model.py``, whose world is a ledger in a file; both move by the package's own tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.fleet_model import explore
from support.fleet_rules import EVERY_BOUND, RULES

if TYPE_CHECKING:
    from support.fleet_world import Bounds


@pytest.mark.parametrize("within", EVERY_BOUND.values(), ids=EVERY_BOUND)
def test_nobody_is_sent_to_twice_and_nothing_is_lost_whatever_befalls_the_hosts(within: Bounds) -> None:
    assert explore(frozenset(RULES), within) == set()


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_something_goes_wrong(rule: str) -> None:
    wrong, within = RULES[rule]
    assert wrong in explore(frozenset(RULES) - {rule}, within, wrong)
