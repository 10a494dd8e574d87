"""What a campaign ledger tells of an input of any size and any texts, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._core.intake import Letter
from ...campaign.rows import PAGE
from ...campaign.states import State
from .ledger_hosts import LedgerTest, entries, letters, phone

if TYPE_CHECKING:
    from ...campaign.rows import PlannedRecipient
    from .ledger_hosts import LedgerHosts

ODD_TEXTS: Final = (
    "\0",
    "a\0b\0",
    "✋🏽 \U0010ffff",
    "e\u0301 \u202eback\u202c \ufeff",
    " \r\n\t ",
    "'; DROP TABLE recipients; -- %s {} \\",
    '{"json": "\\u0000"}',
    "x" * 100_000,
    "ü" * 50_000,
)
"""Texts that one store or another can't hold, or reads as something else."""

_MANY: Final = 5_000


class LedgerInputContract(LedgerTest):
    """Whatever was added can be read again as it was."""

    def test_texts_of_all_kinds_come_back_as_they_were(self) -> None:
        """Texts that only differ in what some stores ignore are two texts."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            texts = [*ODD_TEXTS, "x" * 99_999 + "y", "é", "A", "a", "a ", "a\0"]
            await ledger.add([Letter(phone(0), text) for text in texts], ODD_TEXTS[1], None, ())
            assert [each.text for each in await (await hosts.open()).planned(0)] == texts
            given = await ledger.added()
            assert given is not None
            assert given.template == ODD_TEXTS[1]

        self.check(test)

    def test_what_is_no_number_comes_back_in_its_first_hundred_characters(self) -> None:
        """Half a surrogate pair as it can be written."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            odd = ["a\0b", "✋" * 200, "", "half \ud83d", "'; --"]
            await ledger.add([Letter(each, "Hi") for each in odd], "Hi", None, ())
            shown = ["a\0b", "✋" * 100, "", "half \\ud83d", "'; --"]
            assert [(e.phone, e.state) for e in await entries(ledger)] == [(each, State.SKIPPED) for each in shown]

        self.check(test)

    def test_thousands_come_in_pages_and_repeats_are_found_however_far_apart(self) -> None:
        """Each page goes on where the last one ended."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            some = [Letter(phone(number), f"text {number % 400}") for number in range(_MANY)]
            assert await ledger.add([*some, *reversed(some)], None, None, ())
            planned: list[PlannedRecipient] = []
            pages = 0
            while page := await ledger.planned(planned[-1].id + 1 if planned else 0):
                assert len(page) <= PAGE
                planned += page
                pages += 1
            assert pages > 1
            assert [(each.id, each.phone, each.text) for each in planned] == [
                (number, letter.phone, letter.text) for number, letter in enumerate(some)
            ]
            every = await entries(ledger)
            assert [each.index for each in every] == list(range(2 * _MANY))
            assert {each.state for each in every[_MANY:]} == {State.SKIPPED}
            assert [each.index for each in await ledger.entries(_MANY + 3, [State.SKIPPED])][:2] == [
                _MANY + 3,
                _MANY + 4,
            ]
            assert await ledger.entries(0, [State.SENDING, State.ACCEPTED]) == []

        self.check(test)

    def test_requests_are_counted_as_if_all_equal_texts_found_together(self) -> None:
        """Of who is planned alone."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            assert await ledger.requests(100) == 0
            some = [Letter(phone(number), "AABAAB"[number % 6]) for number in range(12)]
            await ledger.add(some, None, None, [phone(0)])  # 7 of A, 4 of B
            assert [await ledger.requests(size) for size in (1, 2, 3, 4, 7, 100)] == [11, 6, 5, 3, 2, 2]

        self.check(test)

    def test_numbers_outside_of_prefixes_are_counted_with_the_first_one_s_place(self) -> None:
        """Of who is planned alone; with no prefix, all of them."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            numbers = ["+12125551234", "+442071838750", "nobody", "+4915112345678", "+390612345678"]
            await ledger.add([Letter(number, "Hi") for number in numbers], "Hi", None, ["+390612345678"])
            assert await ledger.outside(["+1", "+44", "+49"]) == (0, None)
            assert await ledger.outside(["+1", "+49"]) == (1, 1)
            assert await ledger.outside(["+4"]) == (1, 0)
            assert await ledger.outside(["+12125551234", "+5"]) == (2, 1)

        self.check(test)

    def test_numbers_among_the_recipients_are_counted_once(self) -> None:
        """Whatever state they are in, and however many are asked about."""

        async def test(hosts: LedgerHosts) -> None:
            ledger = await hosts.open()
            await ledger.add([*letters(3), *letters(3, "Hi")], None, None, [phone(1)])
            assert await ledger.among([]) == 0
            assert await ledger.among([phone(2), phone(2), phone(1), phone(7), "+1"]) == 2
            assert await ledger.among({phone(number) for number in range(40_000)}) == 3

        self.check(test)
