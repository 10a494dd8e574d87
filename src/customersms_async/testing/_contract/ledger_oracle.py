"""What a campaign ledger must say after any schedule of calls.

A recipient is in one attempt, unless that was proven unsent or a person said so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ...campaign.states import ANSWERS, RecipientEvent, State, after
from ...models import Code, Status
from .ledger_hosts import OVER_US, phone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...campaign.protocol import CampaignLedger
    from ...campaign.rows import Entry, Intent
    from ...models import Outcome

_LATE = {
    Status.ACCEPTED: State.ACCEPTED,
    Status.REJECTED: State.REJECTED,
    Status.UNSENT: State.PLANNED,
    Status.UNKNOWN: State.UNKNOWN,
}


@final
class OracleAttempt:
    """An attempt that has begun. ``run`` is the number of its host's time as the runner."""

    def __init__(self, intent: Intent, host: CampaignLedger, run: int, began_us: int) -> None:
        self.intent, self.host, self.run = intent, host, run
        self.over_us = began_us + OVER_US
        self.deadline_us = began_us + round(intent.timeout * 1e6)
        self.answered = False


@final
class OracleRecipient:
    """One recipient. ``free``: no attempt has them, or it was proven unsent, or a person said so."""

    def __init__(self, index: int) -> None:
        self.index, self.phone = index, phone(index)
        self.state, self.code = State.PLANNED, ""
        self.attempts, self.last = 0, None
        self.free = True
        self.suppressed = False

    last: OracleAttempt | None

    def becomes(self, state: State, code: str | None = None) -> None:
        """Move on."""
        self.state, self.code = state, code or ""

    @property
    def is_cut_off(self) -> bool:
        """Whether their attempt was taken for lost."""
        return self.state is State.UNKNOWN and self.code == Code.INTERRUPTED


@final
class LedgerOracle:
    """Everyone in a ledger, as it must be. Mutable state: the recipients, the attempts, and the doubles."""

    def __init__(self, count: int) -> None:
        self.everyone = [OracleRecipient(index) for index in range(count)]
        self.attempts: list[OracleAttempt] = []
        self.doubles: list[int] = []

    def begin(self, attempt: OracleAttempt) -> None:
        """An attempt has begun: the promise is looked at here, and nowhere else."""
        self.attempts.append(attempt)
        for person in self._of(attempt.intent.ids):
            assert person.free, f"recipient {person.index} is in two attempts"
            person.free = False
            person.becomes(after(State.PLANNED, RecipientEvent.LEAVING))
            person.attempts += 1
            person.last = attempt

    def record(self, attempt: OracleAttempt, outcomes: Iterable[Outcome]) -> None:
        """An attempt was recorded, in time or late."""
        if attempt.answered:
            return
        attempt.answered = True
        for outcome in outcomes:
            self._record(self.everyone[outcome.index], attempt, outcome)

    def _record(self, person: OracleRecipient, attempt: OracleAttempt, outcome: Outcome) -> None:
        if person.last is not attempt and not (person.state is State.PLANNED and outcome.status is Status.ACCEPTED):
            self.doubles += [person.index] if outcome.status is Status.ACCEPTED else []
            return
        if person.state is State.SENDING:
            state = after(State.SENDING, ANSWERS[outcome.status])
        elif person.is_cut_off:
            state = _LATE[outcome.status]
        elif person.state is State.PLANNED and outcome.status is Status.ACCEPTED:
            state = State.ACCEPTED
        else:
            return
        person.free = state is State.PLANNED
        person.becomes(state, None if outcome.status is Status.UNSENT else outcome.code)

    def skip(self, outcomes: Iterable[Outcome]) -> None:
        """Who is planned is skipped with the outcome's code."""
        for outcome in outcomes:
            person = self.everyone[outcome.index]
            if person.state is State.PLANNED:
                person.becomes(State.SKIPPED, outcome.code)

    def suppress(self, phones: Iterable[str]) -> int:
        """Everyone with these numbers is suppressed, and everyone planned who is so is skipped: gives how many."""
        named = frozenset(phones)
        for person in self.everyone:
            person.suppressed |= person.phone in named
        skipped = [person for person in self.everyone if person.suppressed and person.state is State.PLANNED]
        for person in skipped:
            person.becomes(State.SKIPPED, Code.SUPPRESSED)
        return len(skipped)

    def resolve(self, chosen: Sequence[OracleRecipient], state: State) -> None:
        """A person has said what becomes of these."""
        for person in chosen:
            person.free = state is State.PLANNED
            person.becomes(state)

    def see(self, found: Sequence[Entry], run: int | None, now_us: int) -> None:
        """Compare with what a host sees. Who is being sent to may be taken for lost where their host runs no more."""
        for person, entry in zip(self.everyone, found, strict=True):
            attempt = person.last
            if person.state is State.SENDING and entry.state is State.UNKNOWN:
                assert attempt is not None
                assert attempt.run != run or now_us >= attempt.over_us - 1_000_000, f"{person.index} was not lost"
                person.becomes(State.UNKNOWN, Code.INTERRUPTED)
            expected = (person.state, person.code, person.attempts)
            there = (entry.state, entry.code or "", entry.attempts)
            assert there == expected, f"recipient {person.index} is {there}, and not {expected}"

    def adopt(self, found: Sequence[Entry]) -> None:
        """Believe what a host sees, but for who is free to be sent to."""
        for person, entry in zip(self.everyone, found, strict=True):
            person.becomes(entry.state, entry.code)

    def lost(self, host: CampaignLedger, run: int | None, now_us: int) -> list[int]:
        """Who must be taken for lost by now, once ``host`` has looked."""
        return [
            person.index
            for person in self.everyone
            if person.state is State.SENDING
            and (attempt := person.last) is not None
            and attempt.run != run
            and attempt.host is not host
            and now_us >= attempt.over_us
        ]

    def _of(self, ids: Iterable[int]) -> list[OracleRecipient]:
        return [self.everyone[index] for index in ids]
