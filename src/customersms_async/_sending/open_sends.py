"""The bulk sends and campaigns of one client, for its closing, and for the end of its event loop."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, final

from .._runtime.shutdown import AtShutdown
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from .stream import OpenSend

_CLOSED = "the client was closed, and the outcomes that nobody had taken are in the log"


@final
class OpenSends:
    """The bulk sends and campaigns that somebody still holds.

    Mutable state: these, and what hears of the loop's end.
    """

    __slots__ = ("_at_shutdown", "_sends")

    def __init__(self) -> None:
        self._sends: weakref.WeakSet[OpenSend] = weakref.WeakSet()
        self._at_shutdown: AtShutdown | None = AtShutdown(partial(_shut_down, self._sends))

    @property
    def are_over(self) -> bool:
        """Whether none of them is held any more."""
        return not self._sends

    def add(self, send: OpenSend) -> None:
        """Have ``send`` end with the others."""
        self._sends.add(send)

    def abort(self) -> None:
        """Have all of them send nothing new."""
        for send in tuple(self._sends):
            send.abort(ConfigurationError("the client was closed before everything was sent"))

    async def land(self) -> None:
        """Wait until none has a request on its way; after ``abort``, no longer than those in flight last."""
        for send in tuple(self._sends):
            await send.deliveries.land()

    def close(self, closer: asyncio.Task[Any] | None) -> None:
        """Log what nobody is going to take, as ``closer`` has closed the client."""
        for send in tuple(self._sends):
            send.queue.close(closer, _CLOSED)
        if all(send.queue.left for send in self._sends):
            self._at_shutdown = None


def _shut_down(sends: Iterable[OpenSend]) -> None:
    """Log what no consumer will take, as the event loop ends."""
    for send in tuple(sends):
        send.queue.shut_down()
