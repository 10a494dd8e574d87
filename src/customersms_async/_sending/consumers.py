"""The tasks that ask a stream for its outcomes: whether one of them may ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


@final
class Consumers:
    """The tasks that have asked for the outcomes of one send and have not ended.

    ``ended`` is called with a task that has ended without being forgotten. Mutable state: the tasks, and whether the
    one that was cancelled last asked for somebody else, who may ask again.
    """

    __slots__ = ("_asked_for_another", "_tasks")

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asked_for_another = False

    def enter(self, task: asyncio.Task[Any] | None, ended: Callable[[asyncio.Task[Any]], None]) -> None:
        """Know ``task`` from now on."""
        if task is not None and task not in self._tasks:
            self._tasks.add(task)
            task.add_done_callback(ended)

    def forget(self, task: asyncio.Task[Any] | None, ended: Callable[[asyncio.Task[Any]], None]) -> None:
        """Know ``task`` no more, as it was cancelled, or has ended."""
        if task is not None and task in self._tasks:
            self._tasks.remove(task)
            task.remove_done_callback(ended)

    def forget_all(self, ended: Callable[[asyncio.Task[Any]], None]) -> None:
        """Know no task any more."""
        for task in self._tasks:
            task.remove_done_callback(ended)
        self._tasks.clear()

    def cancelled(self, task: asyncio.Task[Any] | None) -> None:
        """Hear that ``task`` was cancelled while it asked, and note whether it did so for somebody else."""
        self._asked_for_another = task is not None and _asks_for_another(task)

    def may_ask_again(self, *, held: bool, closer: asyncio.Task[Any] | None) -> bool:
        """Whether a task lives that asked before and was not cancelled; ``closer``, which closes the client, will not.

        ``held``: the last one that asked was cancelled; if it did so for somebody else, nobody known may ask again.
        """
        return not (held and self._asked_for_another) and any(task is not closer for task in self._tasks)


def _asks_for_another(task: asyncio.Task[Any]) -> bool:
    """Whether the task does nothing but ask, for whoever made it, as ``asyncio.wait_for`` does in Python 3.11."""
    return getattr(task.get_coro(), "__qualname__", "") == "OutcomeStream.__anext__"
