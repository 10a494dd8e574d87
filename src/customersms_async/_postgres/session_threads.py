"""Threads that each have a connection, and do one job after the other."""

from __future__ import annotations

import os
import queue
import threading
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class OpenSession(Protocol):
    """A session that one thread uses, and closes."""

    def close(self) -> None:
        """Close the session, as its thread ends. Must not raise."""


S = TypeVar("S", bound=OpenSession)

MOST_WORKERS: Final = 8
"""Threads of a store, at most: a server has a hundred connections by default, and a key's row lets one in at a time."""


@final
class StoppedError(Exception):
    """The error of a job that comes after ``stop``."""


@final
class SessionThreads(Generic[S]):
    """At most ``most`` threads, started as they are needed, each with a session of its own.

    They are daemons, so that they can't keep a program from ending. A forked child has none of them, and starts its
    own: a session is a local variable of its thread, so the child never touches its parent's.

    Mutable state: the crew of each process id, of which a forked child drops its parent's; and whether all is stopped.
    """

    def __init__(self, name: str, new_session: Callable[[], S], most: int = MOST_WORKERS) -> None:
        self._name, self._new, self._most = name, new_session, most
        self._crews: dict[int, _Crew[S]] = {}
        self.is_stopped = False

    def submit(self, job: Callable[[S], T]) -> Future[T]:
        """Queue a job; it runs whether or not anybody still waits for it. Raises ``StoppedError`` after ``stop``."""
        if self.is_stopped:
            raise StoppedError
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        self._crew().add((future, job))
        return future

    def stop(self) -> list[threading.Thread]:
        """Take no more jobs, and have the threads end when all is done that was asked for; gives them."""
        self.is_stopped = True
        crew = self._crews.get(os.getpid())
        return [] if crew is None else crew.stop()

    def _crew(self) -> _Crew[S]:
        process = os.getpid()
        if (crew := self._crews.get(process)) is None:
            made = _Crew(self._name, self._new, self._most)
            crew = self._crews.setdefault(process, made)  # one of several wins
            for parent in set(self._crews) - {process}:
                self._crews.pop(parent, None)
        return crew


_Job = tuple[Future[Any], "Callable[[S], Any]"]


@final
class _Crew(Generic[S]):
    """The threads of one process. Mutable state, under the lock: the threads, and how many jobs are not done.

    The lock is re-entrant, as the garbage collector may give a grant back in the middle of ``add``.
    """

    def __init__(self, name: str, new_session: Callable[[], S], most: int) -> None:
        self._name, self._new, self._most = name, new_session, most
        self._jobs: queue.SimpleQueue[_Job[S] | None] = queue.SimpleQueue()
        self._undone = _Undone()
        self._threads: list[threading.Thread] = []
        weakref.finalize(self, self._jobs.put, None).atexit = False

    def add(self, job: _Job[S]) -> None:
        """Queue a job, and start one more thread if all are busy."""
        with self._undone.lock:
            self._undone.count += 1
            self._jobs.put(job)
            if self._undone.count > len(self._threads) < self._most:
                arguments = (self._jobs, self._new, self._undone)
                thread = threading.Thread(target=_work, args=arguments, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> list[threading.Thread]:
        with self._undone.lock:
            self._jobs.put(None)
            return list(self._threads)


class _Undone:
    """How many jobs are queued or in hand."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.count = 0

    def one_less(self) -> None:
        """Count a job as done, before anybody hears that it is.

        Else whoever hears of it and asks for the next one would have a second thread started, and a second connection:
        those two would take turns, and neither find in its caches what it has left there.
        """
        with self.lock:
            self.count -= 1


def _work(jobs: queue.SimpleQueue[_Job[S] | None], new_session: Callable[[], S], undone: _Undone) -> None:
    session = new_session()
    while (job := jobs.get()) is not None:
        _do(*job, session, undone)
        del job  # what it refers to must not live until the next one comes
    jobs.put(None)  # for the next thread
    session.close()


def _do(future: Future[T], call: Callable[[S], T], session: S, undone: _Undone) -> None:
    try:
        answer = call(session)
    except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
        undone.one_less()
        future.set_exception(error)
        del future  # a frame of the error's traceback would hold the error
    else:
        undone.one_less()
        future.set_result(answer)
