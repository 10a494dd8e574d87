"""Clients that nobody uses for a while hold nothing: thousands of keys may live in one process."""

from __future__ import annotations

import weakref
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

    from .session import Session

MOST_AWAKE: Final = 1_000
"""Sessions of one event loop that keep what they need to send, though they do not send: making it takes 20 µs."""

_awake: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, deque[weakref.ref[Session]]] = weakref.WeakKeyDictionary()


def count_awake(session: Session, loop: asyncio.AbstractEventLoop) -> None:
    """Count in a session that has what it needs to send; who had that for longest lets go of it.

    Two are looked at for each that wakes, so that those which are in use are passed over and there is an end to it.
    """
    awake = _awake.get(loop)
    if awake is None:
        awake = _awake.setdefault(loop, deque())
    awake.append(weakref.ref(session))
    for _ in range(min(2, len(awake) - MOST_AWAKE)):
        reference = awake.popleft()
        oldest = reference()
        if oldest is not None and not oldest.rest():
            awake.append(reference)
