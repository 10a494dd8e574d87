"""The waiting rooms of this process: one for each store, key and event loop, for as long as anyone holds it."""

from __future__ import annotations

import asyncio
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
            found = Room(store, key_id, loop, _everywhere)
            _rooms[id(store), key_id, id(loop)] = found
            _loops.add(loop)
        return found


def _everywhere(one: Room) -> list[Room]:
    with _lock:
        found = [_rooms.get((id(one.store), one.key_id, id(loop))) for loop in _loops]
    return [one for one in found if one is not None]
