"""What a page that is open for hours asks of a campaign ledger: whether it has changed, and figures in pieces."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...campaign.states import SAYS, State
from ...campaign.wanted import WantedChange
from ...campaign.wanted_states import WantedEvent
from ...models import Status
from .ledger_hosts import BEGUN, PAUSE, RESUME, LedgerTest, begun, letters, ruling

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ...campaign.protocol import CampaignLedger
    from ...campaign.rows import SeenAttempt
    from .ledger_hosts import LedgerHosts


class LedgerLookContract(LedgerTest):
    """The version of a ledger, its attempts page by page, and its figures by places of the input."""

    def test_the_version_is_another_one_after_each_change_and_no_other_time(self) -> None:
        """As another host sees it, which only looks."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, other = await hosts.open(), await hosts.open()
            seen = [await other.version()]

            async def changes(call: Awaitable[object]) -> None:
                await call
                seen.append(await other.version())
                await _look_at_all(other)
                assert await other.version() == seen[-1]

            await changes(ledger.add(letters(6), "Hello", None, ()))
            await ledger.become_runner()
            await changes(ledger.want(BEGUN))
            first = await begun(ledger, (0, 1))
            await changes(begun(ledger, (2, 3)))
            await changes(ledger.record(first, ruling((0, 1), Status.ACCEPTED, Status.UNKNOWN)))
            await changes(ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], None, "Ann"))
            await changes(ledger.suppress(["+12120000004"], "list"))
            await changes(ledger.want(PAUSE))
            await changes(ledger.want(RESUME))
            await changes(ledger.want(WantedChange(event=WantedEvent.STOP, by="Ann")))
            assert len(set(seen)) == len(seen)

        self.check(test)

    def test_the_version_is_another_one_after_a_known_double(self) -> None:
        """It changes no recipient."""

        async def test(hosts: LedgerHosts) -> None:
            first, second, intent = await hosts.cut_off(1)
            hosts.clock.us += 3_600_000_000
            await second.resolve([SAYS[State.PLANNED]["unknown"]], None, "Ann")
            later = await begun(second, [0])
            await second.record(later, ruling([0], Status.ACCEPTED))
            before = await second.version()
            await first.record(intent, ruling([0], Status.ACCEPTED))
            assert len(await second.doubles()) == 1
            assert await second.version() != before

        self.check(test)

    def test_attempts_come_page_by_page_with_what_is_known_of_them(self) -> None:
        """Whether a request may have left: yes if it was answered, no if it was not sent, unknown without an answer."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(9)
            assert await ledger.attempts(None, 10) == []
            times = []
            for at, statuses in ((0, [Status.ACCEPTED] * 3), (3, [Status.UNSENT] * 3), (6, None)):
                intent = await begun(ledger, range(at, at + 3))
                times.append(hosts.clock.us)
                hosts.clock.us += 1_000_000
                if statuses is not None:
                    await ledger.record(intent, ruling(range(at, at + 3), *statuses))
            every: list[SeenAttempt] = []
            while page := await ledger.attempts(every[-1] if every else None, 2):
                every += page
            assert [(one.began_us, one.ids, one.left) for one in every] == [
                (times[0], "0-2", True),
                (times[1], "3-5", False),
                (times[2], "6-8", None),
            ]

        self.check(test)

    def test_figures_of_places_come_to_those_of_all(self) -> None:
        """By calling code, and who is unknown; of places where nobody is there are none."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.runner(10)
            intent = await begun(ledger, range(8))
            await ledger.record(intent, ruling(range(8), *[Status.REJECTED, Status.UNKNOWN] * 4))
            ((code, all_of_it),) = await ledger.by_calling_code()
            parts = [await ledger.by_calling_code(range(at, at + 4)) for at in (0, 4, 8, 12)]
            assert [[code for code, _ in part] for part in parts] == [[code], [code], [code], []]
            assert sum((numbers for part in parts for _, numbers in part), Counter[State]()) == all_of_it
            doubts = [await ledger.doubts(range(at, at + 4)) for at in (0, 4, 8)]
            assert [len(part) for part in doubts] == [2, 2, 0]
            assert [one for part in doubts for one in part] == await ledger.doubts()

        self.check(test)


async def _look_at_all(ledger: CampaignLedger) -> None:
    await ledger.counts()
    await ledger.wanted()
    await ledger.attempts(None, 10)
    await ledger.by_calling_code()
    await ledger.doubts()
    await ledger.doubles()
    await ledger.resolutions()
    await ledger.moves()
