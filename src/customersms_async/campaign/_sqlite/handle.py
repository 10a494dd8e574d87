"""The ledgers that this process has open: one handle for each file, however often and by whatever name it is opened."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Final, TypeVar, final

from ..._runtime import forks
from ..._runtime.file_thread import ClosedError, FileThread
from ...errors import LedgerError
from ..refusals import refusal
from . import opening, transitions
from .errors import translated
from .file import LedgerFile
from .lock import RunLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from .opening import Identity

T = TypeVar("T")

_handles: Final[dict[Identity, LedgerHandle]] = {}
_lock: Final = threading.RLock()
_guard: Final = forks.Guard(_lock)


@final
class LedgerHandle:
    """One ledger in this process, for all who use it: its thread, its run lock, and whether an input is being added.

    Made by ``join`` and closed with its last user; every method may be called from any thread and event loop. A forked
    child can't use its parent's. Mutable state: the users; the one who runs it; the one who adds to it.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        self._identity = identity
        self._users: set[object] = set()
        self._lock = RunLock(path)
        lock = self._lock
        self._thread = FileThread("customersms ledger", path, lambda: LedgerFile(path, lock, identity))
        self.runner: object | None = None
        self.adder: object | None = None

    @classmethod
    def join(cls, path: Path, user: object) -> LedgerHandle:
        """The handle of the file at ``path`` for one more user. Raises ``LedgerError`` if there is no such file."""
        with translated(path):
            identity = opening.identity(path)
        with _lock:
            handle = _handles.get(identity)
            if handle is None or handle.dead:
                handle = _handles[identity] = cls(path, identity)
            handle._users.add(user)
        return handle

    @property
    def dead(self) -> bool:
        """Whether the handle belongs to a process that this one is a fork of."""
        return self._thread.dead

    async def leave(self, user: object) -> None:
        """Have one user fewer; the last one closes the file, and waits for all that was asked for."""
        with _lock:
            self._users.discard(user)
            if self._users or _handles.get(self._identity) is not self:
                return
            del _handles[self._identity]
        if self.dead:
            return
        with contextlib.suppress(ClosedError):
            self._thread.submit(lambda _: self._lock.free())
        await asyncio.wrap_future(self._thread.stop())

    async def do(self, work: Callable[[LedgerFile], T]) -> T:
        """Have ``work`` done by the thread, in any case: a caller who is cancelled leaves alone."""
        try:
            done: Future[T] = self._thread.submit(work)
        except ClosedError:
            reason = "this process was forked when it was open: open it anew here" if self.dead else "it is closed"
            raise refusal(self.path, reason) from None
        with translated(self.path):
            return await asyncio.wrap_future(done)

    async def recover(self, clock: Callable[[], int]) -> None:
        """Say of everyone who was being sent to by a process that has ended that this is unknown.

        Where the disk is full they stay as they are, so that one may still look at the ledger.
        """
        await self.do(lambda file: self._recover(file, clock))

    async def become_runner(self, runner: object, clock: Callable[[], int], *, moving: bool = False) -> None:
        """Make ``runner`` the one runner. Raises ``LedgerError`` if there is another; looks through the file first.

        ``moving``: to move the campaign, also out of a ledger that may only be read.
        """
        await self.do(lambda file: self._become_runner(file, runner, clock, moving=moving))

    async def leave_running(self, runner: object) -> None:
        """End the time of ``runner`` as the one runner, so that another can run."""
        await self.do(lambda _: self._leave_running(runner))

    def _recover(self, file: LedgerFile, clock: Callable[[], int]) -> None:
        if self._lock.held or not file.read(transitions.being_sent_to):
            return
        with contextlib.suppress(LedgerError):  # where there are no locks; whoever runs it hears of that
            self._lock.try_to_take()
        if not self._lock.held:
            return
        try:
            if not file.is_run_elsewhere:
                with contextlib.suppress(LedgerError), translated(self.path):
                    transitions.recover(file, clock())
        finally:
            self._lock.free()

    def _become_runner(self, file: LedgerFile, runner: object, clock: Callable[[], int], *, moving: bool) -> None:
        self._lock.take()
        try:
            file.become_runner(moving=moving)
            transitions.recover(file, clock())
        except BaseException:
            self._lock.free()
            raise
        self.runner = runner

    def _leave_running(self, runner: object) -> None:
        if self.runner is runner:
            self.runner = None
            self._lock.free()
