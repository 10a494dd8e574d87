"""The calls of a campaign's ledger to its server, which may be away for a while."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from ..._postgres.errors import PostgresError
from ...errors import LedgerError
from ..refusals import LedgerAwayError, refusal
from .advice import advice

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._postgres.wire import Row
    from .database_place import DatabasePlace
    from .host import Host

NOT_PLANNED: Final = "CSM02"
"""What ``campaign_begin`` raises where somebody is not planned any more."""

MOVED_AWAY: Final = "CSM03"
"""What a change raises in a ledger that the campaign is not in, as it has moved or is moving."""

FENCED: Final = "CSM05"
"""What ``campaign_want`` raises for a run that is not the runner any more."""

LOST_LEASE: Final = "another process runs it by now, as this one was not heard of in time"
"""Why a run can't go on that has lost its lease."""

OF_CAMPAIGN: Final = b"r.id >= $1::bigint << 32 AND r.id < ($1::bigint + 1) << 32"
"""The recipients ``r`` of a campaign, whose number is the first value that a call gives."""

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0
"""Seconds before a server that is away is asked again: at first, and doubled each time, up to the second."""


class NotPlannedError(LedgerError):
    """Somebody to whom a request was to leave is not planned any more; nobody was moved."""


class LedgerCalls:
    """The calls of one open ledger to its server; ``name`` is what messages call it, without a password.

    Mutable state: the host, while it is open; the campaign's number in the database; the epoch of its lease while it
    runs the campaign; whether a server that is away is waited for no more.
    """

    def __init__(self, place: DatabasePlace, clock: Callable[[], int] | None) -> None:
        self.name = place.shown
        self._place = place
        self._clock = clock
        self._host: Host | None = None
        self._number = 0
        self._epoch: int | None = None
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """Wait no more for a server that is away."""
        self._hurry.set()

    async def _call(
        self, command: bytes, *given: bytes | None, patient: bool | None = None, seconds: float | None = None
    ) -> list[Row]:
        return await self._ask(command, b"%d" % self._number, *given, patient=patient, seconds=seconds)

    async def _ask(
        self, command: bytes, *given: bytes | None, patient: bool | None = None, seconds: float | None = None
    ) -> list[Row]:
        """The answer to a call; ``patient``: however long the server is away, as while this object is the runner.

        ``seconds``: for a call that may take longer than others.
        """
        host, pause = self._opened, _FIRST_PAUSE
        while True:
            try:
                rows = await host.server.ask(command, *given, seconds=seconds)
            except PostgresError as error:
                if error.sqlstate == NOT_PLANNED:
                    why = "recipients that were to be sent to are not planned any more: the ledger was changed"
                    raise NotPlannedError(f"{self.name}: {why}", path=self.name) from None
                if error.sqlstate == FENCED:
                    raise refusal(self.name, LOST_LEASE) from None
                if error.sqlstate == MOVED_AWAY:
                    raise await self._moved_away() from None
                waits = error.temporary and not self._hurry.is_set()
                if not waits or not (self._epoch is not None if patient is None else patient):
                    raise self._refused(error) from None
                host.note_away(error)
            else:
                host.note_back()
                return rows
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):  # not wait_for: before Python 3.12 it may swallow a cancel
                    await self._hurry.wait()
            pause = min(_LONGEST_PAUSE, 2 * pause)

    async def _moved_away(self) -> LedgerError:
        """The error of a change that was refused as the campaign is not in this ledger."""
        return refusal(self.name, "it has moved, or is moving: see customersms campaign status")

    def _refused(self, error: PostgresError) -> LedgerError:
        return refused(self.name, error)

    def _now(self) -> bytes | None:
        return None if self._clock is None else b"%d" % self._clock()

    @property
    def _opened(self) -> Host:
        if self._host is None:
            raise refusal(self.name, "it is closed")
        return self._host


def refused(name: str, error: PostgresError) -> LedgerError:
    """What the server says, as the error of the ledger of this name."""
    reason = f"its database can't be used: {error}{advice(error)}"
    if error.temporary:
        return LedgerAwayError(f"{name}: {reason}", path=name)
    return refusal(name, reason)
