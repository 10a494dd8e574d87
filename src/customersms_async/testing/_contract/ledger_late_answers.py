"""An answer that comes after its host was taken for lost is evidence, and beats what was taken for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...campaign.rows import Intent, SuppressedMeanwhileError
from ...campaign.states import SAYS, State
from ...campaign.wanted import WantedChange
from ...campaign.wanted_states import Wanted, WantedEvent
from ...errors import LedgerError
from ...models import Code, Status
from .ledger_hosts import (
    ACCEPTED,
    CAPPED,
    CUT_OFF,
    PLANNED,
    SENDING,
    SUPPRESSED,
    TIMEOUT,
    LedgerTest,
    begun,
    entries,
    found,
    outcome,
    phone,
    refused,
    ruling,
)
from .ledger_records import EVERY

if TYPE_CHECKING:
    from ...campaign.protocol import CampaignLedger
    from .ledger_hosts import LedgerHosts

TEN_MINUTES_US = 600_000_000
FOUND_ACCEPTED = [SAYS[State.ACCEPTED]["unknown"]]
SEND_AGAIN = [SAYS[State.PLANNED]["unknown"]]
_NO_ANSWER = (State.UNKNOWN, Code.NO_ANSWER)
_REJECTED = (State.REJECTED, "NOT_ALLOWED")


class LedgerLateAnswerContract(LedgerTest):
    """Each row of the rule of late answers."""

    def test_a_late_answer_says_what_became_of_who_was_taken_for_lost(self) -> None:
        """Accepted, rejected, or planned again; an answer that is none leaves them unknown, with its own code."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(4)
            hosts.clock.us += 3
            await first.record(intent, ruling(range(4), *EVERY))
            assert await found(second) == [ACCEPTED, _REJECTED, _NO_ANSWER, PLANNED]
            told = [(e.error, e.message_id, e.attempts) for e in await entries(second)]
            assert told == [(None, "m0", 1), ("words 1", None, 1), ("words 2", None, 1), (None, None, 1)]
            assert [e.updated_us for e in await entries(second)][:2] == [hosts.clock.us] * 2
            assert await second.doubles() == []
            assert await self.rows_in("answers") in (1, None)
            await begun(second, [3])
            assert (await entries(second))[3].attempts == 2

        self.check(test)

    def test_a_late_answer_counts_once(self) -> None:
        """What comes after it changes nothing."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(4)
            await first.record(intent, ruling(range(4), *EVERY))
            before = await entries(second)
            for again in (EVERY, EVERY[::-1], (Status.ACCEPTED,)):
                await first.record(intent, ruling(range(4), *again))
                assert await entries(second) == before
            assert await self.rows_in("answers") in (1, None)

        self.check(test)

    def test_a_late_answer_counts_when_its_host_has_come_back(self) -> None:
        """And runs the campaign again before it is heard."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(3)
            await second.leave_running()
            await first.become_runner()
            await first.record(intent, ruling(range(3), Status.ACCEPTED, Status.UNSENT, Status.UNKNOWN))
            assert await found(second) == [ACCEPTED, PLANNED, _NO_ANSWER]

        self.check(test)

    def test_who_is_unknown_by_a_late_answer_may_be_planned_at_once(self) -> None:
        """Its host has come to its end, and does not go on; the others of it wait."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(2)
            await refused(LedgerError, second.resolve(SEND_AGAIN, None, "Ann"))
            await first.record(intent, ruling(range(2), Status.UNKNOWN))
            assert await second.resolve(SEND_AGAIN, None, "Ann") == 2
            assert await found(second) == [PLANNED] * 2

        self.check(test)

    def test_that_a_text_was_accepted_beats_the_person_who_planned_it_again(self) -> None:
        """Any other late answer changes nothing: they are planned, as the person said."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(4)
            hosts.clock.us += TEN_MINUTES_US
            assert await second.resolve(SEND_AGAIN, None, "Ann") == 4
            await first.record(intent, ruling(range(4), *EVERY))
            assert await found(second) == [ACCEPTED, PLANNED, PLANNED, PLANNED]
            assert (await entries(second))[0].message_id == "m0"
            assert await second.doubles() == []

        self.check(test)

    def test_that_a_text_was_accepted_beats_a_later_request_that_never_left(self) -> None:
        """The recipients would be sent to a second time, as they are planned again."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(2)
            hosts.clock.us += TEN_MINUTES_US
            await second.resolve(SEND_AGAIN, None, "Ann")
            await second.record(await begun(second, [0, 1]), ruling([0, 1], Status.UNSENT))
            await first.record(intent, ruling([0, 1], Status.ACCEPTED, Status.UNSENT))
            assert await found(second) == [ACCEPTED, PLANNED]
            assert await second.doubles() == []

        self.check(test)

    def test_a_request_that_was_to_leave_for_who_was_accepted_by_a_late_answer_goes_without_them(self) -> None:
        """The intent names them, as it does who was suppressed, and the others stay planned."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(4)
            hosts.clock.us += TEN_MINUTES_US
            assert await second.resolve(SEND_AGAIN, None, "Ann") == 4
            await first.record(intent, ruling(range(4), *EVERY))
            await second.suppress([phone(3)], "a list")
            error = await refused(SuppressedMeanwhileError, second.begin(Intent([0, 1, 2, 3], None, TIMEOUT)))
            assert error.ids == {0, 3}
            assert await found(second) == [ACCEPTED, PLANNED, PLANNED, SUPPRESSED]
            await begun(second, [1, 2])

        self.check(test)

    def test_a_campaign_that_has_ended_goes_on_once_it_is_known_that_somebody_was_not_sent_to(self) -> None:
        """Nobody said to stop, so that *run* is wanted again, on the terms that stood."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(2)
            await second.want(WantedChange(event=WantedEvent.FINISHED))
            assert await _wanted(second) is Wanted.DONE
            await first.record(intent, ruling(range(2), Status.ACCEPTED, Status.UNSENT))
            assert await found(second) == [ACCEPTED, PLANNED]
            assert await _wanted(second) is Wanted.RUN

        self.check(test)

    def test_whom_a_person_found_accepted_stays_so(self) -> None:
        """Whatever is said later."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(4)
            assert await second.resolve(FOUND_ACCEPTED, None, "Ann") == 4
            await first.record(intent, ruling(range(4), *EVERY))
            assert await found(second) == [ACCEPTED] * 4
            assert await second.doubles() == []

        self.check(test)

    def test_who_was_skipped_since_a_person_planned_them_stays_so(self) -> None:
        """Nobody sends to them in any case."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(2)
            hosts.clock.us += TEN_MINUTES_US
            await second.resolve(SEND_AGAIN, None, "Ann")
            await second.suppress([phone(0)], "a list")
            await second.skip([outcome(1, Status.UNSENT, Code.CAPPED, "no room")])
            await first.record(intent, ruling(range(2), Status.ACCEPTED))
            assert await found(second) == [SUPPRESSED, CAPPED]

        self.check(test)

    def test_a_double_is_known_once_and_touches_nobody(self) -> None:
        """The older attempt was accepted as well: the newer one goes on, and ends as it ends."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(6)
            hosts.clock.us += TEN_MINUTES_US
            await second.resolve(SEND_AGAIN, None, "Ann")
            newer = await begun(second, range(5))
            await second.record(await begun(second, [5]), ruling([5], Status.REJECTED))
            before = await entries(second)
            hosts.clock.us += 9
            late = ruling(range(6), *EVERY, Status.ACCEPTED, Status.ACCEPTED)
            await first.record(intent, late)
            assert await entries(second) == before
            expected = [(number, phone(number), hosts.clock.us) for number in (0, 4, 5)]
            assert await _doubles(second) == expected
            hosts.clock.us += 9
            await first.record(intent, late)
            assert await _doubles(second) == expected
            await second.record(newer, ruling(range(5), Status.ACCEPTED))
            assert await found(second) == [ACCEPTED] * 5 + [_REJECTED]
            assert await _doubles(await hosts.open()) == expected

        self.check(test)

    def test_each_attempt_has_its_own_late_answer(self) -> None:
        """Of two hosts that were taken for lost one after the other."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(2)
            hosts.clock.us += TEN_MINUTES_US
            await second.resolve(SEND_AGAIN, None, "Ann")
            newer = await begun(second, [0, 1])
            await second.leave_running()
            hosts.clock.us += TEN_MINUTES_US
            third = await hosts.open()
            await third.recover()
            await first.record(intent, ruling(range(2), Status.ACCEPTED, Status.UNSENT))
            assert await found(third) == [CUT_OFF] * 2
            await second.record(newer, ruling(range(2), Status.ACCEPTED, Status.UNSENT))
            assert await found(third) == [ACCEPTED, PLANNED]
            assert [double.index for double in await third.doubles()] == [0]

        self.check(test)

    def test_an_answer_that_comes_in_time_is_no_late_one(self) -> None:
        """Nobody has taken its host for lost yet, though it runs the campaign no more."""

        async def test(hosts: LedgerHosts) -> None:
            first = await hosts.runner(2)
            intent = await begun(first, [0, 1])
            await first.leave_running()
            assert await found(first) == [SENDING] * 2
            await first.record(intent, ruling([0, 1], Status.ACCEPTED, Status.UNSENT))
            assert await found(first) == [ACCEPTED, PLANNED]

        self.check(test)


async def _wanted(ledger: CampaignLedger) -> Wanted | None:
    now = await ledger.wanted()
    return None if now is None else now.state


async def _doubles(ledger: CampaignLedger) -> list[tuple[int, str, int]]:
    return [(double.index, double.phone, double.ended_us) for double in await ledger.doubles()]
