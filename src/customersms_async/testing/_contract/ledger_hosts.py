"""How a contract gets at the campaign ledger that it tests: the hosts that have it open, and what they see in it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from ..._core.intake import Letter
from ..._core.rulings import Ruling
from ...campaign.guards import GuardTerms
from ...campaign.rows import Intent
from ...campaign.states import State
from ...campaign.terms import CampaignTerms
from ...campaign.wanted import WantedChange
from ...campaign.wanted_states import WantedEvent
from ...models import DOCUMENTED_LIMITS, Code, Outcome, Status
from ..clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from decimal import Decimal

    from ...campaign.protocol import CampaignLedger
    from ...campaign.rows import Entry

Refusal = TypeVar("Refusal", bound=Exception)

TIMEOUT: Final = 30.0
"""Seconds that each attempt may take."""

OVER_US: Final = 36_000_000
"""How long after its beginning an attempt is over for every kind of ledger: its timeout, and six seconds."""

TERMS: Final = CampaignTerms(
    url="https://sms.example.com/api.php",
    key_id="0123456789abcdef01234567",
    key_label=None,
    limits=DOCUMENTED_LIMITS,
    pace=None,
    guards=GuardTerms(),
)
BEGUN: Final = WantedChange(event=WantedEvent.BEGUN, by="process 1 on here", terms=TERMS)
PAUSE: Final = WantedChange(event=WantedEvent.PAUSE, by="Ann")
RESUME: Final = WantedChange(event=WantedEvent.RESUME, by="Ann")

PLANNED: Final = (State.PLANNED, None)
SENDING: Final = (State.SENDING, None)
ACCEPTED: Final = (State.ACCEPTED, None)
CUT_OFF: Final = (State.UNKNOWN, Code.INTERRUPTED)
SUPPRESSED: Final = (State.SKIPPED, Code.SUPPRESSED)
CAPPED: Final = (State.SKIPPED, Code.CAPPED)


@final
class LedgerHosts:
    """The one ledger of a test, and the hosts that have it open. Mutable state: their clock, and what is open."""

    def __init__(self, opening: Callable[[ManualClock], Awaitable[CampaignLedger]]) -> None:
        self.clock = ManualClock(1_700_000_000_000_000)
        self._opening = opening
        self._opened: list[CampaignLedger] = []

    async def open(self) -> CampaignLedger:
        """The ledger for one more host."""
        ledger = await self._opening(self.clock)
        self._opened.append(ledger)
        return ledger

    async def close(self, ledger: CampaignLedger) -> None:
        """Have a host close it, as one does that ends, whatever is on its way."""
        self._opened.remove(ledger)
        await ledger.close()

    async def close_all(self) -> None:
        """Have every host close it."""
        while self._opened:
            await self.close(self._opened[-1])

    async def filled(self, count: int) -> CampaignLedger:
        """The ledger with so many recipients, all planned, in a host that doesn't run it."""
        ledger = await self.open()
        await ledger.add(letters(count), "Hello", None, ())
        return ledger

    async def runner(self, count: int) -> CampaignLedger:
        """The ledger with so many recipients, in the host that runs it."""
        ledger = await self.filled(count)
        await ledger.become_runner()
        await ledger.want(BEGUN)
        return ledger

    async def cut_off(self, count: int) -> tuple[CampaignLedger, CampaignLedger, Intent]:
        """A host whose attempt at all recipients is taken for lost, another one that runs now, and that attempt."""
        first, second = await self.runner(count), await self.open()
        intent = await begun(first, range(count))
        await first.leave_running()
        self.clock.us += OVER_US
        await second.recover()
        assert await found(second) == [CUT_OFF] * count
        await second.become_runner()
        return first, second, intent


class LedgerTest:
    """Opens the ledger that is tested. The tests are plain functions, each with an event loop of its own."""

    async def open(self, clock: Callable[[], int]) -> CampaignLedger:
        """The one ledger of this test on this clock (microseconds since 1970), made if it isn't there.

        Each object that this gives stands for a host that has it open.

        Raises:
            NotImplementedError: unless it is overridden.
        """
        raise NotImplementedError

    async def rows_in(self, table: str) -> int | None:  # noqa: ARG002 - for those who can say it
        """How many rows the ledger's ``attempts``, ``answers`` or ``terms`` have; ``None`` if that can't be said."""
        return None

    def check(self, test: Callable[[LedgerHosts], Coroutine[Any, Any, None]]) -> None:
        """Run ``test`` with an empty ledger, then see whether its counts agree with its recipients.

        Raises:
            AssertionError: where a promise is broken.
        """

        async def main() -> None:
            hosts = LedgerHosts(self.open)
            try:
                await test(hosts)
                await hosts.close_all()
                await counts_agree(await hosts.open())
            finally:
                await hosts.close_all()

        asyncio.run(main())


def phone(number: int) -> str:
    """The number of the recipient at this place."""
    return f"+1212{number:07}"


def letters(count: int, text: str = "Hello") -> list[Letter]:
    """One text for so many recipients."""
    return [Letter(phone(number), text) for number in range(count)]


async def begun(ledger: CampaignLedger, ids: Iterable[int], credits_before: Decimal | None = None) -> Intent:
    """An attempt at these recipients that has begun."""
    intent = Intent(list(ids), credits_before, TIMEOUT)
    await ledger.begin(intent)
    return intent


def outcome(number: int, status: Status, code: str | None = None, words: str | None = None) -> Outcome:
    """What became of the recipient at this place; ``words`` are the error, or the message's id if it was accepted."""
    is_id = status is Status.ACCEPTED
    return Outcome(number, phone(number), status, words if is_id else None, None if is_id else words, code)


def ruling(ids: Iterable[int], *statuses: Status) -> Ruling:
    """What became of a request to these recipients: one status for all, or one for each."""
    numbers = list(ids)
    each = statuses * len(numbers) if len(statuses) == 1 else statuses
    code = None if set(each) == {Status.UNSENT} else 200
    return Ruling([answered(number, status) for number, status in zip(numbers, each, strict=True)], status_code=code)


def answered(number: int, status: Status) -> Outcome:
    """What became of the recipient at this place, with the code and the words that such an outcome has."""
    if status is Status.ACCEPTED:
        return outcome(number, status, None, f"m{number}")
    code = {Status.REJECTED: "NOT_ALLOWED", Status.UNKNOWN: Code.NO_ANSWER, Status.UNSENT: Code.STOPPED}[status]
    return outcome(number, status, code, f"words {number}")


async def entries(ledger: CampaignLedger) -> list[Entry]:
    """All recipients, in the input's order, page by page."""
    every: list[Entry] = []
    while page := await ledger.entries(every[-1].index + 1 if every else 0, list(State)):
        every += page
    return every


async def found(ledger: CampaignLedger) -> list[tuple[State, str | None]]:
    """The state and the code of every recipient."""
    return [(entry.state, entry.code) for entry in await entries(ledger)]


async def counts_agree(ledger: CampaignLedger) -> None:
    """See whether the counts are what is there."""
    there = Counter((entry.state, entry.code or "") for entry in await entries(ledger))
    assert {(count.state, count.code): count.recipients for count in await ledger.counts()} == there


async def refused(kind: type[Refusal], call: Awaitable[object], *, says: str = "") -> Refusal:
    """The error of this kind that ``call`` must raise, in words that hold ``says``."""
    raised = None
    try:
        given = await call
    except kind as error:
        raised = error
    assert raised is not None, f"it was not refused, and gave {given!r}"
    assert says in str(raised), str(raised)
    return raised
