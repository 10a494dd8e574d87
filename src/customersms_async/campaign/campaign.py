"""A campaign: a durable ledger and a loop that can be killed at any instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, final

from .._core.options import DEFAULT_STOP_AFTER_REFUSED, DEFAULT_STOP_AFTER_UNKNOWN
from .._sending.stream import OutcomeStream
from ..errors import ConfigurationError
from ..models import Outcome, Status
from .adding_methods import AddingMethods
from .arguments import suppressed_numbers
from .deciding_methods import DecidingMethods
from .guards import Guards, unix
from .ledger_opening import is_address, open_ledger
from .preparation import still_on, terms_of_run
from .run_times import RunTimes
from .runs import CampaignRuns
from .state_counts import count_states
from .states import STATUSES, State
from .successor import client_of, guards_of
from .terms import CampaignTerms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime, timedelta
    from decimal import Decimal
    from pathlib import Path
    from types import TracebackType

    from .._core.hours import Hours
    from .._sending.open_client import OpenClient
    from ..client import AsyncClient
    from .rows import Entry


@final
class Campaign(AddingMethods, DecidingMethods):
    """Sends to many over hours or days, and survives being stopped, killed and started again.

    The promise: *no second request ever contains a recipient of the campaign unless the first was proven not accepted
    or a named person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at
    most requests in flight times batch size per crash.*

    The same lines begin it and go on with it. The ledger is one SQLite file on a local disk, of which docs/campaigns.md
    says what to copy with it, and why never to go on with an old copy; or it is in a PostgreSQL database, where any
    host can go on with it. It is made by ``Campaign.open``, and entered with ``async with``. Each call raises
    ``LedgerError`` if the ledger can't be used, where what was recorded before is still there, and
    ``ConfigurationError`` outside of that block.

    Mutable state: the ledger while it is open, and the runs that have not ended.

    Example:
        ```python
        async with AsyncClient() as client, Campaign.open("spring.ledger") as campaign:
            await campaign.add(["+12125551234", "+13235554567"], "Doors open at eight")
            async for outcome in campaign.run(client):
                print(outcome.phone, outcome.status)
        ```
    """

    def __init__(self, path: Path | str, *, name: str | None = None, create: bool = True) -> None:
        self._path = path
        self._name = name
        self._create = create
        self._runs = CampaignRuns()

    @classmethod
    def open(cls, path: Path | str, *, name: str | None = None, create: bool = True) -> Campaign:
        """A campaign over the ledger at ``path``, to be entered with ``async with``.

        Recipients that were being sent to by a process which has ended are unknown from then on. Leaving sends nothing
        new, waits for the requests in flight and records what became of them.

        A campaign in a database (extra ``postgres``) is open on any number of hosts; one at a time runs it, and where
        that one dies, another can as soon as its lease is over, and sends to everyone but those whom the dead one was
        just sending to: they are unknown five seconds after their request's deadline. The URL takes libpq's options,
        and two of ours: ``lease``, the seconds (30 unless said otherwise) for which a runner counts as alive after its
        last sign of life, and ``failover``: after another server took over, ``stop`` (the default) begins no
        request until ``customersms ledger trust``, and ``trust`` goes on, as is right where the standby is synchronous;
        see docs/fleet.md. What it does not say comes from ``PG*`` variables and the password file.

        Args:
            path: a file, or ``"postgresql://user@host/database"`` with the campaign's ``name``, or with ``#name``
                behind it.
            name: that of a campaign in a database; a file holds one campaign, which has none.
            create: whether a ledger that is not there is made: a file has mode 0600.

        Raises:
            LedgerError: on entering, for a ledger that can't be used.
            ConfigurationError: on entering, for a path or name that can't be one, without a word of the URL's
                password.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                print(await campaign.counts())
            ```
        """
        return cls(path, name=name, create=create)

    async def __aenter__(self) -> Self:
        self._opened = await open_ledger(self._path, self._name, create=self._create)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ledger, self._opened = self._ledger, None
        try:
            await self._runs.end()
        finally:
            await ledger.close()

    def run(
        self,
        client: AsyncClient,
        *,
        keep_credits: Decimal | int | None = None,
        max_recipients: int | None = None,
        max_segments: int | None = None,
        stop_after_unknown: int | None = DEFAULT_STOP_AFTER_UNKNOWN,
        stop_after_refused: int | None = DEFAULT_STOP_AFTER_REFUSED,
        until: datetime | None = None,
        allow_prefix: str | Iterable[str] = (),
        suppress: Iterable[str] = (),
        region: str | None = None,
        hours: Hours | None = None,
        at: datetime | None = None,
        expires: datetime | timedelta | None = None,
        margin: float | None = None,
        wait: bool = False,
    ) -> OutcomeStream:
        """Send to everyone who is planned; gives each outcome once it is recorded: see ``OutcomeStream``.

        Goes out with priority BULK, in batches of the client's ``batch_size``, and waits for quota as long as it takes.
        What provably was not sent stays planned and is tried again; a gateway that was there and can't be reached any
        more is waited for, up to an hour. Whoever hits one of the client's ``caps``, or is on its list of suppressed
        numbers, is skipped: the outcome is UNSENT, code CAPPED or SUPPRESSED.

        ``keep_credits`` to ``allow_prefix`` are guards: each stops it before the next request.

        *No text leaves outside its recipient's hours, or after its time has run out.* Leaving means its first byte;
        every recipient is judged again at each attempt, right before it, by the ledger's clock (a database's own). A
        run waits for all that, as long as it takes.

        Before its first request the ledger says that *run* is wanted, and on which terms: see ``wanted``. A campaign
        that a guard has stopped, or whose run was left, is simply run again; one that a person has paused or stopped is
        refused until ``resume``.

        Args:
            client: what sends: its key, URL, limits, caps and list of suppressed numbers count.
            keep_credits: stop with fewer credits left. Only an answer says how many there are, so one request goes
                out in any case, and one at a time until then, unless the client has had an answer before.
            max_recipients: stop after so many recipients of the whole campaign, earlier runs included; who is
                skipped is not counted.
            max_segments: stop after so many segments, counted likewise.
            stop_after_unknown: stop after so many requests in a row of unknown fate; ``None``: never.
            stop_after_refused: stop after so many requests in a row that were refused whole; ``None``: never.
            until: stop at this time (without a time zone: local).
            allow_prefix: stop at a planned number that begins with none of these calling codes (``"+1"``).
            suppress: numbers that nobody is sent to from now on, in no run of this ledger; read in another thread,
                and one that is no number stops it.
            region: two letters: where those of ``suppress`` without ``+`` are dialled from.
            hours: when a recipient may be texted by the clock on their wall (extra ``phones``). The time zone is
                the recipient's own, else all in which the number may be, where it has to be within hours at once,
                else the zone of the hours; who has none is skipped, code NO_ZONE. Where a ported number is, nobody
                knows.
            at: not before this time. A time without a zone is in that of ``hours``, else local, and refused without
                one for a ledger in a database.
            expires: whoever was not reached by this time, or so long after ``at`` or after being added, is skipped,
                code EXPIRED.
            margin: seconds by which hours and expiry end earlier; those of an attempt with a full batch unless
                given.
            wait: while somebody else runs it, as on another host, stand by, and go on once that has ended, or died.

        Raises:
            ConfigurationError: for an option out of range, at once; with the first outcome where nobody was added,
                and as ``AsyncClient.send``.
            CampaignStoppedError: at the end, for a guard, and for ``pause`` and ``stop``.
            AuthenticationError: at the end, if the gateway refuses the API key.
            InsufficientCreditsError: at the end, if the account has no credits left.
            ConnectionFailedError: at the end, if the gateway can't be reached.
            InvalidRecipientError: at the end, if one of ``suppress`` is no number.
            QuotaStoreError: at the end, if the quota can't be kept, and will not be by itself.
            SuppressionStoreError: at the end, if nobody can say who is suppressed.
            LedgerError: at the end, if the ledger can't be used, or another run holds it.

        Whatever comes, everyone who was not sent to is still planned.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                await campaign.add(["+12125551234", "+13235554567"], "Doors open at eight")
                try:
                    async for outcome in campaign.run(client, keep_credits=100, stop_after_unknown=3):
                        print(outcome.phone, outcome.status)
                except CampaignStoppedError as stop:
                    print(stop.guard, "stopped it; the same call goes on")
            ```
        """
        if isinstance(suppress, str):
            raise ConfigurationError("suppress must be numbers, one after the other, not one text")
        prefixes = (allow_prefix,) if isinstance(allow_prefix, str) else tuple(allow_prefix)
        guards = Guards(
            keep_credits=keep_credits,
            max_recipients=max_recipients,
            max_segments=max_segments,
            stop_after_unknown=stop_after_unknown,
            stop_after_refused=stop_after_refused,
            until_unix=unix(until),
            allow_prefixes=prefixes,
        )
        times = RunTimes(hours=hours, at=at, expires=expires, margin=margin, in_database=is_address(self._path))

        def terms(opened: OpenClient) -> CampaignTerms:
            return CampaignTerms.of(opened.sender, guards, times.schedule(opened.options))

        suppressed = suppressed_numbers(suppress, region)
        return OutcomeStream(lambda: self._runs.begin(self._ledger, client, guards, suppressed, terms, wait=wait))

    async def go_on(
        self, client: AsyncClient, *, wait: bool = False, terms: CampaignTerms | None = None
    ) -> OutcomeStream:
        """Go on with the run that is wanted, on exactly the terms that stand in the ledger: see ``run``.

        For a process that succeeds another one, and that no person has told to run anything. Limits, pace, caps and
        guards are those of the terms. If it is left early, *run* is still wanted, so that another can go on. The stream
        raises at the end what that of ``run`` does.

        Args:
            client: what sends: its key, URL and list of suppressed numbers must be those of the terms.
            wait: while somebody else runs it, stand by, and go on once that has ended, or died.
            terms: those that the caller has judged, as ``wanted`` gave them, to go on with no other ones.

        Raises:
            CampaignStoppedError: if something else than a run is wanted.
            ConfigurationError: for another key, URL or list than the terms name, or if they are not ``terms``.
            SuppressionStoreError: if a list in a database can't say which one that is.
            LedgerError: if the ledger can't be used.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                try:
                    async for outcome in await campaign.go_on(client):
                        print(outcome.phone, outcome.status)
                except CampaignStoppedError:
                    print("nobody wants it to run")
            ```
        """
        if terms is not None:
            await still_on(self._ledger, terms)
        kept = terms or await terms_of_run(self._ledger)
        sender = await client_of(client, kept, self._ledger.name)
        guards = guards_of(kept)
        return OutcomeStream(
            lambda: self._runs.begin(self._ledger, sender, guards, (), lambda _: kept, wait=wait, succeeds=True)
        )

    async def counts(self) -> dict[State, int]:
        """How many recipients are in each state, by its name: ``counts["planned"]``. Costs nothing.

        Raises:
            LedgerError: if the ledger can't be used.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                counts = await campaign.counts()
                print(counts["planned"], counts["unknown"])
            ```
        """
        return await count_states(self._ledger)

    async def outcomes(self, status: Status | None = None) -> AsyncIterator[Outcome]:
        """Everyone's outcome as it stands, in the input's order, or those with one status; in bounded memory.

        Who is planned or skipped is UNSENT, who is being sent to UNKNOWN.

        Raises:
            LedgerError: if the ledger can't be used.
            ValueError: for a ``status`` that does not exist.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                async for outcome in campaign.outcomes(Status.UNKNOWN):
                    print(outcome.phone, outcome.error)
            ```
        """
        wanted = [state for state in State if status is None or STATUSES[state] is Status(status)]
        async for page in self.pages(wanted):
            for one in page:
                yield Outcome(one.index, one.phone, STATUSES[one.state], one.message_id, one.error, one.code)

    async def pages(self, states: Iterable[State] = State) -> AsyncIterator[list[Entry]]:
        """Everyone as the ledger has them, some thousand at a time: with the state's own name, attempts and time.

        Raises:
            LedgerError: if the ledger can't be used.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                async for page in campaign.pages(["planned"]):
                    print([entry.phone for entry in page])
            ```
        """
        wanted = tuple(states)
        start = 0
        while page := await self._ledger.entries(start, wanted):
            yield page
            start = page[-1].index + 1
