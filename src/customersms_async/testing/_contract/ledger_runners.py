"""One host runs a campaign at a time, and what one that ended had on its way is unknown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..._core.rulings import Ruling
from ...campaign.process_name import this_process
from ...campaign.refusals import RunElsewhereError
from ...campaign.rows import Activity, Intent
from ...errors import LedgerError
from ...models import Code, Status
from .ledger_hosts import (
    ACCEPTED,
    BEGUN,
    CUT_OFF,
    OVER_US,
    PLANNED,
    SENDING,
    TIMEOUT,
    LedgerTest,
    begun,
    entries,
    found,
    outcome,
    refused,
    ruling,
)

if TYPE_CHECKING:
    from .ledger_hosts import LedgerHosts

_RUNNING = "a campaign is running on it"


class LedgerRunnerContract(LedgerTest):
    """A second host hears that it can't run, and who was being sent to when a host ended is never planned."""

    def test_a_second_host_can_t_run_it_until_the_first_has_left(self) -> None:
        """The campaign may be looked at, paused and resolved all the same."""

        async def test(hosts: LedgerHosts) -> None:
            first, second = await hosts.runner(2), await hosts.open()
            await refused(LedgerError, second.become_runner(), says=_RUNNING)
            assert await found(second) == [PLANNED] * 2
            await second.leave_running()
            await refused(LedgerError, second.become_runner(), says=_RUNNING)
            await first.leave_running()
            await second.become_runner()
            await refused(LedgerError, first.become_runner(), says=_RUNNING)
            await begun(second, [0])

        self.check(test)

    def test_who_runs_it_already_can_t_run_it_twice(self) -> None:
        """Also at the same moment; and can again once it has left."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(1)
            both = await asyncio.gather(*(ledger.become_runner() for _ in range(2)), return_exceptions=True)
            assert [type(each) for each in both if each is not None] == [RunElsewhereError]
            await refused(LedgerError, ledger.become_runner(), says=_RUNNING)
            await ledger.leave_running()
            await ledger.become_runner()
            await refused(LedgerError, ledger.become_runner(), says=_RUNNING)

        self.check(test)

    def test_everyone_is_told_who_runs_it_while_somebody_does(self) -> None:
        """The process by its name, and since when, as far as the ledger can say."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.filled(1), await hosts.open()
            assert await other.running() is None
            await ledger.become_runner()
            for host in (ledger, other, await hosts.open()):
                running = await host.running()
                assert running is not None
                assert running.by == this_process()
                assert running.since_us is not None
            await ledger.leave_running()
            assert await other.running() is None

        self.check(test)

    def test_what_was_attempted_lately_is_told_with_the_last_answer(self) -> None:
        """From the time that is asked about on; an attempt without an answer has no part in the last one."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.runner(6), await hosts.open()
            began_us = hosts.clock.us
            assert await other.activity(0) == Activity(0, 0, None, None)
            await ledger.record(await begun(ledger, [0, 1]), ruling([0, 1], Status.ACCEPTED))
            hosts.clock.us += 1_000_000
            intent = await begun(ledger, [2])
            hosts.clock.us += 1_000_000
            last = await begun(ledger, [3, 4, 5])
            assert await other.activity(0) == Activity(3, 6, began_us, began_us + 2_000_000, 200, None)
            await ledger.record(intent, Ruling([outcome(2, Status.UNKNOWN, Code.NO_ANSWER, "no answer ✋")]))
            found = Activity(2, 4, began_us + 1_000_000, began_us + 2_000_000, None, "no answer ✋")
            assert await other.activity(began_us + 1) == found
            assert (await other.activity(hosts.clock.us + 1))[:4] == (0, 0, None, None)
            await ledger.record(last, ruling([3, 4, 5], Status.ACCEPTED))

        self.check(test)

    def test_a_host_that_closes_it_leaves_it_to_others(self) -> None:
        """One that only looked at it takes nothing away with it."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, third = await hosts.runner(1), await hosts.open(), await hosts.open()
            await hosts.close(third)
            await refused(LedgerError, second.become_runner(), says=_RUNNING)
            await hosts.close(first)
            await second.become_runner()
            await begun(second, [0])
            await refused(LedgerError, (await hosts.open()).become_runner(), says=_RUNNING)

        self.check(test)

    def test_a_host_may_run_it_again_and_again(self) -> None:
        """In turns with another one."""

        async def test(hosts: LedgerHosts) -> None:
            both = [await hosts.filled(6), await hosts.open()]
            for number in range(6):
                ledger = both[number % 2]
                await ledger.become_runner()
                await ledger.want(BEGUN)
                await ledger.record(await begun(ledger, [number]), ruling([number], Status.ACCEPTED))
                await ledger.leave_running()
            assert await found(both[0]) == [ACCEPTED] * 6

        self.check(test)

    def test_its_time_is_that_of_the_clock_that_deadlines_go_by(self) -> None:
        """For every host, whether it runs the campaign or not; it goes on, and back, as that clock does."""

        async def test(hosts: LedgerHosts) -> None:
            both = [await hosts.runner(1), await hosts.open()]
            for step_us in (0, 1, OVER_US, -OVER_US):
                hosts.clock.us += step_us
                assert [await ledger.now_us() for ledger in both] == [hosts.clock.us] * 2
            await begun(both[0], [0])
            assert [entry.updated_us for entry in await entries(both[1])] == [await both[1].now_us()]

        self.check(test)

    def test_a_ledger_that_was_closed_answers_nothing(self) -> None:
        """Closing it twice is no error."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(1)
            await hosts.close(ledger)
            await ledger.close()
            for call in (ledger.counts(), ledger.become_runner(), ledger.begin(Intent([0], None, TIMEOUT))):
                await refused(LedgerError, call)

        self.check(test)

    def test_who_was_being_sent_to_by_a_host_that_ended_is_unknown(self) -> None:
        """At the latest six seconds after the attempt's deadline, for whoever asks; and in words."""

        async def test(hosts: LedgerHosts) -> None:
            first = await hosts.runner(4)
            await begun(first, [0, 1])
            await first.record(await begun(first, [2]), ruling([2], Status.ACCEPTED))
            await hosts.close(first)
            hosts.clock.us += OVER_US
            second = await hosts.open()
            assert await second.recover() is None
            assert await found(second) == [CUT_OFF, CUT_OFF, ACCEPTED, PLANNED]
            assert (await entries(second))[0].error
            assert (await entries(second))[0].updated_us == hosts.clock.us
            assert await second.recover() is None

        self.check(test)

    def test_what_is_waited_for_is_over_when_it_was_said_to_be(self) -> None:
        """Meanwhile nobody who was being sent to is planned, whoever runs it, and none of them begins."""

        async def test(hosts: LedgerHosts) -> None:
            first = await hosts.runner(3)
            await begun(first, [0])
            hosts.clock.us += 1_000_000
            await begun(first, [1])
            await hosts.close(first)
            second = await hosts.open()
            await second.become_runner()
            waits = 0
            while (left := await second.recover()) is not None:
                assert 0 < left <= TIMEOUT + 6
                waits += 1
                assert waits <= 3, "there is always something left to wait for"
                assert set(await found(second)) <= {SENDING, CUT_OFF, PLANNED}
                assert [each.id for each in await second.planned(0)] == [2]
                for number in (0, 1):
                    await refused(LedgerError, second.begin(Intent([number], None, TIMEOUT)))
                hosts.clock.us += round(left * 1e6) + 1
            assert await found(second) == [CUT_OFF, CUT_OFF, PLANNED]

        self.check(test)

    def test_what_a_running_host_has_on_its_way_is_left_alone(self) -> None:
        """Whoever opens it, looks for what is lost, or tries to run it."""

        async def test(hosts: LedgerHosts) -> None:
            first, second = await hosts.runner(2), await hosts.open()
            intent = await begun(first, [0, 1])
            await second.recover()
            await refused(LedgerError, second.become_runner(), says=_RUNNING)
            await (await hosts.open()).recover()
            assert await first.recover() is None
            assert await found(second) == [SENDING] * 2
            await first.record(intent, ruling([0, 1], Status.ACCEPTED))
            assert await found(second) == [ACCEPTED] * 2

        self.check(test)

    def test_where_nobody_is_being_sent_to_nothing_is_lost(self) -> None:
        """Also in a ledger to which nobody was added."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            assert await ledger.recover() is None
            await hosts.close(await hosts.runner(2))
            hosts.clock.us += OVER_US
            assert await ledger.recover() is None
            assert await found(ledger) == [PLANNED] * 2

        self.check(test)
