"""One question to the database for all runs of a process that look, at about the same time, what is wanted."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final, final
from weakref import WeakKeyDictionary

from ..._postgres.wire import array
from ..._runtime.tasks import start

if TYPE_CHECKING:
    from ..._postgres.server import PostgresServer

GATHER_SECONDS: Final = 0.25
"""How long the first of them waits for others: so a thousand waiting runs ask four times a second."""

_WANTED: Final = b"SELECT campaign FROM customersms.campaign_runs_wanted WHERE campaign = ANY ($1::integer[])"


@final
class SharedWantedQueries:
    """Looks of one process into one database, from any number of event loops.

    Mutable state: by event loop, the campaigns of the question that is about to be asked, and the task that asks it.
    """

    def __init__(self, server: PostgresServer, *, seconds: float = GATHER_SECONDS) -> None:
        self._server, self._seconds = server, seconds
        self._lock = threading.Lock()
        self._next: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[set[int], asyncio.Task[frozenset[int]]]] = (
            WeakKeyDictionary()
        )

    async def run_is_wanted(self, campaign: int, *, alone: bool) -> bool:
        """Whether a run of this campaign is wanted, and it is in this database; ``alone``: no other run will look.

        Raises ``PostgresError``. A cancel leaves the question to the others.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop in self._next:
                about, task = self._next[loop]
                about.add(campaign)
            else:
                about = {campaign}
                task = start(loop, self._asked(loop, about, 0.0 if alone else self._seconds))
                task.add_done_callback(_heard)
                self._next[loop] = about, task
        return campaign in await asyncio.shield(task)

    async def _asked(self, loop: asyncio.AbstractEventLoop, about: set[int], seconds: float) -> frozenset[int]:
        """The campaigns of which a run is wanted, asked for after so many seconds."""
        try:
            await asyncio.sleep(seconds)
        finally:
            with self._lock:
                self._next.pop(loop, None)
        return frozenset(int(row[0] or 0) for row in await self._server.ask(_WANTED, array(sorted(about))))


def _heard(task: asyncio.Task[frozenset[int]]) -> None:
    """Take note of an error, also where nobody waits for it any more."""
    if not task.cancelled():
        task.exception()
