"""Random schedules of calls by two hosts, made to a campaign ledger and to a few lines of Python."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Final, final

from ..._core.rulings import Ruling
from ...campaign.refusals import CUT_OFF_US
from ...campaign.rows import Intent, SuppressedMeanwhileError
from ...campaign.states import SAYS, State
from ...campaign.wanted import WantedChange, next_wanted
from ...campaign.wanted_states import Wanted, WantedEvent
from ...errors import CampaignStoppedError, ConfigurationError, LedgerError
from ...models import Code, Status
from .ledger_hosts import BEGUN, OVER_US, PAUSE, RESUME, TIMEOUT, LedgerTest, answered, entries, outcome, phone
from .ledger_oracle import LedgerOracle, OracleAttempt, OracleRecipient

if TYPE_CHECKING:
    from ...campaign.protocol import CampaignLedger
    from .ledger_hosts import LedgerHosts

_WALKS: Final = 12
_PEOPLE: Final = 6
"""Recipients of one walk: few, so that its calls meet."""

_STEPS: Final = 50
_MINUTES_US: Final = 660_000_000
_GUARD: Final = WantedChange(event=WantedEvent.GUARD, by="process 1", guard="until")
_CHANGES: Final = (PAUSE, RESUME, RESUME, BEGUN, BEGUN, BEGUN, _GUARD)
_OFTEN: Final = (*Status, Status.ACCEPTED, *[Status.UNKNOWN, Status.UNSENT] * 3)
_SAID: Final = {state: list(says.values()) for state, says in SAYS.items()}


class LedgerScheduleContract(LedgerTest):
    """Whatever two hosts do in whichever order, nobody is in two attempts."""

    compares = True
    """Whether each step's findings are compared with the oracle's; else it is the promise alone that is looked at."""

    seed = 3
    """Another one makes other schedules."""

    def test_nobody_is_in_two_attempts_unless_the_first_was_proven_unsent_or_a_person_said_so(self) -> None:
        """Nor is anything else otherwise than the rule says, after any step; counts agree with the recipients."""

        async def test(hosts: LedgerHosts) -> None:
            await hosts.filled(_WALKS * _PEOPLE)
            walk = LedgerWalk(hosts, [await hosts.open(), await hosts.open()], compares=self.compares, seed=self.seed)
            for number in range(_WALKS):
                await walk.run(range(number * _PEOPLE, (number + 1) * _PEOPLE))
            assert not self.compares or walk.done >= set(walk.calls), "a schedule without all calls proves little"

        self.check(test)


@final
class LedgerWalk:
    """A random schedule of two hosts' calls.

    Mutable state: the hosts' ledgers; which of them runs it, and for how many times one has; the oracle; the dice;
    among whom they are thrown; and which calls have done something.
    """

    def __init__(self, hosts: LedgerHosts, ledgers: list[CampaignLedger], *, compares: bool, seed: int) -> None:
        self._hosts, self._ledgers, self._compares = hosts, ledgers, compares
        self._runner: CampaignLedger | None = None
        self._runs = 0
        self._oracle = LedgerOracle(_WALKS * _PEOPLE)
        self._dice = random.Random(seed)
        self._among = range(0)
        self.done: set[str] = set()
        often = {"begin": 6, "record": 5, "become_runner": 4, "want": 3, "time": 2, "resolve": 2, "recover": 2}
        seldom = ("leave_running", "end", "suppress", "skip")
        self.calls = {**often, **dict.fromkeys(seldom, 1)}

    @property
    def _run(self) -> int | None:
        """The number of the time as the runner that goes on now, if one does."""
        return None if self._runner is None else self._runs

    async def run(self, among: range) -> None:
        """Make some calls about these recipients, and look at everything after each of them."""
        self._among = among
        for _ in range(_STEPS):
            (call,) = self._dice.choices(list(self.calls), list(self.calls.values()))
            await getattr(self, f"_{call}")(self._dice.choice(self._ledgers))
            await self._look(self._dice.choice(self._ledgers))

    async def _look(self, ledger: CampaignLedger) -> None:
        found = await entries(ledger)
        if not self._compares:
            self._oracle.adopt(found)
            return
        self._oracle.see(found, self._run, self._hosts.clock.us)
        counts = Counter((entry.state, entry.code or "") for entry in found)
        assert {(count.state, count.code): count.recipients for count in await ledger.counts()} == counts
        assert [double.index for double in await ledger.doubles()] == sorted(self._oracle.doubles)

    async def _begin(self, _: CampaignLedger) -> None:
        if self._runner is None:
            return
        some = self._some()
        planned = [index for index in some if self._oracle.everyone[index].state is State.PLANNED]
        ids = planned if planned and self._dice.random() < 0.8 else some
        people, now = [self._oracle.everyone[index] for index in ids], await self._runner.wanted()
        why: set[type[Exception]] = (
            {LedgerError} if any(person.state is not State.PLANNED for person in people) else set()
        )
        why |= {SuppressedMeanwhileError} if any(_is_done(person) for person in people) else set()
        why |= {CampaignStoppedError} if now is None or now.state is not Wanted.RUN else set()
        intent, began_us = Intent(ids, None, TIMEOUT), self._hosts.clock.us
        try:
            await self._runner.begin(intent)
        except (LedgerError, CampaignStoppedError, SuppressedMeanwhileError) as error:
            reason: Exception = error
            if isinstance(error, SuppressedMeanwhileError):
                self._oracle.skip(outcome(index, Status.UNSENT, Code.SUPPRESSED) for index in error.ids)
        else:
            assert not self._compares or not why, f"it began in spite of {why}"
            self._oracle.begin(OracleAttempt(intent, self._runner, self._runs, began_us))
            self.done.add("begin")
            return
        assert not self._compares or type(reason) in why, reason

    async def _record(self, _: CampaignLedger) -> None:
        if attempts := [each for each in self._oracle.attempts if each.host in self._ledgers][-4:]:
            attempt = self._dice.choice([each for each in attempts if not each.answered] or attempts)
            said = [answered(index, self._dice.choice(_OFTEN)) for index in attempt.intent.ids]
            await attempt.host.record(attempt.intent, Ruling(said, status_code=200))
            self._oracle.record(attempt, said)
            self.done.add("record")

    async def _become_runner(self, ledger: CampaignLedger) -> None:
        if self._runner is ledger:
            return
        try:
            await ledger.become_runner()
        except LedgerError:
            assert not self._compares or self._runner is not None
        else:
            assert not self._compares or self._runner is None, "two run it"
            self._runner, self._runs = ledger, self._runs + 1
            self.done.add("become_runner")

    async def _leave_running(self, ledger: CampaignLedger) -> None:
        await ledger.leave_running()
        if self._runner is ledger:
            self._runner = None
            self.done.add("leave_running")

    async def _end(self, ledger: CampaignLedger) -> None:
        """A host ends, with all that it has on its way, and another one comes."""
        place = self._ledgers.index(ledger)
        await self._hosts.close(ledger)
        self._runner = None if self._runner is ledger else self._runner
        self._ledgers[place] = await self._hosts.open()
        self.done.add("end")

    async def _time(self, ledger: CampaignLedger) -> None:
        """Time passes, and much of it if nobody runs it, as one who does so has things to do meanwhile."""
        if self._runner is not None and self._dice.random() < 0.8:
            await self._leave_running(self._runner)
        self._hosts.clock.us += 1_000 if self._runner is not None else self._dice.choice((OVER_US, _MINUTES_US))
        if self._runner is None:
            await self._recover(ledger)
            self.done.add("time")

    async def _recover(self, ledger: CampaignLedger) -> None:
        left = await ledger.recover()
        if self._compares:
            await self._look(ledger)
            assert self._oracle.lost(ledger, self._run, self._hosts.clock.us) == []
            assert left is None or left > 0
        self.done.add("recover")

    async def _suppress(self, ledger: CampaignLedger) -> None:
        phones = [phone(self._dice.choice(self._among))]
        skipped = await ledger.suppress(phones, self._dice.choice(("a list", "another")))
        assert self._oracle.suppress(phones) == skipped or not self._compares
        self.done.add("suppress")

    async def _skip(self, ledger: CampaignLedger) -> None:
        outcomes = [outcome(index, Status.UNSENT, Code.CAPPED, "no room") for index in self._some()[:2]]
        await ledger.skip(outcomes)
        self._oracle.skip(outcomes)
        self.done.add("skip")

    async def _resolve(self, ledger: CampaignLedger) -> None:
        state = self._dice.choice((State.PLANNED, State.PLANNED, State.ACCEPTED))
        choices = self._dice.sample(_SAID[state], self._dice.randint(1, len(_SAID[state])))
        asked = [self._oracle.everyone[index] for index in self._some()]
        chosen = [person for person in asked if any(_is_chosen(person, *choice[:2]) for choice in choices)]
        allowed = [person for person in chosen if not person.suppressed or state is State.ACCEPTED]
        refused = state is State.PLANNED and any(self._may_go_on(person) for person in allowed)
        uncertain = state is State.PLANNED and any(self._may_go_on(person) for person in chosen)
        try:
            count = await ledger.resolve(choices, [person.phone for person in asked], "Ann")
        except LedgerError:
            assert not self._compares or uncertain
            return
        assert not self._compares or not refused
        assert not self._compares or count == len(allowed)
        self._oracle.resolve(allowed, state)
        if allowed:
            self.done.add("resolve")

    async def _want(self, ledger: CampaignLedger) -> None:
        change, now = self._dice.choice(_CHANGES), await ledger.wanted()
        left = any(person.state in (State.PLANNED, State.SENDING) for person in self._oracle.everyone)
        following = None
        try:
            following = next_wanted(now, change, anyone_left=left)
        except (CampaignStoppedError, ConfigurationError) as error:
            expected: object = type(error)
        else:
            expected = following is not None
        try:
            given: object = await ledger.want(change)
        except (CampaignStoppedError, ConfigurationError) as error:
            given = type(error)
        if self._compares:
            there = await self._dice.choice(self._ledgers).wanted()
            state = following.state if following is not None else None if now is None else now.state
            assert (given, there and there.state) == (expected, state)
        self.done.add("want")

    def _some(self) -> list[int]:
        return self._dice.sample(self._among, self._dice.randint(1, 4))

    def _may_go_on(self, person: OracleRecipient) -> bool:
        """Whether the attempt that was taken for lost may be one of a host that goes on."""
        last = person.last
        return person.is_cut_off and last is not None and last.deadline_us > self._hosts.clock.us - CUT_OFF_US


def _is_chosen(person: OracleRecipient, state: State, code: str) -> bool:
    return person.state is state and code in ("", person.code)


def _is_done(person: OracleRecipient) -> bool:
    """Whether an intent names them as one who is not to be sent to any more."""
    return person.suppressed or person.state is State.ACCEPTED
