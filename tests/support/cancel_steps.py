"""A schedule for cancelling: at the k-th step of a loop's tasks, for every k, as it waits or as it wakes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, final

from support.event_loops import is_anyios

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator


@final
class Steps:
    """Counts how often tasks that begin while it is in force are suspended; at the ``at``-th time it calls ``act``.

    ``late``: not at the suspension, but when what was awaited is there and the task has not heard of it yet.
    """

    def __init__(self, at: int, *, late: bool) -> None:
        self.act: Callable[[], object] = bool
        self._at = at
        self._late = late
        self.count = 0
        self.acted = False
        self._make: Any = _plain

    def __enter__(self) -> Steps:
        loop = asyncio.get_running_loop()
        self._make = loop.get_task_factory() or _plain
        loop.set_task_factory(self._task)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().set_task_factory(None if self._make is _plain else self._make)

    def _task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        make = _plain if is_anyios(coroutine) else self._make
        task = make(loop, _wrapped(coroutine, self), **options)
        task.add_done_callback(lambda _: coroutine.close())  # one that is cancelled before its first step
        return task

    def suspended(self, awaited: asyncio.Future[Any] | None) -> None:
        self.count += 1
        if self.count != self._at:
            return
        if self._late and awaited is not None:
            awaited.add_done_callback(self._run)
        else:
            self._run()

    def _run(self, _: object = None) -> None:
        self.acted = True
        self.act()


def _plain(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coroutine, loop=loop, **options)


async def _wrapped(coroutine: Coroutine[Any, Any, Any], steps: Steps) -> Any:
    return await _Counted(coroutine, steps)


@final
class _Counted:
    def __init__(self, coroutine: Coroutine[Any, Any, Any], steps: Steps) -> None:
        self._coroutine = coroutine
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        thrown: BaseException | None = None
        while True:
            try:
                awaited = self._coroutine.send(None) if thrown is None else self._coroutine.throw(thrown)
            except StopIteration as end:
                return end.value
            self._steps.suspended(awaited)
            try:
                yield awaited
                thrown = None
            except GeneratorExit:
                self._coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001 - handed on
                thrown = error
