"""Clients that nobody uses for a while hold nothing: thousands of keys may live in one process."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Final, final

from .._core.sweep import IdleSweep

if TYPE_CHECKING:
    import asyncio

    from .session import Session

MOST_AWAKE: Final = 1_000
"""Sessions of one event loop that keep what they need to send, though they do not send: making it takes 20 µs."""

IDLE_SECONDS: Final = 1.0
"""After so long without use a session lets go of that: made anew once a second, it takes 0.002% of a processor."""

_AT_A_TIME: Final = 16
"""Sessions that are looked at in one sweep, which then takes a tenth of a millisecond at most."""


@final
class AwakeSessions:
    """The sessions of one event loop that have what they need to send.

    Mutable state: these, each held weakly, and when some of them are to be looked at (``due``), in the loop's time.
    """

    __slots__ = ("_sweep", "due")

    def __init__(self) -> None:
        self.due: float = 0
        self._sweep: IdleSweep[weakref.ref[Session]] = IdleSweep(_AT_A_TIME, IDLE_SECONDS)

    def add(self, session: Session) -> None:
        """Count in a session; of more than there may be, who has been here for longest lets go.

        Two are looked at for each that comes, so that those which are in use are passed over and there is an end to it.
        """
        self._sweep.add(weakref.ref(session))
        if len(self._sweep) > MOST_AWAKE:
            self._sweep.look(2, _rests)

    def sweep(self, now: float) -> None:
        """Have some of those let go that were not used for a while; to be called when it is ``due``."""
        self.due = now + self._sweep.run(partial(_rests_if_idle, now - IDLE_SECONDS))


def _rests(reference: weakref.ref[Session]) -> bool:
    session = reference()
    return session is None or session.rest()


def _rests_if_idle(since: float, reference: weakref.ref[Session]) -> bool:
    session = reference()
    return session is None or session.rest_if_idle(since)


_of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, AwakeSessions] = weakref.WeakKeyDictionary()


def awake_sessions(loop: asyncio.AbstractEventLoop) -> AwakeSessions:
    """The sessions of ``loop`` that are awake."""
    found = _of_loops.get(loop)
    return _of_loops.setdefault(loop, AwakeSessions()) if found is None else found
