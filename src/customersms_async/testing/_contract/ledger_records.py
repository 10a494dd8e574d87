"""What became of a request is recorded in a campaign ledger, once, for each of its recipients."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ..._core.rulings import Ruling
from ...campaign.rows import Doubt, Intent
from ...campaign.states import State
from ...models import DOCUMENTED_LIMITS, Code, Status
from .ledger_hosts import (
    ACCEPTED,
    PAUSE,
    PLANNED,
    SENDING,
    TIMEOUT,
    LedgerTest,
    begun,
    entries,
    found,
    outcome,
    phone,
    ruling,
)

if TYPE_CHECKING:
    from .ledger_hosts import LedgerHosts

EVERY = (Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT)
"""All that can become of a recipient."""


class LedgerRecordContract(LedgerTest):
    """Every recipient of an attempt ends as its outcome says."""

    def test_each_outcome_leads_to_its_state_with_its_code_its_words_and_its_message_s_id(self) -> None:
        """Who was left unsent is planned again, with nothing left of that; every host sees it."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(5)
            intent = await begun(ledger, range(4))
            hosts.clock.us += 7
            await ledger.record(intent, ruling(range(4), *EVERY))
            assert [
                (e.state, e.code, e.error, e.message_id, e.attempts, e.updated_us)
                for e in (await entries(await hosts.open()))[:4]
            ] == [
                (State.ACCEPTED, None, None, "m0", 1, hosts.clock.us),
                (State.REJECTED, "NOT_ALLOWED", "words 1", None, 1, hosts.clock.us),
                (State.UNKNOWN, Code.NO_ANSWER, "words 2", None, 1, hosts.clock.us),
                (State.PLANNED, None, None, None, 1, hosts.clock.us),
            ]
            assert [each.id for each in await ledger.planned(0)] == [3, 4]
            assert await self.rows_in("answers") in (1, None)

        self.check(test)

    def test_who_was_left_unsent_is_sent_to_by_the_next_attempt(self) -> None:
        """However often that is."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(2)
            for _ in range(4):
                await ledger.record(await begun(ledger, [0, 1]), ruling([0, 1], Status.UNSENT))
            await ledger.record(await begun(ledger, [1, 0]), ruling([1, 0], Status.ACCEPTED))
            assert await found(ledger) == [ACCEPTED] * 2
            assert [e.attempts for e in await entries(ledger)] == [5, 5]

        self.check(test)

    def test_an_attempt_is_recorded_once(self) -> None:
        """What is said of it again changes nothing, be it the same or something else, of whoever says it."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(4)
            intent = await begun(ledger, range(4))
            await ledger.record(intent, ruling(range(4), *EVERY))
            before = await entries(ledger)
            hosts.clock.us += 1_000
            for again in (EVERY, EVERY[::-1], (Status.ACCEPTED,), (Status.REJECTED,)):
                await ledger.record(intent, ruling(range(4), *again))
                assert await entries(ledger) == before
            newer = await begun(ledger, [3])
            await ledger.record(intent, ruling(range(4), Status.ACCEPTED))
            assert (await found(ledger))[3] == SENDING
            await ledger.record(newer, ruling([3], Status.UNSENT))
            assert (await found(ledger))[3] == PLANNED
            assert await ledger.doubles() == []
            assert await self.rows_in("answers") in (2, None)

        self.check(test)

    def test_what_is_recorded_of_an_intent_that_never_began_changes_nothing(self) -> None:
        """As where its request was held back."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(2)
            await begun(ledger, [0])
            before = await entries(ledger)
            for status in EVERY:
                await ledger.record(Intent([0, 1], None, TIMEOUT), ruling([0, 1], status))
            assert await entries(ledger) == before
            assert await self.rows_in("answers") in (0, None)

        self.check(test)

    def test_words_of_others_come_back_as_they_were(self) -> None:
        """Whatever a gateway writes: NUL, what no font has, and very much of it."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(4)
            odd = ["a\0b\0", "✋\U0010ffff\u202e", "x" * 10_000, "'; -- %s \\"]
            await ledger.record(
                await begun(ledger, [0, 1, 2]),
                Ruling([outcome(number, Status.REJECTED, odd[number], odd[number]) for number in range(3)]),
            )
            await ledger.record(await begun(ledger, [3]), Ruling([outcome(3, Status.ACCEPTED, None, "✋\0" + odd[3])]))
            there = await entries(ledger)
            assert [(e.code, e.error) for e in there[:3]] == [(each, each) for each in odd[:3]]
            assert there[3].message_id == "✋\0" + odd[3]
            assert {count.code for count in await ledger.counts()} == {*odd[:3], ""}

        self.check(test)

    def test_what_was_on_its_way_when_it_was_paused_is_recorded(self) -> None:
        """And what is left unsent stays planned."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(3)
            intent = await begun(ledger, range(2))
            await ledger.want(PAUSE)
            await ledger.record(intent, ruling(range(2), Status.ACCEPTED, Status.UNSENT))
            assert await found(ledger) == [ACCEPTED, PLANNED, PLANNED]

        self.check(test)

    def test_who_is_unknown_is_listed_with_what_a_person_can_judge_it_by(self) -> None:
        """The credits before and after, when the request began, how many were in it."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(3)
            hosts.clock.us += 11
            began_us = hosts.clock.us
            intent = await begun(ledger, [2, 0], Decimal("1200.50"))
            hosts.clock.us += 11
            outcomes = ruling([2, 0], Status.UNKNOWN, Status.ACCEPTED).outcomes
            await ledger.record(intent, Ruling(outcomes, status_code=502, remaining_credits=Decimal("1199.5")))
            doubt = Doubt(phone(2), Code.NO_ANSWER, "words 2", 1, began_us, "1200.50", "1199.5", 2)
            assert await (await hosts.open()).doubts() == [doubt]
            await ledger.record(await begun(ledger, [1]), ruling([1], Status.UNKNOWN))
            first, second = await ledger.doubts()
            assert (first.phone, first.credits_before, first.credits_after) == (phone(1), None, None)
            assert second == doubt

        self.check(test)

    def test_requests_are_told_by_time_and_recipients_by_calling_code(self) -> None:
        """What provably never left is no request."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(5)
            assert await ledger.timeline(DOCUMENTED_LIMITS) is None
            began_us = hosts.clock.us
            for number, status in enumerate((Status.ACCEPTED, Status.UNSENT, Status.UNKNOWN, Status.REJECTED)):
                intent = await begun(ledger, [number])
                hosts.clock.us += 100_000
                answer = ruling([number], status).outcomes
                await ledger.record(intent, Ruling(answer, status_code=None if status is Status.UNSENT else 200))
            told = await ledger.timeline(DOCUMENTED_LIMITS)
            assert told is not None
            assert (told.start_us, sum(told.requests), told.limit in DOCUMENTED_LIMITS) == (began_us, 3, True)
            ((code, states),) = await ledger.by_calling_code()
            assert code == "+1"
            expected = {State.ACCEPTED: 1, State.PLANNED: 2, State.UNKNOWN: 1, State.REJECTED: 1}
            assert {state: count for state, count in states.items() if count} == expected

        self.check(test)
