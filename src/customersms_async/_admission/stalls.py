"""A room in which nobody can go for a minute: a warning when it is over, and a line when somebody goes again."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final, final

from .._core.plural import counted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .._runtime.log import KeyLog
    from ..events import WaitReason

LONG_SECONDS: Final = 60.0
"""Seconds without a request before that is worth a warning: a minute's limit that is used up takes no longer."""

_LACKS: Final[dict[WaitReason, str]] = {
    "connection": "all connections are taken by requests without an answer",
    "store": "the quota store gives no answer",
    "pace": "the pace lets nothing through",
    "pause": "the key pauses, as the gateway has asked for",
    "quota": "the quota is used up, or the key pauses",
}


@final
class Stalls:
    """Watches that somebody goes, while anybody waits.

    ``lacks`` tells what the first who waits lacks, and how many wait; None if nobody does, and then this is of no more
    use. Mutable state: since when nobody went, in the loop's time; the timer that looks; whether it has warned.
    """

    __slots__ = ("__weakref__", "_lacks", "_log", "_loop", "_since", "_timer", "warned")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, log: KeyLog, lacks: Callable[[], tuple[WaitReason, int] | None]
    ) -> None:
        self._loop = loop
        self._log = log
        self._lacks = lacks
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.warned = False

    def begin(self) -> None:
        """Watch from now on: somebody waits, where nobody did. The timer of an earlier wait goes on to its end."""
        if not self.warned:
            self._since = self._loop.time()
            if self._timer is None:
                self._look_after(LONG_SECONDS)

    def went(self) -> None:
        """Begin the minute anew, as somebody was let in; say so in the log if there was a warning."""
        now = self._loop.time()
        if self.warned:
            self.warned = False
            seconds = now - self._since
            self._log.info("going_again", "requests go out again, after %.0f s", seconds, seconds=seconds)
            self._look_after(LONG_SECONDS)
        self._since = now

    def _look_after(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, _look, weakref.ref(self))

    def look(self) -> None:
        """Warn if nobody went for so long, or look again later; whoever has warned says nothing until somebody goes."""
        self._timer = None
        found, seconds = self._lacks(), self._loop.time() - self._since
        if found is None:
            return
        if seconds < LONG_SECONDS - 0.001:  # a timer may be a moment early
            self._look_after(LONG_SECONDS - seconds)
            return
        self.warned = True
        reason, waiting = found
        many, why = counted(waiting, "request"), _LACKS[reason]
        message = "nothing could go out for %.0f s, and %s %s: %s"
        verb = "waits" if waiting == 1 else "wait"
        self._log.warning("stalled", message, seconds, many, verb, why, reason=reason, waiting=waiting, seconds=seconds)


def _look(stalls: weakref.ref[Stalls]) -> None:
    """Have a room look that is still there: a timer doesn't keep it."""
    found = stalls()
    if found is not None:
        found.look()
