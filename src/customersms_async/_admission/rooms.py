"""The waiting rooms of this process: one for each store, key and event loop, for as long as somebody holds it."""

from __future__ import annotations

import asyncio
import functools
import threading
import weakref
from typing import TYPE_CHECKING

from .._runtime import forks
from .room import Room

if TYPE_CHECKING:
    from ..quota import QuotaStore

_rooms: weakref.WeakValueDictionary[tuple[int, str, int], Room] = weakref.WeakValueDictionary()
_loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
_lock = threading.RLock()
_guard = forks.Guard(_lock)


def room(store: QuotaStore, key_id: str) -> Room:
    """The waiting room of this store and key in the running event loop."""
    loop = asyncio.get_running_loop()
    with _lock:
        found = _rooms.get((id(store), key_id, id(loop)))
        if found is None:
            found = Room(store, key_id, loop, functools.partial(_tell_others, id(store), key_id, id(loop)))
            _rooms[id(store), key_id, id(loop)] = found
            _loops.add(loop)
        return found


def _tell_others(store: int, key_id: str, own_loop: int) -> None:
    """Have the rooms of this store and key in other event loops look again."""
    with _lock:
        found = [_rooms.get((store, key_id, id(loop))) for loop in _loops if id(loop) != own_loop]
    for other in found:
        if other is not None:
            other.look_again()
