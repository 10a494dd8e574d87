"""What people decide about a campaign's recipients, and what a campaign ledger keeps of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...campaign.refusals import CUT_OFF_US
from ...campaign.rows import Resolution
from ...campaign.states import SAYS, State
from ...errors import LedgerError
from ...models import Code, Status
from .ledger_hosts import (
    ACCEPTED,
    BEGUN,
    CAPPED,
    CUT_OFF,
    OVER_US,
    PLANNED,
    SENDING,
    SUPPRESSED,
    TIMEOUT,
    LedgerTest,
    begun,
    entries,
    found,
    letters,
    outcome,
    phone,
    refused,
    ruling,
)

if TYPE_CHECKING:
    from ...campaign.protocol import CampaignLedger
    from .ledger_hosts import LedgerHosts

AS_ACCEPTED, AS_PLANNED = SAYS[State.ACCEPTED], SAYS[State.PLANNED]
_UNKNOWN, _REJECTED = (State.UNKNOWN, Code.NO_ANSWER), (State.REJECTED, "NOT_ALLOWED")
_ODD = "Ann\0 ✋'; --"


class LedgerPeopleContract(LedgerTest):
    """Resolving, skipping and suppressing: one transaction each."""

    def test_a_person_finds_unknown_ones_accepted(self) -> None:
        """Only recipients with these numbers are found, however many more are named; nobody in another state."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await _every_state(hosts)
            unknown = [AS_ACCEPTED["unknown"]]
            named = [phone(number) for number in (0, 2, 4, 99_999)] + ["nobody"]
            assert await ledger.resolve(unknown, named, "Ann") == 1
            assert await found(ledger) == [ACCEPTED, _REJECTED, ACCEPTED, _UNKNOWN, CAPPED, CAPPED, SUPPRESSED]
            assert (await entries(ledger))[2].error is None
            assert await ledger.resolve(unknown, [], "Ann") == 0
            assert await ledger.resolve(unknown, None, "Ann") == 1
            assert await ledger.resolve(unknown, None, "Ann") == 0
            assert await found(ledger) == [ACCEPTED, _REJECTED, ACCEPTED, ACCEPTED, CAPPED, CAPPED, SUPPRESSED]

        self.check(test)

    def test_a_person_plans_some_again(self) -> None:
        """Who is unknown, rejected or capped, each by the word for it, or several at once; nobody else."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await _every_state(hosts)
            assert await ledger.resolve([AS_PLANNED["capped"]], [phone(5), phone(6)], "Ann") == 1
            assert await found(ledger) == [ACCEPTED, _REJECTED, _UNKNOWN, _UNKNOWN, CAPPED, PLANNED, SUPPRESSED]
            both = [AS_PLANNED["unknown"], AS_PLANNED["rejected"]]
            assert await ledger.resolve(both, [phone(0), phone(1), phone(2)], "Ann") == 2
            assert await found(ledger) == [ACCEPTED, PLANNED, PLANNED, _UNKNOWN, CAPPED, PLANNED, SUPPRESSED]
            assert await ledger.resolve(list(AS_PLANNED.values()), None, "Ann") == 2
            assert await found(ledger) == [ACCEPTED, *[PLANNED] * 5, SUPPRESSED]
            assert {e.error for e in (await entries(ledger))[1:6]} == {None}
            await begun(ledger, range(1, 6))

        self.check(test)

    def test_nobody_who_is_suppressed_is_planned_again(self) -> None:
        """By whichever word; they may still be found accepted."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await _every_state(hosts)
            assert await ledger.suppress([phone(1), phone(2), phone(4)], "a list") == 0
            assert await ledger.resolve(list(AS_PLANNED.values()), None, "Ann") == 2
            assert await found(ledger) == [ACCEPTED, _REJECTED, _UNKNOWN, PLANNED, CAPPED, PLANNED, SUPPRESSED]
            assert await ledger.resolve([AS_ACCEPTED["unknown"]], None, "Ann") == 1
            assert (await found(ledger))[2] == ACCEPTED

        self.check(test)

    def test_who_was_cut_off_is_planned_ten_minutes_after_their_attempt_s_deadline(self) -> None:
        """To the microsecond; until then all of it is refused, but that they are accepted, or others planned."""

        async def test(hosts: LedgerHosts) -> None:
            began_us = hosts.clock.us
            first = await hosts.runner(4)
            await begun(first, [0, 1])
            await first.record(await begun(first, [2, 3]), ruling([2, 3], Status.UNKNOWN, Status.REJECTED))
            await hosts.close(first)
            ledger = await hosts.open()
            hosts.clock.us += OVER_US
            await ledger.recover()
            assert await ledger.resolve([AS_PLANNED["rejected"]], None, "Ann") == 1
            assert await ledger.resolve([AS_ACCEPTED["unknown"]], [phone(1)], "Ann") == 1
            over_us = began_us + round(TIMEOUT * 1e6) + CUT_OFF_US
            for hosts.clock.us in (began_us + OVER_US, over_us - 1):
                await refused(LedgerError, ledger.resolve([AS_PLANNED["unknown"]], None, "Ann"))
                assert await found(ledger) == [CUT_OFF, ACCEPTED, _UNKNOWN, PLANNED]
            assert await ledger.resolve([AS_PLANNED["unknown"]], [phone(2)], "Ann") == 1
            hosts.clock.us = over_us
            assert await ledger.resolve([AS_PLANNED["unknown"]], None, "Ann") == 1
            assert await found(ledger) == [PLANNED, ACCEPTED, PLANNED, PLANNED]

        self.check(test)

    def test_every_decision_is_kept_with_who_made_it_and_when(self) -> None:
        """The latest first; one about nobody is none."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await _every_state(hosts)
            assert await ledger.resolutions() == []
            begin_us = hosts.clock.us
            await ledger.resolve([AS_ACCEPTED["unknown"]], [phone(3)], _ODD)
            hosts.clock.us += 5
            await ledger.resolve([AS_PLANNED["capped"]], None, "Ben")
            await ledger.resolve([AS_PLANNED["capped"]], None, "Cara")
            assert await (await hosts.open()).resolutions() == [
                Resolution(begin_us + 5, "Ben", State.PLANNED, 2),
                Resolution(begin_us, _ODD, State.ACCEPTED, 1),
            ]

        self.check(test)

    def test_who_is_planned_is_skipped_with_the_outcome_s_code_and_words(self) -> None:
        """Whoever is not planned stays as they are, and the others of them are skipped."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(4)
            await begun(ledger, [0])
            hosts.clock.us += 4
            turned_away = [outcome(number, Status.UNSENT, Code.CAPPED, "no room\0") for number in (0, 1, 9)]
            await ledger.skip([*turned_away, outcome(2, Status.UNSENT, Code.SUPPRESSED, "on the list")])
            await ledger.skip([outcome(2, Status.UNSENT, Code.CAPPED, "no room")])
            await ledger.skip([])
            there = await entries(await hosts.open())
            assert await found(ledger) == [SENDING, CAPPED, SUPPRESSED, PLANNED]
            assert [e.error for e in there] == [None, "no room\0", "on the list", None]
            assert [e.updated_us for e in there][1:3] == [hosts.clock.us] * 2

        self.check(test)

    def test_a_number_is_suppressed_for_good_and_once(self) -> None:
        """Each of its texts that is planned is skipped; what is on its way or was sent stays as it is."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            await ledger.add([*letters(3, "A"), *letters(3, "B")], None, None, ())
            await ledger.become_runner()
            await ledger.want(BEGUN)
            intent = await begun(ledger, [0])
            assert await ledger.suppress(iter([phone(0), phone(1), phone(77)]), "a list") == 3
            assert await found(ledger) == [SENDING, SUPPRESSED, PLANNED, SUPPRESSED, SUPPRESSED, PLANNED]
            for source in ("a list", "another list"):
                assert await (await hosts.open()).suppress([phone(0), phone(1)], source) == 0
            assert await ledger.suppress([], "nothing") == 0
            await ledger.record(intent, ruling([0], Status.ACCEPTED))
            assert await found(ledger) == [ACCEPTED, SUPPRESSED, PLANNED, SUPPRESSED, SUPPRESSED, PLANNED]

        self.check(test)


async def _every_state(hosts: LedgerHosts) -> CampaignLedger:
    """A ledger that runs, with who is accepted, rejected, unknown (two), capped (two) and suppressed."""
    ledger = await hosts.runner(7)
    statuses = Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.UNKNOWN
    await ledger.record(await begun(ledger, range(4)), ruling(range(4), *statuses))
    await ledger.skip([outcome(number, Status.UNSENT, Code.CAPPED, "no room") for number in (4, 5)])
    await ledger.suppress([phone(6)], "a list")
    return ledger
