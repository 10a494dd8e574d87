"""The one thread that works on an open SQLite file: it owns it, and does one job after the other."""

from __future__ import annotations

import queue
import threading
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, final

from . import forks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORK_PATIENCE: Final = 10.0
"""Seconds that a fork waits for the job in hand; a file that is still in use then is refused in the child."""


class OpenFile(Protocol):
    """A file that a ``FileThread`` has open."""

    def close(self) -> None:
        """Close the file in order; the thread ends."""

    def let_go(self) -> bool:
        """Close the file in order before a fork, and say whether that was possible; the next job opens it anew."""


T = TypeVar("T")
F = TypeVar("F", bound=OpenFile)


@final
class ClosedError(Exception):
    """The thread takes no more jobs: it was told to end, or this process is a fork of its own."""


@final
class FileThread(Generic[F]):
    """A thread that starts at once, opens its file with its first job, and ends when told to or when nobody holds it.

    It is a daemon, so that it can't keep a program from ending, which then leaves the file as a crash would. An
    executor was rejected: the connection would live outside its thread, and a forked child would close it at its end,
    under the parent. As a local variable of a thread that the child does not have, it is never touched there. Before a
    fork the file is closed, and opened again with the next job, so that the child inherits none of SQLite's locks.

    Mutable state: whether it was told to stop; the lock keeps jobs from being queued after that, and is re-entrant, as
    the garbage collector may give a grant back in the middle of ``submit``. In a forked child, whether it is dead.
    """

    def __init__(
        self, name: str, path: Path, open_file: Callable[[], F], *, fork_patience: float = FORK_PATIENCE
    ) -> None:
        self._jobs: queue.SimpleQueue[_Job[F] | _UpcomingFork | None] = queue.SimpleQueue()
        self._path = path
        self._fork_patience = fork_patience
        self._stopping = False
        self._dead = False
        self._fork: _UpcomingFork | None = None
        self._lock = threading.RLock()
        self.stopped: Future[None] = _uncancellable(Future())
        work = threading.Thread(target=_work, args=(self._jobs, open_file, self.stopped), daemon=True)
        work.name = name
        work.start()
        weakref.finalize(self, self._jobs.put, None).atexit = False
        forks.watch(self)

    @property
    def dead(self) -> bool:
        """Whether this process is a fork of the one whose thread this is."""
        return self._dead

    def submit(self, call: Callable[[F], T], *, droppable: bool = False) -> Future[T]:
        """Queue a job; it runs whether or not anybody still waits for it. Raises ``ClosedError`` after a stop.

        One that is ``droppable`` is passed over if its future was cancelled before its turn came.
        """
        if self._dead:
            raise ClosedError
        future: Future[T] = Future() if droppable else _uncancellable(Future())
        with self._lock:
            if self._stopping:
                raise ClosedError
            self._jobs.put((future, call))
        return future

    def stop(self) -> Future[None]:
        """Do what is queued, close the file and end; the future is done when the file is closed."""
        if self._dead:
            return _done()
        with self._lock:
            if not self._stopping:
                self._stopping = True
                self._jobs.put(None)
        return self.stopped

    def before_fork(self) -> None:
        """Have the file closed once the job in hand is done, and the thread wait."""
        if self._dead:
            return
        self._fork = _UpcomingFork()
        if not self.stopped.done():
            self._jobs.put(self._fork)
            self._fork.reached.wait(self._fork_patience)

    def after_fork(self) -> None:
        """Let the thread go on."""
        fork, self._fork = self._fork, None
        if fork is not None:
            fork.over.set()

    def after_fork_in_child(self) -> None:
        """Take no more jobs: the thread is the parent's, and so is the file if it could not be closed."""
        fork, self._fork, self._dead = self._fork, None, True
        if fork is not None and not fork.closed and not self.stopped.done():
            forks.disown(self._path)


class _UpcomingFork:
    """A fork that is about to happen: ``reached`` by the thread, which then had the file ``closed``, until ``over``."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.closed = False
        self.over = threading.Event()

    def let_pass(self, *, closed: bool) -> None:
        """Let the fork happen, the file being closed or not, and wait until it is over."""
        self.closed = closed
        self.reached.set()
        self.over.wait()


_Job = tuple[Future[Any], "Callable[[F], Any]"]


def _uncancellable(future: Future[T]) -> Future[T]:
    future.set_running_or_notify_cancel()
    return future


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _work(
    jobs: queue.SimpleQueue[_Job[F] | _UpcomingFork | None], open_file: Callable[[], F], stopped: Future[None]
) -> None:
    file: F | None = None
    while (job := jobs.get()) is not None:
        file = _wait(job, file) if isinstance(job, _UpcomingFork) else _do(*job, file, open_file)
        del job  # what it refers to must not live until the next one comes
    try:
        if file is not None:
            file.close()
    except Exception as error:  # noqa: BLE001 - whoever closes hears of it
        stopped.set_exception(error)
    else:
        stopped.set_result(None)


def _do(future: Future[T], call: Callable[[F], T], file: F | None, open_file: Callable[[], F]) -> F | None:
    """Answer one job, and return the file if it is open now; a file that could not be opened is tried again."""
    if not future.running() and not future.set_running_or_notify_cancel():
        return file  # nobody waits for it any more, and it may be dropped
    try:
        file = file or open_file()
        answer = call(file)
    except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
        future.set_exception(error)
        del future  # a frame of the error's traceback would hold the error
    else:
        future.set_result(answer)
    return file


def _wait(fork: _UpcomingFork, file: F | None) -> F | None:
    """Let a fork pass, with the file closed if that is possible; return the file if it is still open."""
    if fork.over.is_set():  # it did not wait so long
        return file
    if file is None or file.let_go():
        file = None
    fork.let_pass(closed=file is None)
    return file
