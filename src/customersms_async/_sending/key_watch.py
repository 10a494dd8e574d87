"""A look now and then, while texts wait in line, whether another call has taken one of their idempotency keys.

Whoever has the key decides what becomes of the text, so nobody needs to wait for quota, pace or a connection any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from .._admission.place import Place
from .._core.backoff import poll_seconds
from .._runtime.tasks import start
from .turned_away import TurnedAwayError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from .._admission.ticket import Ticket
    from .claims import Claims

SHORTEST: Final = 0.1
LONGEST: Final = 10.0
"""Bounds of the seconds between two looks: ten thousand calls may wait for a day."""


@final
class KeyWatch:
    """Ends the wait of ``ticket`` in a line with ``TurnedAwayError`` once somebody else has a key of these numbers.

    Mutable state: how long it has watched, in seconds; the timer for the next look, or the task of the one on its way,
    once the ticket has stood in a line.
    """

    __slots__ = ("_claims", "_left", "_loop", "_task", "_ticket", "_timer", "_waited")

    def __init__(self, loop: asyncio.AbstractEventLoop, claims: Claims, ticket: Ticket, left: Iterable[int]) -> None:
        self._loop = loop
        self._claims = claims
        self._ticket = ticket
        self._left = left
        self._waited = 0.0
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look from now on, as the ticket begins to stand in a line, unless it has stood in one before."""
        if self._timer is None:
            self._look_later()

    def end(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _look(self) -> None:
        if isinstance(self._ticket.waits_for, Place):
            self._task = start(self._loop, self._ask())
        else:  # its request is on its way, under a claim of its own; it may come to stand there again
            self._timer = None

    async def _ask(self) -> None:
        try:
            taken = await self._claims.taken(self._left)
        except Exception:  # noqa: BLE001 - the claim will tell that the store is away
            taken = set()
        self._task = None
        place = self._ticket.waits_for
        if taken and isinstance(place, Place) and not place.done():
            place.set_exception(TurnedAwayError())
        else:
            self._look_later()

    def _look_later(self) -> None:
        seconds = poll_seconds(self._waited, SHORTEST, LONGEST)
        self._waited += seconds
        self._timer = self._loop.call_later(seconds, self._look)
