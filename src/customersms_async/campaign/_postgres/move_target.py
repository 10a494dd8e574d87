"""A name in a database as the target of a campaign's move."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from ..._postgres.errors import PostgresError
from ..._postgres.server import DATABASE_ID, DEFAULT_TIMEOUT, PostgresServer
from .._sqlite import packing
from ..refusals import CHANGED, JUST_TAKEN, MissingLedgerError, refusal
from . import copying
from .calls import refused
from .copying import NamedCampaign
from .host import Host
from .ledger import PostgresLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from ..move_states import FoundLedger, LedgerMove, MovingLedger
    from .database_place import DatabasePlace

_LONGEST: Final = 3_600.0
"""Seconds that bringing a campaign into the database may take."""

_SHORT: Final = 70
"""Letters of its name that a campaign keeps which is put aside."""

_TAKEN: Final = "23505"


@final
class DatabaseTarget:
    """The campaign of that name in the database, if there is one, or the one to be made there.

    What is found is found over the same connections each time, so that a move does not connect for each of its steps.

    Mutable state: the number of the one that was found, which database it is, and the connections.
    """

    def __init__(self, place: DatabasePlace) -> None:
        self.name = place.shown
        self._place = place
        self._server = PostgresServer(place.url, "a campaign", DEFAULT_TIMEOUT, place.failover)
        self._host: Host | None = None
        self._found = 0
        self._database = ""

    async def database(self) -> str:
        """Which database it is, by its system identifier and number."""
        if not self._database:
            try:
                ((found,),) = await self._server.ask(DATABASE_ID)
            except PostgresError as error:
                raise refused(self.name, error) from None
            self._database = (found or b"").decode()
        return self._database

    async def find(self) -> PostgresLedger | None:
        """The open ledger there; ``None`` if there is none of that name."""
        if self._host is None:
            self._host = Host.join(self._place, None, self)
        try:
            ledger = await PostgresLedger.open(self._place, create=False)
        except MissingLedgerError:
            return None
        self._found = ledger.number
        return ledger

    async def reserve(self, ledger: str, rows: Sequence[LedgerMove], over: FoundLedger | None) -> None:
        """Take the name with a campaign that nobody is in."""
        held = None if over is None else NamedCampaign(self._found, len(over.moves))
        await self._change(lambda connection: copying.reserve(connection, self._word, ledger, rows, held))

    async def bring(self, source: MovingLedger, said: LedgerMove, over: FoundLedger) -> str | None:
        """Make the ledger of all that ``source`` holds; it is there whole, in place of what was, or not at all."""
        aside = f"{self._place.name[:_SHORT]} (moved, {self._found})" if over.is_filled else None
        held, called = NamedCampaign(self._found, len(over.moves)), None if aside is None else aside.encode()
        with tempfile.TemporaryDirectory(prefix="customersms-") as folder:
            packed = Path(folder, "packed.ledger")
            await source.pack(packed)
            await asyncio.to_thread(packing.say_it_arrives, packed, [said])
            where = await self.database()
            await self._change(
                lambda connection: copying.bring_new(connection, packed, self._word, held, called, where)
            )
        return None if aside is None else self._place._replace(name=aside).shown

    async def free(self, over: FoundLedger) -> None:
        """Let the name go."""
        held = NamedCampaign(self._found, len(over.moves))
        await self._change(lambda connection: copying.free(connection, self._word, held))

    async def forget(self, move: str) -> None:
        """Do nothing: what a transaction had not brought to its end is not there."""

    async def close(self) -> None:
        """Close the connections."""
        host, self._host = self._host, None
        if host is not None:
            await host.leave(self)
        await self._server.aclose()

    @property
    def _word(self) -> bytes:
        return self._place.name.encode()

    async def _change(self, work: Callable[[Connection[Any]], bool]) -> None:
        """Do ``work`` in the database. Raises ``LedgerError``, also where it finds another campaign than was found."""
        try:
            done = await self._server.lend(work, _LONGEST)
        except PostgresError as error:
            if error.sqlstate == _TAKEN:
                raise refusal(self.name, JUST_TAKEN) from None
            raise refused(self.name, error) from None
        if not done:
            raise refusal(self.name, CHANGED)
