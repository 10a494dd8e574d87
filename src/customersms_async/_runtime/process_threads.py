"""The threads that work on one SQLite file, of which each process has one, forked children too."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Generic, TypeVar, final

from .file_thread import ClosedError, FileThread, OpenFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

T = TypeVar("T")
F = TypeVar("F", bound=OpenFile)


@final
class ProcessThreads(Generic[F]):
    """Has the thread of this process work on the file ``path``, which ``open_file`` opens; ``name`` is for people.

    Takes no lock that a fork could leave locked. Mutable state: the thread of each process id, of which a forked child
    drops its parent's; and whether all is closed.
    """

    def __init__(self, name: str, path: Path, open_file: Callable[[], F]) -> None:
        self.path = path
        self.is_closed = False
        self._name = name
        self._open = open_file
        self._threads: dict[int, FileThread[F]] = {}

    def submit(self, job: Callable[[F], T], *, droppable: bool = False) -> Future[T]:
        """Have a job done, as ``FileThread.submit`` does. Raises ``ClosedError`` after ``stop``."""
        return self.here().submit(job, droppable=droppable)

    def here(self) -> FileThread[F]:
        """The thread of this process, started by whoever comes first. Raises ``ClosedError`` after ``stop``."""
        if self.is_closed:
            raise ClosedError
        process = os.getpid()
        if (thread := self._threads.get(process)) is None:
            started = FileThread(self._name, self.path, self._open)
            thread = self._threads.setdefault(process, started)  # one of several wins; the rest end by themselves
            for parent in set(self._threads) - {process}:
                self._threads.pop(parent, None)
        return thread

    def stop(self) -> Future[None] | None:
        """Take no more jobs, do what is queued and close the file; ``None`` if this process does not have it open."""
        self.is_closed = True
        thread = self._threads.get(os.getpid())
        return None if thread is None else thread.stop()

    def close(self) -> None:
        """Do as ``stop``, and wait for that; raises what the file raised as it was closed."""
        if (stopped := self.stop()) is not None:
            stopped.result()

    async def aclose(self) -> None:
        """Do as ``close``; a cancel only ends the waiting."""
        if (stopped := self.stop()) is not None:
            await asyncio.wrap_future(stopped)
