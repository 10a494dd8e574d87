"""More recipients are added to a campaign ledger that holds some: all of them, or nobody, also while it runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..._core.intake import Letter
from ..._core.rulings import Ruling
from ...campaign.rows import Addition, Count, PlannedRecipient
from ...campaign.states import State
from ...campaign.wanted import WantedChange
from ...campaign.wanted_states import Wanted, WantedEvent
from ...errors import ConfigurationError
from ...models import Code, Status
from .ledger_hosts import (
    ACCEPTED,
    PAUSE,
    PLANNED,
    SUPPRESSED,
    LedgerTest,
    begun,
    entries,
    found,
    letters,
    outcome,
    phone,
    refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...campaign.protocol import CampaignLedger
    from .ledger_hosts import LedgerHosts

DUPLICATE = (State.SKIPPED, Code.DUPLICATE)


class LedgerAdditionsContract(LedgerTest):
    """Additions to a campaign that holds recipients already."""

    def test_more_come_behind_the_others_and_who_is_there_with_the_same_text_is_a_duplicate(self) -> None:
        """Whatever became of the first; the same number with another text is planned, and equal texts are one."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.runner(3), await hosts.open()
            await _accept(ledger, 0)
            given = await ledger.added()
            assert given is not None
            hosts.clock.us += 1_000_000
            some = [(phone(0), "Hello"), (phone(7), "Hello"), (phone(0), "Hi"), (phone(7), "Hello"), ("nobody", "Hi")]
            some += [(phone(2), "Hello"), (phone(8), "long " * 40)]
            counts = await other.add_more(
                [Letter(*each) for each in some], None, None, (), by="Ann", file="more ✋.csv"
            )
            assert _sorted(counts) == _sorted(
                [
                    Count(State.PLANNED, "", 3, 4),
                    Count(State.SKIPPED, Code.DUPLICATE, 3, 0),
                    Count(State.SKIPPED, Code.INVALID_PHONE, 1, 0),
                ]
            )
            first, second = await ledger.additions()
            assert (first.recipients, first.first) == (3, 0)
            assert second == Addition("more ✋.csv", second.hash, hosts.clock.us, "Ann", 7, 3)
            assert await found(ledger) == [
                *(ACCEPTED, PLANNED, PLANNED, DUPLICATE, PLANNED, PLANNED, DUPLICATE),
                *((State.SKIPPED, Code.INVALID_PHONE), DUPLICATE, PLANNED),
            ]
            assert await ledger.planned(3) == [
                PlannedRecipient(4, phone(7), "Hello", 1),
                PlannedRecipient(5, phone(0), "Hi", 1),
                PlannedRecipient(9, phone(8), "long " * 40, 2),
            ]
            assert await ledger.requests(100) == 3
            assert await ledger.added() == given._replace(recipients=10)

        self.check(test)

    def test_the_same_addition_again_adds_nobody_and_says_so(self) -> None:
        """Nor does the input itself; the numbers that come with it are suppressed all the same."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(2)
            assert await ledger.add_more(letters(4), "Hello", None, (), by="Ann") is not None
            for again in (letters(4), letters(2)):
                assert await (await hosts.open()).add_more(again, "Hello", None, [phone(3)], by="Ben") is None
            assert len(await ledger.additions()) == 2
            assert await found(ledger) == [PLANNED, PLANNED, DUPLICATE, DUPLICATE, PLANNED, SUPPRESSED]

        self.check(test)

    def test_who_is_suppressed_is_skipped_by_whichever_addition_it_was(self) -> None:
        """The list of the first addition counts for the next one, and that of the next one for the first."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            await ledger.add(letters(2), "Hello", None, [phone(5)])
            some = [Letter(phone(number), "Hi") for number in (4, 5)]
            counts = await ledger.add_more(some, "Hi", None, [phone(1)], by="Ann")
            assert await found(ledger) == [PLANNED, SUPPRESSED, PLANNED, SUPPRESSED]
            assert _sorted(counts) == [Count(State.PLANNED, "", 1, 1), Count(State.SKIPPED, Code.SUPPRESSED, 1, 1)]

        self.check(test)

    def test_one_per_number_skips_who_is_there_with_any_text(self) -> None:
        """A number that was refused for something else is not there yet."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            await ledger.add([Letter(phone(0), "a"), Letter(phone(1), "")], None, None, ())
            some = [Letter(phone(number), "b") for number in (0, 1, 2)]
            await ledger.add_more(some, None, None, (), by="Ann", one_per_number=True)
            assert (await found(ledger))[2:] == [DUPLICATE, PLANNED, PLANNED]

        self.check(test)

    def test_lines_kept_columns_and_time_zones_are_those_of_the_addition(self) -> None:
        """The columns are all that any addition keeps, in the order in which they came."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            await ledger.add([Letter(phone(0), "a", 2, ("7", "x"))], None, None, (), keep=("id", "name"))
            some = [
                Letter(phone(1), "a", 2, ("Rome", "8"), zone="Europe/Rome"),
                Letter(phone(0), "a", 3, ("Oslo", "9")),
            ]
            await ledger.add_more(some, None, None, (), by="Ann", keep=("town", "id"))
            assert await ledger.kept_names() == ("id", "name", "town")
            assert [each.line for each in await entries(ledger)] == [2, 2, 3]
            assert [each.kept for each in await entries(ledger)][1] == '{"town":"Rome","id":"8"}'
            assert [each.error for each in await entries(ledger)][
                2
            ] == "line 3: the same number with the same text came before"
            assert [each.zone for each in await ledger.planned(0)] == [None, "Europe/Rome"]

        self.check(test)

    def test_a_run_sends_to_who_is_added_meanwhile(self) -> None:
        """Nothing else is wanted after it, and what is on its way is recorded."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.runner(2), await hosts.open()
            intent = await begun(ledger, range(2))
            await other.add_more([Letter(phone(5), "Hello")], "Hello", None, (), by="Ann")
            await ledger.record(intent, Ruling([outcome(n, Status.ACCEPTED) for n in range(2)], status_code=200))
            assert [each.id for each in await ledger.planned(0)] == [2]
            await _accept(ledger, 2)
            assert await found(other) == [ACCEPTED] * 3
            now = await ledger.wanted()
            assert now is not None
            assert now.state is Wanted.RUN

        self.check(test)

    def test_a_campaign_that_is_done_needs_a_run_and_what_a_person_said_stays(self) -> None:
        """And it stays done if nobody is planned by it."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(1)
            await _accept(ledger, 0)
            assert await ledger.want(WantedChange(event=WantedEvent.FINISHED, by="process 1"))
            await ledger.add_more([*letters(1), Letter("nobody", "Hi")], None, None, (), by="Ann")
            assert await _wanted(ledger) == (Wanted.DONE, "process 1")
            await ledger.add_more(letters(2), "Hello", None, (), by="Ann")
            assert await _wanted(ledger) == (Wanted.DRAFT, "Ann")
            await ledger.want(PAUSE)
            await ledger.add_more(letters(3), "Hello", None, (), by="Ben")
            assert await _wanted(ledger) == (Wanted.PAUSED, PAUSE.by)

        self.check(test)

    def test_additions_at_the_same_time_are_all_there_each_in_one_piece(self) -> None:
        """And the same one twice at the same time is there once."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.filled(2), await hosts.open()
            adds = [
                host.add_more([Letter(phone(n + each), "Hi") for each in range(30)], None, None, (), by="Ann")
                for host, n in ((ledger, 100), (other, 115), (ledger, 115))
            ]
            counts = await asyncio.gather(*adds)
            assert [each is None for each in counts].count(True) == 1
            places = [(each.first, each.recipients) for each in await ledger.additions()]
            assert places == [(0, 2), (2, 30), (32, 30)]
            assert (await found(ledger)).count(DUPLICATE) == 15
            assert len(await entries(ledger)) == 62

        self.check(test)

    def test_an_addition_that_fails_adds_nobody(self) -> None:
        """Nor does one that comes before any input."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            await refused(ConfigurationError, ledger.add_more(letters(1), None, None, (), by="Ann"))
            await ledger.add(letters(1), "Hello", None, ())
            await refused(ZeroDivisionError, ledger.add_more(_failing(), None, None, (), by="Ann"))
            await refused(ConfigurationError, ledger.add_more([], None, None, (), by="Ann"))
            assert len(await ledger.additions()) == 1
            assert await found(ledger) == [PLANNED]

        self.check(test)


async def _accept(ledger: CampaignLedger, place: int) -> None:
    intent = await begun(ledger, [place])
    await ledger.record(intent, Ruling([outcome(place, Status.ACCEPTED)], status_code=200))


async def _wanted(ledger: CampaignLedger) -> tuple[Wanted, str]:
    now = await ledger.wanted()
    assert now is not None
    return now.state, now.by


def _failing() -> Iterator[Letter]:
    yield from letters(1_500)
    raise ZeroDivisionError


def _sorted(counts: list[Count] | None) -> list[Count]:
    assert counts is not None
    return sorted(counts)
