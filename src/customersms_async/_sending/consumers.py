"""Who takes the outcomes of a send: the tasks that ask for them, and whether one of them may ask again.

A consumer may leave without a word: cancelled while it waits, with an error whose traceback keeps the stream alive, in
a task that somebody keeps. So when a wait is cancelled, everything that has not left yet is held back until somebody
asks again; and if nobody has by the time that there is an outcome to give, the consumer has left.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    import asyncio

    from .outcome_queue import OutcomeQueue

GRACE_TURNS: Final = 10
"""Turns of the loop for asking again when an outcome is there: ``asyncio.wait_for`` needs up to four to say that its
time is over."""


@final
class Consumers:
    """The tasks that take outcomes out of one queue, and the decision that none will any more.

    Sending is held back once a task was cancelled that asked, until one asks again; once none will, the queue is left.

    Mutable state: the tasks that have asked and have not ended; whether the one that was cancelled last asked for
    somebody else, who may ask again; how many turns are left to ask again; whether the client is closed, and by which
    task.
    """

    __slots__ = ("_asked_for_another", "_closed", "_closer", "_queue", "_tasks", "_turns")

    def __init__(self, queue: OutcomeQueue) -> None:
        self._queue = weakref.ref(queue)  # or each queue would wait for the garbage collector
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asked_for_another = False
        self._turns = 0
        self._closed = False
        self._closer: asyncio.Task[Any] | None = None

    def ask(self, task: asyncio.Task[Any] | None) -> None:
        """Know from now on that ``task`` takes outcomes, and let sending go on if it was held back."""
        queue = self._queue()
        if queue is None or queue.left:
            return
        if task is not None and task not in self._tasks:
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        if queue.held:
            queue.go_on()

    def give_up(self, task: asyncio.Task[Any] | None) -> None:
        """Hold everything back, as ``task`` was cancelled while it waited, unless somebody else waits."""
        self._forget(task)
        queue = self._queue()
        if queue is None or queue.waiting or queue.left or (queue.is_over and not queue.outcomes):
            return
        self._asked_for_another = task is not None and _asks_for_another(task)
        queue.hold_back()
        if queue.outcomes:
            self.decide_soon()

    def forget_all(self) -> None:
        """Know no task any more."""
        for task in self._tasks:
            task.remove_done_callback(self._ended)
        self._tasks.clear()

    def client_closes(self, closer: asyncio.Task[Any] | None) -> None:
        """Count on ``closer`` no more, which closes the client; who else is alive may take the rest."""
        self._closed, self._closer = True, closer

    def decide_soon(self) -> None:
        """See, in some turns of the loop, whether the consumer has left."""
        queue = self._queue()
        if not self._turns and queue is not None and not queue.loop.is_closed():
            self._turns = GRACE_TURNS
            queue.loop.call_soon(self._decide)

    def may_ask_again(self) -> bool:
        """Whether somebody waits, or a task lives that asked before, was not cancelled and does not close the client.

        Where sending is held back, the last one that asked was cancelled; if it asked for somebody else, who may do so
        again, nobody who is known will.
        """
        queue = self._queue()
        if queue is not None and queue.waiting:
            return True
        if queue is not None and queue.held and self._asked_for_another:
            return False
        return any(task is not self._closer for task in self._tasks)

    def _forget(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None and task in self._tasks:
            self._tasks.remove(task)
            task.remove_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self.give_up(task)
        self._forget(task)
        queue = self._queue()
        if queue is not None and (queue.held or self._closed) and not queue.left:
            self.decide_soon()

    def _decide(self) -> None:
        queue = self._queue()
        if queue is None or queue.left or not (queue.held or self._closed):
            self._turns = 0
            return
        self._turns -= 1
        if self._turns:
            queue.loop.call_soon(self._decide)
        elif not self.may_ask_again() and (queue.outcomes or self._closed):
            queue.leave()


def _asks_for_another(task: asyncio.Task[Any]) -> bool:
    """Whether the task does nothing but ask, for whoever made it, as ``asyncio.wait_for`` does in Python 3.11."""
    return getattr(task.get_coro(), "__qualname__", "") == "OutcomeStream.__anext__"
