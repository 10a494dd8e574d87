"""The bulk sends of one client, for its closing, and for the end of its event loop."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, final

from .._runtime.shutdown import AtShutdown
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from .stream import Running

_CLOSED = "the client was closed, and the outcomes that nobody had taken are in the log"


@final
class Runs:
    """The bulk sends that somebody still holds. Mutable state: these, and what hears of the loop's end."""

    __slots__ = ("_at_shutdown", "_runs")

    def __init__(self) -> None:
        self._runs: weakref.WeakSet[Running] = weakref.WeakSet()
        self._at_shutdown: AtShutdown | None = AtShutdown(partial(_tell_all, self._runs))

    def add(self, run: Running) -> None:
        """Have ``abort`` and ``close`` end this one."""
        self._runs.add(run)

    def abort(self) -> None:
        """Have all of them send nothing new."""
        for run in tuple(self._runs):
            run.abort(ConfigurationError("the client was closed before everything was sent"))

    async def land(self) -> None:
        """Wait until none has a request on its way; after ``abort``, no longer than those in flight last."""
        for run in tuple(self._runs):
            await run.land()

    def close(self, closer: asyncio.Task[Any] | None) -> None:
        """Log what nobody is going to take, as ``closer`` has closed the client."""
        for run in tuple(self._runs):
            run.queue.close(closer, _CLOSED)
        if all(run.queue.left for run in self._runs):
            self._at_shutdown = None


def _tell_all(runs: Iterable[Running]) -> None:
    """Log what no consumer will take, as the event loop ends."""
    for run in tuple(runs):
        run.queue.shut_down()
