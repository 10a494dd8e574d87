"""Promise 4, over everything that can happen to two callers and a person.

*Of all calls with one idempotency key, in any number of processes that share the store, at most one text leaves within
`keep`, as long as the store keeps what it acknowledged and unless a person says otherwise; each of them ends with the
outcome of that one; if nobody can know it, each ends as unknown.*
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async._core import idempotency_record as rule
from customersms_async._core.idempotency_states import KeyEvent, KeyState
from support.idempotency_model import KEEP_US, DoubleError, Model, Rules

if TYPE_CHECKING:
    from customersms_async._core.idempotency_record import Claim, KeyRecord

pytestmark = pytest.mark.at_length


class AnybodyClaims(Rules):
    def may_claim(self, record: KeyRecord | None, claim: Claim) -> bool:
        return True


class AnybodyEnds(Rules):
    def ended(self, record: KeyRecord | None, claim: bytes, event: KeyEvent, now_us: int) -> KeyRecord | None:
        return super().ended(record, record.claim if record else claim, event, now_us)


class AnyClaimIsResolved(Rules):
    def resolved(self, record: KeyRecord | None, claim: bytes, event: KeyEvent, now_us: int) -> KeyRecord | None:
        return super().resolved(record, record.claim if record else claim, event, now_us)


class ResolvedAtOnce(Rules):
    def resolved(self, record: KeyRecord | None, claim: bytes, event: KeyEvent, now_us: int) -> KeyRecord | None:
        return super().resolved(record, claim, event, now_us + rule.UNSENT_AFTER_US)


class LapsedIsFree(Rules):
    def as_of(self, record: KeyRecord | None, now_us: int) -> KeyRecord | None:
        found = super().as_of(record, now_us)
        return None if found is not None and found.state is KeyState.INTERRUPTED else found


class KeptForHalfTheTime(Rules):
    keep_us = KEEP_US // 2


class DeadlineIsNotLookedAt(Rules):
    looks_before_leaving = False


class ClaimsAreUsedAgain(Rules):
    reuses_claims = True


def test_at_most_one_text_leaves_whatever_happens() -> None:
    model = Model(Rules())
    model.explore()
    assert (KeyState.ACCEPTED, True) in model.ends
    assert (KeyState.ACCEPTED, False) not in model.ends
    assert {state for state, _ in model.ends} >= {KeyState.INTERRUPTED, KeyState.UNKNOWN, KeyState.ACCEPTED}


@pytest.mark.parametrize("rules", Rules.__subclasses__())
def test_with_any_rule_removed_somebody_gets_two_texts(rules: type[Rules]) -> None:
    with pytest.raises(DoubleError):
        Model(rules()).explore()
