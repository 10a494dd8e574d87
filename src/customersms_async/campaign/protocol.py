"""The protocol of ledgers: all that campaigns, their runs and the command ask of one, be it a file or a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .move_states import MovingLedger
from .wanted import WantedLedger

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable, Sequence

    from .._core.rulings import Ruling
    from ..models import Limit, Outcome
    from .ledger_input import Letters
    from .rows import (
        Activity,
        Addition,
        Count,
        Doubt,
        Entry,
        Input,
        Intent,
        KnownDouble,
        PlacedText,
        PlannedRecipient,
        Resolution,
        RunningNow,
        SeenAttempt,
        Timeline,
    )
    from .states import Choice, State


class CampaignLedger(WantedLedger, MovingLedger, Protocol):
    """The durable record of a campaign: who, what, which intents, which outcomes.

    Made by ``ledger_opening.open_ledger``.

    ``name`` is what messages call it, without any password, and ``id`` its own, made at random, whatever it is called.

    Every method raises ``LedgerError`` where the ledger can't be used. What one changed is durable when it returns: all
    of it, or nothing. A cancelled call leaves at once; what it asked for still happens, whole, in its turn. Every
    transition of a recipient is one of ``states.TRANSITIONS``, and what holds the rows refuses any other by itself.
    ``customersms_async.testing.LedgerContract`` tests one.
    """

    name: str
    id: str

    async def now_us(self) -> int:
        """The time by the clock that deadlines and leases go by, in microseconds since 1970."""

    async def close(self) -> None:
        """End the use of it, once everything asked for is done; whoever runs it through this object does so no more."""

    def hurry(self) -> None:
        """Wait no more for a database that is away, as a person wants to leave: what can't be done then raises."""

    async def become_runner(self) -> None:
        """Become the one runner. Raises ``LedgerError`` if there is another, and for a ledger that may not be run."""

    async def leave_running(self) -> None:
        """End being the one runner, so that another can run."""

    async def recover(self) -> float | None:
        """Make unknown (code INTERRUPTED) everyone whose attempt can have no answer of its process any more.

        Gives the seconds until that may be so of others: a campaign is not over while they last. ``None`` if nobody is
        being sent to but by attempts of this object.
        """

    async def add(
        self,
        letters: Letters,
        template: str | None,
        region: str | None,
        suppressed: Iterable[str],
        *,
        source: str = "add",
        rehearsal: bool = False,
        one_per_number: bool = False,
        keep: Sequence[str] = (),
        file: str = "",
        by: str = "",
    ) -> bool:
        """Take all of ``letters`` in, in one transaction; false if the same were there already.

        ``suppressed`` (E.164) are kept in either case, as told by ``source``. ``one_per_number``: a number's further
        texts are skipped. ``keep`` are the columns whose texts come with each letter. ``file`` is the name of the file
        that they are from, and ``by`` who adds them; empty: none, and this process. Raises ``ConfigurationError`` if
        others are there, and what ``letters`` raises; then, or if it is cancelled, nothing is added.
        """

    async def add_more(
        self,
        letters: Letters,
        template: str | None,
        region: str | None,
        suppressed: Iterable[str],
        *,
        by: str,
        source: str = "add",
        one_per_number: bool = False,
        keep: Sequence[str] = (),
        file: str = "",
    ) -> list[Count] | None:
        """Take more recipients in as an addition of their own, in one transaction, also while the campaign runs.

        Gives how many of them are in which state, or ``None`` if an addition with the same hash was made already: then
        nobody is added. A number that is there already with the same text is a duplicate; with ``one_per_number``, one
        that is there with any text. In a campaign that is done, a run is needed from then on. The rest is as for
        ``add``. Raises ``ConfigurationError`` if nobody was added before, and what ``letters`` raises; then, or if it
        is cancelled before the last step, nothing is added.
        """

    async def added(self) -> Input | None:
        """The input, or ``None`` if nothing was added yet."""

    async def additions(self) -> list[Addition]:
        """All additions, in their order: the first is the input."""

    async def counts(self) -> list[Count]:
        """Numbers of recipients by state (in the table's order) and code, without those of nobody; costs nothing."""

    async def planned(self, start: int) -> list[PlannedRecipient]:
        """The next recipients to be sent to, from place ``start`` on, in the input's order, at most ``PAGE``."""

    async def requests(self, batch_size: int) -> int:
        """The number of requests that all who are planned come to, if all equal texts find together."""

    async def outside(self, prefixes: Collection[str]) -> tuple[int, int | None]:
        """How many planned numbers begin with none of ``prefixes``, and the first one's place in the input."""

    async def kept_names(self) -> tuple[str, ...]:
        """The columns of files whose texts are kept beside each recipient, in the order that they were named in."""

    async def among(self, phones: Collection[str]) -> int:
        """How many of these numbers recipients have."""

    async def entries(self, start: int, states: Collection[State]) -> list[Entry]:
        """The next recipients in any of ``states``, from place ``start`` on, in the input's order, at most ``PAGE``."""

    async def texts(self, places: Sequence[int]) -> list[PlacedText]:
        """The texts of the recipients at these places, ``PAGE`` at most, in their order; nobody else's places."""

    async def begin(self, intent: Intent) -> None:
        """Make it durable that a request to these recipients is about to leave; ``intent.attempt_id`` is set then.

        Raises ``SuppressedMeanwhileError``, ``CampaignStoppedError`` unless *run* is wanted, and ``LedgerError`` unless
        every one of them is planned; then nothing may leave.
        """

    async def record(self, intent: Intent, ruling: Ruling) -> None:
        """Make durable what became of an attempt; nothing, if it never came to be one, or was recorded before.

        Of recipients who were made unknown meanwhile (code INTERRUPTED), and of those whom a person has had planned
        again since, what the answer proves counts by ``states.late``, as long as this was their last attempt. Whoever
        was accepted and has a later attempt stays as they are, and is one of the ``doubles`` from then on.
        """

    async def suppress(self, phones: Iterable[str], source: str) -> int:
        """Suppress these numbers for good: nobody with one of them is sent to. Gives how many planned are skipped."""

    async def skip(self, outcomes: Sequence[Outcome]) -> None:
        """Skip, with the code and the words of these outcomes, those recipients of them who are planned."""

    async def resolve(self, choices: Sequence[Choice], phones: Iterable[str] | None, by: str) -> int:
        """Do what the person ``by`` says to everyone of ``choices``, or to those of them with these numbers.

        All choices lead to one state. Gives how many recipients that were. Nobody who is suppressed is planned again.
        Raises ``LedgerError``, and does nothing, while any of them may still be sent to by a process that was cut off.
        """

    async def running(self) -> RunningNow | None:
        """Who runs it just now, in this process or any other, as far as that can be seen from here; costs little."""

    async def activity(self, since_us: int) -> Activity:
        """What was attempted from that time on (microseconds since 1970)."""

    async def timeline(self, limits: Sequence[Limit]) -> Timeline | None:
        """Requests over time, in windows of the shortest limit that gives few enough; ``None`` if there are none."""

    async def version(self) -> str:
        """A word that is another one after each change of a recipient or of what is wanted; it costs nothing.

        So it is after each decision of a person, each known double, and each step of a move. It may be another one
        after something else as well.
        """

    async def attempts(self, after: SeenAttempt | None, most: int) -> list[SeenAttempt]:
        """The attempts that follow one (``None``: the first ones), in the order in which they began, at most so many.

        One that became durable a moment ago may stand before others, where several are begun at a time.
        """

    async def by_calling_code(self, places: range | None = None) -> list[tuple[str, Counter[State]]]:
        """For every calling code that was sent to, its recipients by state; those with the most failures first.

        ``places``: only recipients at these places of the input, which follow each other; so of ``doubts``.
        """

    async def doubts(self, places: range | None = None) -> list[Doubt]:
        """The first unknown recipients (``MOST_LISTED``), in the input's order, each with its last attempt."""

    async def doubles(self) -> list[KnownDouble]:
        """The first known doubles (``MOST_LISTED``), in the input's order."""

    async def resolutions(self) -> list[Resolution]:
        """People's decisions (``MOST_RESOLUTIONS``), the latest first."""
