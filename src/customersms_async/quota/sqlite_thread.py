"""The one thread of a ``SQLiteQuota`` in one process: it owns the open file, and does one job after the other."""

from __future__ import annotations

import queue
import threading
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar, final

from ..errors import QuotaStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .sqlite_file import QuotaFile

    Job = tuple[Future[Any], Callable[[QuotaFile], Any]]

T = TypeVar("T")


@final
class FileThread:
    """Starts at once, opens the file with its first job, and ends when it is told to or nobody holds it any more.

    It is a daemon, so that it can't keep a program from ending, which then leaves the file as a crash would. An
    executor was rejected: the connection would live outside its thread, and a forked child would close it at its end,
    under the parent. As a local variable of a thread that the child does not have, it is never touched there.

    Mutable state: whether it was told to stop; the lock keeps jobs from being queued after that. It is re-entrant, as
    the garbage collector may give a grant back in the middle of ``submit``.
    """

    def __init__(self, open_file: Callable[[], QuotaFile]) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stopping = False
        self._lock = threading.RLock()
        self.stopped: Future[None] = _uncancellable(Future())
        work = threading.Thread(target=_work, args=(self._jobs, open_file, self.stopped), daemon=True)
        work.name = "SQLiteQuota"
        work.start()
        weakref.finalize(self, self._jobs.put, None).atexit = False

    def submit(self, call: Callable[[QuotaFile], T]) -> Future[T]:
        """Queue a job; it runs whether or not anybody still waits for it. Raises ``QuotaStoreError`` after a stop."""
        future: Future[T] = _uncancellable(Future())
        with self._lock:
            if self._stopping:
                raise QuotaStoreError("The quota file was closed.")
            self._jobs.put((future, call))
        return future

    def stop(self) -> Future[None]:
        """Do what is queued, close the file and end; the future is done when the file is closed."""
        with self._lock:
            if not self._stopping:
                self._stopping = True
                self._jobs.put(None)
        return self.stopped


def _uncancellable(future: Future[T]) -> Future[T]:
    future.set_running_or_notify_cancel()
    return future


def _work(jobs: queue.SimpleQueue[Job | None], open_file: Callable[[], QuotaFile], stopped: Future[None]) -> None:
    file: QuotaFile | None = None
    while (job := jobs.get()) is not None:
        file = _do(*job, file, open_file)
        del job  # what it refers to must not live until the next one comes
    try:
        if file is not None:
            file.close()
    except QuotaStoreError as error:
        stopped.set_exception(error)
    else:
        stopped.set_result(None)


def _do(
    future: Future[T], call: Callable[[QuotaFile], T], file: QuotaFile | None, open_file: Callable[[], QuotaFile]
) -> QuotaFile | None:
    """Answer one job, and return the file if it is open now; a file that could not be opened is tried again."""
    try:
        file = file or open_file()
        answer = call(file)
    except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
        future.set_exception(error)
        del future  # a frame of the error's traceback would hold the error
    else:
        future.set_result(answer)
    return file
