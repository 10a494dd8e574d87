"""What is wanted of a campaign, in a campaign ledger: every move of the table, and no other."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final, final

import msgspec

from ...campaign.rows import Intent
from ...campaign.states import SAYS, State
from ...campaign.wanted import WantedChange, WantedNow, next_wanted
from ...campaign.wanted_states import GUARDED, TRANSITIONS, Wanted, WantedEvent
from ...errors import CampaignStoppedError, ConfigurationError, CustomerSMSError
from ...models import Status
from .ledger_hosts import BEGUN, PAUSE, RESUME, TERMS, TIMEOUT, LedgerTest, begun, refused, ruling

if TYPE_CHECKING:
    from ...campaign.protocol import CampaignLedger
    from .ledger_hosts import LedgerHosts

STOP: Final = WantedChange(event=WantedEvent.STOP, by="Ben")
GUARD: Final = WantedChange(event=WantedEvent.GUARD, by="process 1", guard="until", why="it is late\0 ✋")
LEFT: Final = WantedChange(event=WantedEvent.INTERRUPTED, by="process 1", guard="interrupted")
FINISHED: Final = WantedChange(event=WantedEvent.FINISHED, by="process 1")
AGAIN: Final = [SAYS[State.PLANNED]["rejected"]]


class LedgerWantedContract(LedgerTest):
    """Drafts, runs, pauses and ends, with when, by whom and on which terms."""

    def test_what_was_added_is_a_draft_since_then(self) -> None:
        """Before that nothing is wanted, and nobody can want anything."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            assert await ledger.wanted() is None
            for change in (PAUSE, STOP, RESUME, BEGUN):
                await refused(ConfigurationError, ledger.want(change), says="nobody was added")
            for late in (GUARD, LEFT, FINISHED):
                assert not await ledger.want(late)
            assert await ledger.wanted() is None
            hosts.clock.us += 3
            await hosts.filled(2)
            now = await ledger.wanted()
            assert now is not None
            assert now.by
            draft = WantedNow(state=Wanted.DRAFT, event=WantedEvent.ADDED, since_us=hosts.clock.us, by=now.by)
            assert now == draft

        self.check(test)

    def test_a_ledger_makes_the_moves_of_the_table_and_no_other(self) -> None:
        """Some hundred changes by two hosts, each answered as the rule answers it; every move is among them.

        That which a late answer makes is left to the test of those.
        """

        async def test(hosts: LedgerHosts) -> None:
            first = await hosts.filled(2)
            await first.become_runner()
            walk = _WantedWalk(hosts, first, await hosts.open())
            for event in (*WantedEvent, WantedEvent.STOP, WantedEvent.RESUME, WantedEvent.PAUSE, WantedEvent.RESUME):
                if event is not WantedEvent.BEGUN:
                    await walk.change(event)
            every, steps = {move for move in TRANSITIONS if move[0] is not None and move[1] is not WantedEvent.LATE}, 0
            while steps < 100 or (walk.made != every and steps < 1_000):
                await walk.step()
                steps += 1
                now = await first.wanted()
                assert await first.run_is_wanted() == (now is not None and now.state is Wanted.RUN)
            assert walk.made == every

        self.check(test)

    def test_terms_stand_until_others_replace_them(self) -> None:
        """Also while it is paused; equal ones are kept once."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(2)
            others = msgspec.structs.replace(TERMS, key_label="tenant\0 ✋", suppression="a list")
            changes = [(BEGUN, TERMS, 1), (PAUSE, TERMS, 1), (RESUME, TERMS, 1), (GUARD, TERMS, 1), (BEGUN, TERMS, 1)]
            changes += [(msgspec.structs.replace(BEGUN, terms=others), others, 2), (LEFT, others, 2), (BEGUN, TERMS, 3)]
            for change, terms, rows in changes:
                assert await ledger.want(change)
                now = await (await hosts.open()).wanted()
                assert now is not None
                assert now.terms == terms
                assert await self.rows_in("terms") in (rows, None)

        self.check(test)

    def test_a_run_is_never_wanted_without_terms(self) -> None:
        """A campaign that is resumed before its first run is a draft again."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(2)
            await refused(CustomerSMSError, ledger.want(WantedChange(event=WantedEvent.BEGUN, by="process 1")))
            now = await ledger.wanted()
            assert now is not None
            assert (now.state, now.event) == (Wanted.DRAFT, WantedEvent.ADDED)
            assert await ledger.want(PAUSE)
            assert await ledger.want(RESUME)
            now = await ledger.wanted()
            assert now is not None
            assert (now.state, now.event, now.terms) == (Wanted.DRAFT, WantedEvent.REOPEN, None)

        self.check(test)

    def test_a_person_s_word_keeps_a_run_from_beginning_and_a_run_that_ends_leaves_it_alone(self) -> None:
        """What a guard stopped, the next run goes on with."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(2)
            for said, state in ((PAUSE, Wanted.PAUSED), (STOP, Wanted.STOPPED)):
                assert await ledger.want(said)
                assert not await ledger.want(said)
                error = await refused(CampaignStoppedError, ledger.want(BEGUN), says=said.by)
                assert error.guard == state
                for late in (GUARD, LEFT, FINISHED):
                    assert not await ledger.want(late)
                await _is(ledger, state, said.event, "")
            assert await ledger.want(RESUME)
            assert await ledger.want(GUARD)
            assert await ledger.want(BEGUN)
            await _is(ledger, Wanted.RUN, WantedEvent.BEGUN, "")

        self.check(test)

    def test_a_run_that_ends_when_somebody_is_left_has_not_finished(self) -> None:
        """Planned or being sent to: a guard or an interruption stops it, and nothing else is wanted after the rest."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(2)
            assert not await ledger.want(FINISHED)
            intent = await begun(ledger, [0, 1])
            assert not await ledger.want(FINISHED)
            await _is(ledger, Wanted.RUN, WantedEvent.BEGUN, "")
            for end in (GUARD, LEFT):
                assert await ledger.want(end)
                await _is(ledger, Wanted.STOPPED, end.event, end.guard)
                assert await ledger.want(BEGUN)
            await ledger.record(intent, ruling([0, 1], Status.ACCEPTED, Status.UNSENT))
            assert not await ledger.want(FINISHED)

        self.check(test)

    def test_a_run_that_ends_when_nobody_is_left_has_finished_whatever_ended_it(self) -> None:
        """The campaign is a draft again once a person plans somebody."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(1)
            for end in (FINISHED, GUARD, LEFT):
                await ledger.want(BEGUN)
                await ledger.record(await begun(ledger, [0]), ruling([0], Status.REJECTED))
                assert await ledger.want(end)
                await _is(ledger, Wanted.DONE, WantedEvent.FINISHED, "")
                hosts.clock.us += 1
                assert await ledger.resolve(AGAIN, None, "Cara") == 1
                await _is(ledger, Wanted.DRAFT, WantedEvent.PLAN, "")
                now = await ledger.wanted()
                assert now is not None
                assert (now.by, now.since_us, now.terms) == ("Cara", hosts.clock.us, TERMS)
                await refused(CampaignStoppedError, ledger.begin(Intent([0], None, TIMEOUT)))

        self.check(test)

    def test_of_many_who_say_one_thing_at_the_same_time_one_has_said_it(self) -> None:
        """The others hear that it is so already."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.runner(1), await hosts.open()
            for said in (PAUSE, RESUME, STOP) * 2:
                given = await asyncio.gather(*(each.want(said) for each in (ledger, other) * 4))
                assert sorted(given) == [False] * 7 + [True]

        self.check(test)


@final
class _WantedWalk:
    """Changes of what is wanted, by two hosts. Mutable state: the dice, and the moves that were made."""

    def __init__(self, hosts: LedgerHosts, *ledgers: CampaignLedger) -> None:
        self._hosts = hosts
        self._ledgers = ledgers
        self._dice = random.Random(5)
        self.made: set[tuple[Wanted | None, WantedEvent]] = set()

    async def step(self) -> None:
        """Make any change, most often one that was not made yet, or have somebody left, or nobody."""
        runner = self._ledgers[0]
        now = await runner.wanted()
        if self._dice.random() < 0.7:
            new = [
                event for state, event in TRANSITIONS if now and state is now.state and (state, event) not in self.made
            ]
            await self.change(self._dice.choice(new if new and self._dice.random() < 0.7 else list(WantedEvent)))
        elif ids := [each.id for each in await runner.planned(0)]:
            if now is not None and now.state is Wanted.RUN:
                await runner.record(await begun(runner, ids), ruling(ids, Status.REJECTED))
        else:
            await runner.resolve(AGAIN, None, "Ann")
            if now is not None and now.state is Wanted.DONE:
                self.made.add((Wanted.DONE, WantedEvent.PLAN))

    async def change(self, event: WantedEvent) -> None:
        """Make one change, and see whether the ledger answers as the rule does."""
        ledger = self._dice.choice(self._ledgers)
        self._hosts.clock.us += self._dice.randrange(3)
        guard, why = ("until", f"why\0 {event}") if event in GUARDED else ("", "")
        terms = TERMS if event is WantedEvent.BEGUN else None
        change = WantedChange(event=event, by=f"Ann\0 {event}", guard=guard, why=why, terms=terms)
        now = await ledger.wanted()
        anyone_left = any(count.state in (State.PLANNED, State.SENDING) for count in await ledger.counts())
        try:
            following = next_wanted(now, change, anyone_left=anyone_left)
        except (CampaignStoppedError, ConfigurationError) as error:
            await refused(type(error), ledger.want(change), says=str(error))
            following = None
        else:
            assert await ledger.want(change) is (following is not None), change
        expected = now
        if following is not None:
            assert now is not None
            self.made.add((now.state, following.event))
            expected = WantedNow(
                **following._asdict(), since_us=self._hosts.clock.us, by=change.by, terms=terms or now.terms
            )
        assert await self._dice.choice(self._ledgers).wanted() == expected


async def _is(ledger: CampaignLedger, state: Wanted, event: WantedEvent, guard: str) -> None:
    now = await ledger.wanted()
    assert now is not None
    assert (now.state, now.event, now.guard) == (state, event, guard)
