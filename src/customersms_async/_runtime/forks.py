"""Forks of this process: one policy for everything with a lock, a file or a thread.

A forked child has a copy of this process's memory, its descriptors and one of its threads. A lock that another thread
held stays locked there for ever; SQLite believes that it still has the locks of every file that was open, which the
system never gave to the child, so that what the child commits can be gone. Therefore whoever holds such a thing lets go
of it before a fork and takes it up again after it, in the parent and in the child; and a file that could not be let go
of is refused in the child, and never closed there.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Protocol, final
from weakref import WeakSet

if TYPE_CHECKING:
    from pathlib import Path


class ForkAware(Protocol):
    """Something that a fork must not catch in the middle. No method may raise, or wait for long."""

    def before_fork(self) -> None:
        """Let go of what a child must not inherit."""

    def after_fork(self) -> None:
        """Go on: nothing has changed for this process."""

    def after_fork_in_child(self) -> None:
        """Go on in the child, which has this object and none of its threads."""


@final
class Guard:
    """An ``RLock`` that no fork catches locked by another thread; watched for as long as somebody keeps it.

    A plain lock would do for threads. But a fork in a signal handler may find it locked by its own thread.
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        watch(self)

    def before_fork(self) -> None:
        """Wait until whoever holds the lock is done with what it guards."""
        self._lock.acquire()

    def after_fork(self) -> None:
        """Free the lock; in the child it guards a copy of what it guarded."""
        self._lock.release()

    after_fork_in_child = after_fork


_lock = threading.RLock()
_turn = threading.RLock()
_holders: WeakSet[ForkAware] = WeakSet()
_forking: list[list[ForkAware]] = []
_inherited: set[tuple[int, int]] = set()


def watch(holder: ForkAware) -> None:
    """Tell ``holder`` of every fork of this process, as long as it lives."""
    with _lock:
        _holders.add(holder)


def disown(path: Path) -> None:
    """Refuse the file at ``path`` in this process and its children: it was open when this process was forked."""
    with contextlib.suppress(OSError):
        status = path.stat()
        _inherited.add((status.st_dev, status.st_ino))


def is_disowned(identity: tuple[int, int]) -> bool:
    """Whether the file with this device and inode was open, and in use, when this process was forked."""
    return identity in _inherited


def _before() -> None:
    """Have all holders let go, one fork after the other; ``_lock`` is free meanwhile, as a holder may need it."""
    _turn.acquire()
    reached: list[ForkAware] = []
    _forking.append(reached)
    with _lock:
        holders = list(_holders)
    for holder in holders:
        reached.append(holder)
        holder.before_fork()


def _after_in_parent() -> None:
    if not _forking:  # it was cut short before its turn came
        return
    reached = _forking.pop()
    try:
        for holder in reversed(reached):
            with contextlib.suppress(RuntimeError):  # its turn was cut short: it did not come to its lock
                holder.after_fork()
    finally:
        _turn.release()


def _after_in_child() -> None:
    global _lock, _turn
    reached = _forking.pop()
    _forking.clear()
    _lock, _turn = threading.RLock(), threading.RLock()
    for holder in reversed(reached):
        with contextlib.suppress(RuntimeError):
            holder.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
