"""A name in a database as the target of a campaign's move."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from ..._postgres.errors import PostgresError
from ..._postgres.server import PostgresServer
from .._sqlite import packing
from ..refusals import MissingLedgerError, refusal
from . import copying
from .calls import refused
from .ledger import PostgresLedger
from .values import words

if TYPE_CHECKING:
    from ..._postgres.session import ServerSession
    from ...errors import LedgerError
    from ..moving import LedgerMove, MovingLedger
    from .place import DatabasePlace

_RENAME: Final = (
    b"WITH durably AS MATERIALIZED (SELECT customersms.commit_durably(true))"
    b" UPDATE customersms.campaigns SET name = $2 FROM durably WHERE campaign = $1 RETURNING 1"
)
_LONGEST: Final = 3_600.0
"""Seconds that bringing a campaign into the database may take."""

_SHORT: Final = 70
"""Letters of its name that a campaign keeps which is put aside."""

_TAKEN: Final = "23505"


@final
class DatabaseTarget:
    """The campaign of that name in the database, if there is one, or the one to be made there.

    Mutable state: the number of the one that was found, and the connections.
    """

    def __init__(self, place: DatabasePlace) -> None:
        self.name = place.shown
        self._place = place
        self._server = PostgresServer(place.url, "a campaign", 5.0, place.failover)
        self._found = 0

    async def find(self) -> PostgresLedger | None:
        """The open ledger there; ``None`` if there is none of that name."""
        try:
            ledger = await PostgresLedger.open(self._place, create=False)
        except MissingLedgerError:
            return None
        self._found = ledger.number
        return ledger

    async def bring(self, source: MovingLedger, said: LedgerMove) -> None:
        """Make the ledger of all that ``source`` holds, with ``said`` as the last word; it is there whole, or not."""
        with tempfile.TemporaryDirectory(prefix="customersms-") as folder:
            packed = Path(folder, "packed.ledger")
            await source.pack(packed)
            await asyncio.to_thread(packing.say_it_arrives, packed, said)

            def job(session: ServerSession) -> None:
                with session.lent(time.monotonic() + _LONGEST) as connection:
                    copying.bring_new(connection, packed, self._place.name.encode())

            try:
                await self._server.run(job, _LONGEST)
            except PostgresError as error:
                raise self._refused(error) from None

    async def clear(self) -> str:
        """Give what an earlier move has left there another name, which it gives."""
        name = f"{self._place.name[:_SHORT]} (moved, {self._found})"
        try:
            await self._server.ask(_RENAME, b"%d" % self._found, words(name))
        except PostgresError as error:
            raise self._refused(error) from None
        return self._place._replace(name=name).shown

    async def forget(self, move: str) -> None:
        """Do nothing: what a transaction had not brought to its end is not there."""

    async def close(self) -> None:
        """Close the connections."""
        await self._server.aclose()

    def _refused(self, error: PostgresError) -> LedgerError:
        if error.sqlstate == _TAKEN:
            return refusal(self.name, "another program has just made a campaign of that name there")
        return refused(self.name, error)
