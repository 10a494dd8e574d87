"""Recipients are added to a campaign ledger: all with their reasons, or none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import json

from ..._core.intake import Letter
from ...campaign.rows import Count, PlacedText, PlannedRecipient
from ...campaign.states import State
from ...errors import ConfigurationError
from ...models import Code, Status
from .ledger_hosts import CAPPED, PLANNED, SUPPRESSED, LedgerTest, entries, found, letters, outcome, phone, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .ledger_hosts import LedgerHosts

_DUPLICATE = (State.SKIPPED, Code.DUPLICATE)


class LedgerAddingContract(LedgerTest):
    """The input of a campaign, frozen as it was given."""

    def test_everyone_is_planned_in_the_input_s_order_and_counted_with_their_segments(self) -> None:
        """The time of the input is the clock's; every host calls the ledger by one id."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, long = await hosts.open(), "long " * 40
            assert await ledger.added() is None
            assert (await ledger.counts(), await ledger.planned(0), await entries(ledger)) == ([], [], [])
            some = [Letter(phone(2), "Hi"), Letter(phone(0), long), Letter(phone(1), "Hi")]
            assert await ledger.add(some, "Hi", None, (), rehearsal=True)
            other = await hosts.open()
            given = await other.added()
            assert given is not None
            assert (given.template, given.recipients, given.added_us) == ("Hi", 3, hosts.clock.us)
            assert given.rehearsal
            assert await other.counts() == [Count(State.PLANNED, "", 3, 4)]
            assert await other.planned(0) == [
                PlannedRecipient(0, phone(2), "Hi", 1),
                PlannedRecipient(1, phone(0), long, 2),
                PlannedRecipient(2, phone(1), "Hi", 1),
            ]
            assert [(e.index, e.phone, e.attempts, e.updated_us) for e in await entries(other)] == [
                (place, phone(number), 0, hosts.clock.us) for place, number in enumerate((2, 0, 1))
            ]
            assert ledger.id == other.id
            assert ledger.id
            assert ledger.name == other.name

        self.check(test)

    def test_who_can_t_be_sent_to_is_skipped_with_the_reason(self) -> None:
        """A repeat, what is no number, what is no text, and who is suppressed; the others are planned."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            some: list[tuple[object, object]] = [
                (phone(0), "A"),
                ("+1 212 000 0000", "A"),
                (phone(0), "B"),
                ("nobody", "A"),
            ]
            some += [(phone(1), ""), (phone(2), "A"), (phone(3), "half \ud83d"), (5, None)]
            assert await ledger.add([Letter(*each) for each in some], None, None, [phone(2)])
            assert [(e.phone, e.state, e.code) for e in await entries(ledger)] == [
                (phone(0), *PLANNED),
                (phone(0), *_DUPLICATE),
                (phone(0), *PLANNED),
                ("nobody", State.SKIPPED, Code.INVALID_PHONE),
                (phone(1), State.SKIPPED, Code.INVALID_MESSAGE),
                (phone(2), *SUPPRESSED),
                (phone(3), State.SKIPPED, Code.INVALID_MESSAGE),
                ("5", State.SKIPPED, Code.INVALID_PHONE),
            ]
            assert all(bool(e.error) is (e.state is State.SKIPPED) for e in await entries(ledger))
            assert [each.id for each in await ledger.planned(0)] == [0, 2]

        self.check(test)

    def test_one_per_number_skips_a_number_that_comes_again_with_any_text(self) -> None:
        """Numbers without a calling code are dialled from the region."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            some = [("+12125551234", "a"), ("(212) 555-1234", "b"), ("+12125551235", "b"), ("+12125551234", "a")]
            await ledger.add([Letter(*each) for each in some], None, "US", (), one_per_number=True)
            assert await found(ledger) == [PLANNED, _DUPLICATE, PLANNED, _DUPLICATE]

        self.check(test)

    def test_a_file_s_lines_and_what_is_kept_of_its_rows_come_back(self) -> None:
        """Also of who is skipped; what was kept is a JSON object of texts, by the columns' names in their order."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            some = [Letter(phone(0), "a", 2, ("17", "Zoë\0✋")), Letter("x", "a", 4, ("18", ""))]
            await ledger.add(some, "a", None, (), keep=("id", "a name"))
            assert await (await hosts.open()).kept_names() == ("id", "a name")
            lines = [(e.line, json.decode(e.kept or "")) for e in await entries(ledger)]
            assert lines == [(2, {"id": "17", "a name": "Zoë\0✋"}), (4, {"id": "18", "a name": ""})]

        self.check(test)

    def test_the_time_zone_that_a_recipient_brings_comes_back_with_who_is_planned(self) -> None:
        """As it was given, whoever else has none; and a ledger in which nobody has one says so of each."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            zones = [None, "America/New_York", None, "no zone ✋"]
            some = [Letter(phone(place), "a", zone=zone) for place, zone in enumerate(zones)]
            await ledger.add([*some, Letter("x", "a", zone="Asia/Tokyo")], "a", None, ())
            other = await hosts.open()
            assert [each.zone for each in await other.planned(0)] == zones
            assert await other.planned(3) == [PlannedRecipient(3, phone(3), "a", 1, "no zone ✋")]
            await refused(
                ConfigurationError, other.add([Letter(each.phone, each.text) for each in some], "a", None, ())
            )

        self.check(test)

    def test_the_input_is_the_first_addition_with_who_added_it_from_which_file(self) -> None:
        """Without a name, that is the process; what was added again is no other addition."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            assert await ledger.additions() == []
            for _ in range(2):
                await ledger.add(letters(3), None, None, (), file="people ✋.csv", by="Ann Lee")
            (first,) = await (await hosts.open()).additions()
            given = await ledger.added()
            assert given is not None
            assert first == ("people ✋.csv", given.hash, hosts.clock.us, "Ann Lee", 3, 0)
            now = await ledger.wanted()
            assert now is not None
            assert now.by == "Ann Lee"

        self.check(test)

    def test_the_text_of_anyone_comes_back_with_its_segments(self) -> None:
        """That of a repeat with none, as it is not sent; who could not be sent a text has none."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            some = [Letter(phone(0), "long " * 40), Letter("nobody", "a"), Letter(phone(0), "long " * 40)]
            await ledger.add([*some, Letter(phone(1), "Zoë\0✋")], None, None, ())
            found = [PlacedText(0, "long " * 40, 2), PlacedText(1, None, 0), PlacedText(2, "long " * 40, 0)]
            assert await ledger.texts([0, 1, 2]) == found
            assert await ledger.texts([3, 9]) == [PlacedText(3, "Zoë\0✋", 1)]
            assert await ledger.texts([]) == []

        self.check(test)

    def test_what_came_from_no_file_has_no_lines(self) -> None:
        """And nothing is kept of it."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(2)
            assert await ledger.kept_names() == ()
            assert [(e.line, e.kept) for e in await entries(ledger)] == [(None, None)] * 2

        self.check(test)

    def test_the_same_input_again_adds_nothing_but_who_is_suppressed(self) -> None:
        """By any host, however it is handed over."""

        async def test(hosts: LedgerHosts) -> None:
            await hosts.filled(3)
            other = await hosts.open()
            assert not await other.add(iter(letters(3)), "Hello", None, [phone(1)])
            assert await found(other) == [PLANNED, SUPPRESSED, PLANNED]

        self.check(test)

    def test_another_input_or_template_is_refused(self) -> None:
        """One fewer, one more, another order, other texts, another template: nothing of it is kept."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, same = await hosts.filled(3), letters(3)
            others = [
                same[:-1],
                letters(4),
                same[::-1],
                letters(3, "Hi"),
                [*same[:2], Letter(phone(2), "Hello", key="k")],
            ]
            for other in others:
                await refused(ConfigurationError, ledger.add(other, "Hello", None, [phone(0)]), says="another ledger")
            for template in ("Hi", None):
                await refused(ConfigurationError, ledger.add(same, template, None, ()), says="another ledger")
            assert await found(ledger) == [PLANNED] * 3

        self.check(test)

    def test_an_input_that_fails_or_is_cancelled_adds_nothing(self) -> None:
        """Nor does one without anybody; another may be added after that."""

        async def test(hosts: LedgerHosts) -> None:
            ledger, waits = await hosts.open(), asyncio.Event()

            def breaking() -> Iterator[Letter]:
                yield from letters(2_500)
                raise OSError("the input is gone")

            async def endless() -> AsyncIterator[Letter]:
                for letter in letters(2_500):
                    yield letter
                waits.set()
                await asyncio.Event().wait()

            await refused(OSError, ledger.add(breaking(), "Hello", None, ()), says="the input is gone")
            adding = asyncio.create_task(ledger.add(endless(), "Hello", None, [phone(0)]))
            await waits.wait()
            adding.cancel()
            await asyncio.wait([adding])
            assert adding.cancelled()
            await refused(ConfigurationError, ledger.add([], "Hello", None, ()), says="no recipients")
            assert (await ledger.added(), await ledger.wanted(), await entries(ledger)) == (None, None, [])
            assert await ledger.add(letters(2), "Hi", None, ())
            assert await found(ledger) == [PLANNED] * 2

        self.check(test)

    def test_of_two_who_add_at_once_one_has_added(self) -> None:
        """The other one hears so, or that the same is there already."""

        async def test(hosts: LedgerHosts) -> None:
            both = [await hosts.open(), await hosts.open()]
            adding = (ledger.add(letters(1_200), "Hello", None, ()) for ledger in both)
            given = await asyncio.gather(*adding, return_exceptions=True)
            assert sum(each is True for each in given) == 1
            assert all(isinstance(each, bool | ConfigurationError) for each in given)
            assert await found(both[0]) == [PLANNED] * 1_200

        self.check(test)

    def test_whoever_is_capped_or_suppressed_is_not_planned_any_more(self) -> None:
        """``planned`` goes on from any place."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.filled(6)
            await ledger.skip([outcome(3, Status.UNSENT, Code.CAPPED, "no room")])
            await ledger.suppress([phone(1)], "a list")
            assert await found(ledger) == [PLANNED, SUPPRESSED, PLANNED, CAPPED, PLANNED, PLANNED]
            for start, ids in ((0, [0, 2, 4, 5]), (1, [2, 4, 5]), (5, [5]), (6, []), (7, [])):
                assert [each.id for each in await ledger.planned(start)] == ids

        self.check(test)
