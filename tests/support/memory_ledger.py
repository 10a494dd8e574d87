"""A campaign's ledger in memory, on any clock: what a run asks of one, for campaigns on virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from customersms_async.campaign.rows import PAGE, Count, Input, Intent, PlannedRecipient
from customersms_async.campaign.states import ANSWERS, SKIPS, RecipientEvent, State, after
from customersms_async.campaign.wanted import WantedChange, WantedNow, next_wanted
from customersms_async.campaign.wanted_states import Wanted, WantedEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from customersms_async._core.rulings import Ruling
    from customersms_async.models import Outcome


class Person(NamedTuple):
    """A recipient who is to be added: the number, the text, and their own zone, if it is known."""

    phone: str
    zone: str | None = None
    text: str = "Doors open at eight"


class MemoryLedger:
    """The record of one campaign, which takes the seconds of ``delay`` to be asked, and as many to answer.

    Mutable state: the recipients' states and codes, and what is wanted.
    """

    name = "a ledger in memory"
    id = "0123456789abcdef0123456789abcdef"

    def __init__(
        self, people: Sequence[Person], clock: Callable[[], int], delay: Callable[[], float] = lambda: 0
    ) -> None:
        self.people = list(people)
        self.states = [after(None, RecipientEvent.ADDED)] * len(people)
        self.codes = [""] * len(people)
        self._clock = clock
        self._delay = delay
        self._added_us = clock()
        self._wanted: WantedNow | None = None
        self._attempts = 0

    async def now_us(self) -> int:
        await asyncio.sleep(self._delay())
        now_us = self._clock()
        await asyncio.sleep(self._delay())
        return now_us

    async def become_runner(self) -> None:
        await asyncio.sleep(0)

    async def leave_running(self) -> None:
        pass

    def crash(self) -> None:
        """The process that ran it is dead: what it was sending is unknown."""
        for number, state in enumerate(self.states):
            if state is State.SENDING:
                self.states[number] = after(state, RecipientEvent.CRASHED)

    async def recover(self) -> float | None:
        return None

    async def added(self) -> Input | None:
        return Input("", None, len(self.people), self._added_us, 0)

    async def counts(self) -> list[Count]:
        found = Counter(zip(self.states, self.codes, strict=True))
        return [Count(state, code, number, number) for (state, code), number in found.items()]

    async def planned(self, start: int) -> list[PlannedRecipient]:
        found = (
            PlannedRecipient(number, one.phone, one.text, 1, one.zone)
            for number, one in enumerate(self.people[start:], start)
            if self.states[number] is State.PLANNED
        )
        return [one for one, _ in zip(found, range(PAGE), strict=False)]

    async def begin(self, intent: Intent) -> None:
        await asyncio.sleep(self._delay())
        assert all(self.states[number] is State.PLANNED for number in intent.ids)
        for number in intent.ids:
            self.states[number] = after(State.PLANNED, RecipientEvent.LEAVING)
        self._attempts += 1
        intent.attempt_id = self._attempts
        await asyncio.sleep(self._delay())

    async def record(self, intent: Intent, ruling: Ruling) -> None:
        if intent.attempt_id is not None:
            for one in ruling.outcomes:
                if self.states[one.index] is State.SENDING:  # else its process was taken for dead
                    self.states[one.index] = after(State.SENDING, ANSWERS[one.status])

    async def skip(self, outcomes: Sequence[Outcome]) -> None:
        for one in outcomes:
            if self.states[one.index] is State.PLANNED:
                self.states[one.index] = after(State.PLANNED, SKIPS[one.code])  # type: ignore[index]
                self.codes[one.index] = one.code or ""

    async def suppress(self, phones: Iterable[str], source: str) -> int:
        assert not list(phones), source
        return 0

    async def wanted(self) -> WantedNow | None:
        return self._wanted

    async def run_is_wanted(self) -> bool:
        return self._wanted is not None and self._wanted.state is Wanted.RUN

    async def want(self, change: WantedChange) -> bool:
        if self._wanted is None:
            self._append(WantedChange(event=WantedEvent.ADDED))
        return self._append(change)

    def _append(self, change: WantedChange) -> bool:
        anyone_left = any(state in (State.PLANNED, State.SENDING) for state in self.states)
        made = next_wanted(self._wanted, change, anyone_left=anyone_left)
        if made is not None:
            terms = change.terms or (None if self._wanted is None else self._wanted.terms)
            words: dict[str, Any] = {"by": change.by, "guard": made.guard, "why": made.why, "terms": terms}
            self._wanted = WantedNow(state=made.state, event=made.event, since_us=self._clock(), **words)
        return made is not None
