"""A request is about to leave: its intent is durable in a campaign ledger for all of its recipients, or for none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ...campaign.rows import Intent, SuppressedMeanwhileError
from ...campaign.states import State
from ...campaign.wanted import WantedChange
from ...campaign.wanted_states import WantedEvent
from ...errors import CampaignStoppedError, LedgerError
from ...models import Status
from .ledger_hosts import (
    BEGUN,
    PAUSE,
    PLANNED,
    RESUME,
    SENDING,
    SUPPRESSED,
    TIMEOUT,
    LedgerTest,
    begun,
    entries,
    found,
    phone,
    refused,
    ruling,
)

if TYPE_CHECKING:
    from ...campaign.protocol import CampaignLedger
    from .ledger_hosts import LedgerHosts


class LedgerIntentContract(LedgerTest):
    """Nothing leaves before its intent is durable, and who has one gets no second."""

    def test_an_intent_is_there_for_every_host_once_it_has_begun(self) -> None:
        """Its recipients are being sent to, since the clock's time."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(4)
            hosts.clock.us += 5
            intent = await begun(ledger, [0, 1, 3])
            assert intent.attempt_id is not None
            other = await hosts.open()
            assert await found(other) == [SENDING, SENDING, PLANNED, SENDING]
            assert [e.attempts for e in await entries(other)] == [1, 1, 0, 1]
            assert [e.updated_us for e in await entries(other)] == [hosts.clock.us - off for off in (0, 0, 5, 0)]
            assert [each.id for each in await other.planned(0)] == [2]
            assert await self.rows_in("attempts") in (1, None)

        self.check(test)

    def test_an_intent_begins_with_every_recipient_or_with_none(self) -> None:
        """One who is not planned any more, or never was there, refuses all of them, and no attempt is kept."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(4)
            done = await begun(ledger, [3])
            await ledger.record(done, ruling([3], Status.REJECTED))
            await begun(ledger, [0])
            before = await found(ledger)
            for ids in ([0], [1, 0], [1, 2, 3], [3, 2], [2, 4]):
                intent = Intent(ids, None, TIMEOUT)
                await refused(LedgerError, ledger.begin(intent))
                assert intent.attempt_id is None
                assert await found(ledger) == before
            assert [e.attempts for e in await entries(ledger)] == [1, 0, 0, 1]
            assert await self.rows_in("attempts") in (2, None)

        self.check(test)

    def test_of_many_intents_with_one_recipient_at_the_same_time_one_begins(self) -> None:
        """Each of the others leaves its other recipient planned."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(9)
            tries = (ledger.begin(Intent([0, number], None, TIMEOUT)) for number in range(1, 9))
            given = await asyncio.gather(*tries, return_exceptions=True)
            assert [each for each in given if not isinstance(each, LedgerError)] == [None]
            assert sorted(await found(ledger)) == [PLANNED] * 7 + [SENDING] * 2

        self.check(test)

    def test_who_was_suppressed_meanwhile_is_skipped_and_named_and_the_others_stay_planned(self) -> None:
        """A request to the others may begin at once."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(4)
            assert await (await hosts.open()).suppress([phone(1), phone(2)], "a list") == 2
            intent = Intent([0, 1, 2, 3], None, TIMEOUT)
            error = await refused(SuppressedMeanwhileError, ledger.begin(intent))
            assert error.ids == {1, 2}
            assert intent.attempt_id is None
            assert await found(ledger) == [PLANNED, SUPPRESSED, SUPPRESSED, PLANNED]
            await begun(ledger, [0, 3])
            assert await found(ledger) == [SENDING, SUPPRESSED, SUPPRESSED, SENDING]

        self.check(test)

    def test_who_was_suppressed_while_being_sent_to_and_left_unsent_does_not_begin_again(self) -> None:
        """The intent that finds them skips them, with the reason."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(2)
            intent = await begun(ledger, [0, 1])
            assert await ledger.suppress([phone(1)], "a list") == 0
            await ledger.record(intent, ruling([0, 1], Status.UNSENT))
            error = await refused(SuppressedMeanwhileError, ledger.begin(Intent([0, 1], None, TIMEOUT)))
            assert error.ids == {1}
            assert await found(ledger) == [PLANNED, SUPPRESSED]
            assert (await entries(ledger))[1].error

        self.check(test)

    def test_nothing_begins_unless_run_is_wanted(self) -> None:
        """Not in a draft, not where a person paused or stopped it, not after a guard; and no attempt is kept."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(2)
            await ledger.become_runner()
            guard = WantedChange(event=WantedEvent.GUARD, by="process 1", guard="until", why="it is late")
            stop = WantedChange(event=WantedEvent.STOP, by="Ann")
            changes = [(None, "draft"), (PAUSE, "paused"), (stop, "stopped"), (RESUME, "draft"), (BEGUN, "")]
            for change, guarded in [*changes, (PAUSE, "paused"), (RESUME, ""), (guard, "until"), (BEGUN, "")]:
                if change is not None:
                    assert await ledger.want(change)
                if guarded:
                    intent = Intent([0], None, TIMEOUT)
                    error = await refused(CampaignStoppedError, ledger.begin(intent))
                    assert error.guard == guarded
                    assert intent.attempt_id is None
                    assert await found(ledger) == [PLANNED] * 2
            await begun(ledger, [0])
            assert await self.rows_in("attempts") in (1, None)

        self.check(test)

    def test_no_request_begins_once_a_pause_has_been_acknowledged(self) -> None:
        """Whoever pauses it, and however many are about to begin: what is being sent to then is all there is."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.runner(200), await hosts.open()
            for first in range(0, 200, 10):
                order = [first, *[-1] * (first % 3), *range(first + 1, first + 10)]
                acknowledged = _Acknowledged()
                tries = (acknowledged.pause(other) if each < 0 else acknowledged.begin(ledger, each) for each in order)
                await asyncio.gather(*tries, acknowledged.pause(other))
                assert await _sending(other) == acknowledged.sending
                await other.want(RESUME)

        self.check(test)

    def test_an_intent_that_is_cancelled_has_begun_or_has_not(self) -> None:
        """With all of its recipients."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(40)
            for turns in range(10):
                ids = range(4 * turns, 4 * turns + 4)
                beginning = asyncio.create_task(ledger.begin(Intent(list(ids), None, TIMEOUT)))
                for _ in range(turns):
                    await asyncio.sleep(0)
                beginning.cancel()
                await asyncio.wait([beginning])
            states = await found(ledger)
            assert all(len(set(states[first : first + 4])) == 1 for first in range(0, 40, 4))
            assert set(states) <= {PLANNED, SENDING}

        self.check(test)


class _Acknowledged:
    """Whether a pause has been acknowledged, and how many were being sent to by then."""

    def __init__(self) -> None:
        self.sending: int | None = None

    async def pause(self, ledger: CampaignLedger) -> None:
        await ledger.want(PAUSE)
        sending = await _sending(ledger)
        assert self.sending in (None, sending), "something began after a pause was acknowledged"
        self.sending = sending

    async def begin(self, ledger: CampaignLedger, number: int) -> None:
        late = self.sending is not None
        try:
            await ledger.begin(Intent([number], None, TIMEOUT))
        except CampaignStoppedError:
            return
        assert not late, "something began after a pause was acknowledged"


async def _sending(ledger: CampaignLedger) -> int:
    return sum(count.recipients for count in await ledger.counts() if count.state is State.SENDING)
