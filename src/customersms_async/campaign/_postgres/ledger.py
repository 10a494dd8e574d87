"""The ledger of a campaign in a PostgreSQL database, which any number of hosts may have open."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from ..._core.outcomes import ON_THE_LIST
from ..._postgres.errors import PostgresError
from ..._postgres.wire import bytea
from ..._runtime import log
from ..._runtime.clock import wall_us
from ...errors import ConfigurationError, LedgerError
from ..ledger_input import compare
from ..refusals import CUT_OFF_US, MissingLedgerError, judged_apart, may_be_sent_to
from ..states import after
from ..wanted import OF_RUNS, next_wanted
from . import copying, packing
from .calls import MOVED_AWAY
from .host import Host
from .move_rows import LedgerMoves
from .values import encode_names, encode_text, encode_texts, only_row
from .wanted_rows import WANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg import Connection

    from ..ledger_input import Letters
    from ..rows import Count
    from ..states import Choice
    from ..wanted import WantedChange
    from .database_place import DatabasePlace

T = TypeVar("T")

_OPEN: Final = b"SELECT * FROM customersms.campaign_open($1, $2, $3)"
_SUPPRESS: Final = b"SELECT customersms.campaign_suppress($1, $2, $3, $4, $5)"
_RESOLVE: Final = b"SELECT * FROM customersms.campaign_resolve($1, $2, $3, $4, $5, $6, $7, $8, $9)"

_LONGEST_ADDING: Final = 3_600.0
"""Seconds that bringing an input into the database may take."""

_LONGEST_CHANGE: Final = 900.0
"""Seconds that a person's decision about all of a campaign may take."""


@final
class PostgresLedger(LedgerMoves):
    """One open ledger of a campaign in a database; a process may have as many as it likes, and so may other hosts.

    ``id`` is the campaign's own, made at random, whatever its name is.

    Each change is one call of a function of the server's, in one transaction, on its disk when it returns. A cancelled
    call leaves at once; what it asked for still happens. While this object runs the campaign, a server that is away is
    waited for: only ``begin`` gives up then (``LedgerAwayError``), so that no token and no connection is held for long.
    """

    def __init__(self, place: DatabasePlace, clock: Callable[[], int] | None) -> None:
        super().__init__(place, clock)
        self.id = ""

    @classmethod
    async def open(
        cls,
        place: DatabasePlace,
        *,
        create: bool,
        clock: Callable[[], int] | None = None,
        looking: bool = False,
    ) -> PostgresLedger:
        """Open the campaign's ledger, or make an empty one if it isn't there and may be made.

        ``clock`` gives integer microseconds in place of the server's time, and is for tests. Who was being sent to in
        attempts whose time is over is unknown from here on, unless it is opened for ``looking`` alone.
        """
        ledger = cls(place, clock)
        ledger._host = Host.join(place, clock, ledger)
        try:
            made = secrets.token_hex(16).encode() if create else b""
            rows = await ledger._ask(_OPEN, encode_text(place.name), ledger._now(), made)
            if not rows:
                raise MissingLedgerError(f"{ledger.name}: the database has no campaign of that name", path=ledger.name)
            number, name = only_row(rows)
            ledger.id = (name or b"").decode()
            ledger._number = int(number or 0)
            if not looking:
                await ledger.recover()
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        """End the use of it, and being the runner."""
        if self._host is None:
            return
        try:
            await self.leave_running(patient=False)
        except LedgerError as error:
            log.debug("the lease of %s could not be given back: %s", self.name, error)
        host, self._host = self._host, None
        await host.leave(self)

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
        """Take all of ``letters`` in, in one transaction, once they are judged in a file of their own."""
        known = await self.added()
        if known is not None:
            await compare(known, letters, template, self.name)
            await self.suppress(suppressed, source)
            return False
        from .._sqlite.ledger import SQLiteLedger

        with tempfile.TemporaryDirectory(prefix="customersms-") as folder:
            draft = Path(folder, "draft.ledger")
            judged = await SQLiteLedger.open(draft, create=True, clock=self._clock or wall_us)
            try:
                with judged_apart(self.name):
                    await judged.add(
                        letters,
                        template,
                        region,
                        suppressed,
                        source=source,
                        rehearsal=rehearsal,
                        one_per_number=one_per_number,
                        keep=keep,
                        file=file,
                        by=by,
                    )
            finally:
                await judged.close()
            if not await self._bring(draft):
                raise ConfigurationError(f"{self.name}: another program has just added recipients")
        return True

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
        """Take more recipients in as an addition of their own: see ``CampaignLedger``."""
        from .._sqlite.ledger import judge
        from .later_additions import LaterAddition, add

        if await self.added() is None:
            raise ConfigurationError(f"{self.name}: nobody was added to this ledger yet")
        with tempfile.TemporaryDirectory(prefix="customersms-") as folder:
            draft = Path(folder, "draft.ledger")
            clock = self._clock or wall_us
            judging = judge(draft, letters, template, region, clock, one_per_number=one_per_number, keep=keep)
            with judged_apart(self.name):
                await judging
            phones = await asyncio.to_thread(list, suppressed)
            addition = LaterAddition(
                *(draft, Path(folder, "fitted"), one_per_number, phones, source, file, by),
                now_us=None if self._clock is None else self._clock(),
            )
            return await self._lend(lambda connection: add(connection, self._number, addition))

    async def want(self, change: WantedChange) -> bool:
        """Make a change of what is wanted durable: see ``WantedLedger``."""
        call = secrets.token_bytes(16)
        holder, epoch = self._lease_of_run() if change.event in OF_RUNS else (None, None)
        while True:
            seen = await self._wanted()
            following = next_wanted(seen.now, change, anyone_left=seen.anyone_left)
            if following is None:
                return False
            ((done,),) = await self._call(
                WANT,
                self._now(),
                bytea(call),
                holder,
                epoch,
                b"%d" % seen.number,
                b"t" if seen.anyone_left else b"f",
                following.state.encode(),
                following.event.encode(),
                encode_text(change.by),
                encode_text(following.guard),
                encode_text(following.why),
                None if change.terms is None else encode_text(change.terms.encode()),
            )
            if done == b"t":
                return True

    async def suppress(self, phones: Iterable[str], source: str) -> int:
        """Suppress these numbers for good: nobody with one of them is sent to. Gives how many planned are skipped."""
        listed = await asyncio.to_thread(lambda: encode_texts(phones))
        given = (self._now(), listed, encode_text(source), encode_text(ON_THE_LIST))
        ((count,),) = await self._call(_SUPPRESS, *given, seconds=_LONGEST_CHANGE)
        return int(count or 0)

    async def resolve(self, choices: Sequence[Choice], phones: Iterable[str] | None, by: str) -> int:
        """Do what a person says of recipients; gives of how many that was."""
        becomes = after(choices[0].state, choices[0].event)
        rows = await self._call(
            _RESOLVE,
            self._now(),
            bytea(secrets.token_bytes(16)),
            encode_names([choice.state for choice in choices]),
            encode_texts(choice.code for choice in choices),
            becomes.encode(),
            None if phones is None else encode_texts(phones),
            encode_text(by),
            b"%d" % CUT_OFF_US,
            seconds=_LONGEST_CHANGE,
        )
        count, held, until_us = (int(value or 0) for value in only_row(rows))
        if held:
            raise may_be_sent_to(self.name, held, until_us)
        return count

    async def pack(self, to: Path) -> None:
        """Write all that it holds into a new file."""
        await self._lend(lambda connection: packing.pack(connection, self._number, self.id, self.name, to))

    async def _bring(self, draft: Path) -> bool:
        return await self._lend(lambda connection: copying.bring(connection, draft, self._number))

    async def _lend(self, work: Callable[[Connection[Any]], T]) -> T:
        """What ``work`` gives, which may take long, over a connection of its own."""
        try:
            return await self._opened.server.lend(work, _LONGEST_ADDING)
        except PostgresError as error:
            if error.sqlstate == MOVED_AWAY:
                raise await self._moved_away() from None
            raise self._refused(error) from None
