"""How tasks of the package's own are started, all in one way.

Whoever starts a task writes down that it runs, and the task, when it ends, that it does no more: in this order, so no
task may run within the call that starts it. An eager factory (``asyncio.eager_task_factory``) does just that, and a
custom one may do anything, or raise. Rejected: making an ``asyncio.Task`` past the factory, because whoever installed
one wants to see all tasks.
"""

from __future__ import annotations

import asyncio
import inspect
import types
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")

CANCEL_AGAIN_SECONDS: Final = 1.0
"""How long a task that was cancelled has for its end, before it is cancelled again."""


def start(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run ``coroutine`` in a task from the next turn of ``loop`` on, whatever the loop's task factory is.

    A factory that raises is passed by. A task that is cancelled before that turn runs nothing of the coroutine.
    """
    if loop.get_task_factory() is None:
        return loop.create_task(coroutine)
    beginning = _Beginning()
    deferred = _deferred(coroutine, beginning)
    try:
        task = loop.create_task(deferred)
    except Exception:  # noqa: BLE001 - the program's own factory, which must not change what becomes of a text
        beginning.disowned = True
        if inspect.getcoroutinestate(deferred) == inspect.CORO_CREATED:
            deferred.close()
        return asyncio.Task(coroutine, loop=loop)
    beginning.now = False
    task.add_done_callback(lambda _: coroutine.close())  # one that never began would be missed
    return task


async def together(loop: asyncio.AbstractEventLoop, *calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run several calls at once, the last in this task, as each further one costs time; give results in their order.

    When all have ended, it raises what the first of those raised that did. Cancelled, it cancels them.
    """
    tasks = [start(loop, call) for call in calls[:-1]]
    answers: list[Any]
    try:
        answers = [await calls[-1]]
    except Exception as error:  # noqa: BLE001 - raised below, once all have ended
        answers = [error]
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    answers[:0] = await asyncio.gather(*tasks, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


async def cancelled_until_it_ends(loop: asyncio.AbstractEventLoop, call: Coroutine[Any, Any, T]) -> T:
    """The result of a call of somebody else's code, which may swallow a cancel: it is cancelled until it has ended.

    asyncio tells a task once, and whoever catches that and goes on, as ``asyncio.wait_for`` may before Python 3.12,
    goes on for ever.
    """
    task = start(loop, call)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_SECONDS)
        if not task.cancelled():
            task.exception()  # which nobody is left to hear of
        raise
    return task.result()


def this_task() -> asyncio.Task[Any]:
    """The running task; for code that runs in none but tasks."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - no coroutine of ours runs outside one
    return task


@final
class _Beginning:
    """Whether a task is still being made, and whether nobody will have it."""

    __slots__ = ("disowned", "now")

    def __init__(self) -> None:
        self.now = True
        self.disowned = False


async def _deferred(coroutine: Coroutine[Any, Any, T], beginning: _Beginning) -> T:
    if beginning.now:  # within the call that makes the task
        await _next_turn()
    if beginning.disowned:
        raise asyncio.CancelledError
    return await coroutine


@types.coroutine
def _next_turn() -> Generator[None]:
    yield
