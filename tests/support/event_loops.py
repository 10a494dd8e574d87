"""The event loops that the tests run in: asyncio's as it comes, one with eager tasks, and uvloop's (``--loop``).

An eager task runs its coroutine's first part within the call that makes it. Python has such tasks from 3.12 on; for
3.11 they are made here of asyncio's own tasks in Python, whose first step is taken at once.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from support.places import TESTS

NAMES: Final = ("asyncio", "eager", "uvloop")
EVERY: Final = "every"
DEPEND_ON_IT: Final = (
    *("unit/test_client.py", "unit/_runtime", "unit/_admission", "unit/_sending"),
    *("socket/campaign/test_running.py", "socket/campaign/test_stopping.py", "socket/campaign/test_leaving.py"),
    *("socket/test_cancellation.py", "socket/test_hooks.py", "socket/test_send_many.py", "socket/test_stream.py"),
    *("socket/test_outcome_queue.py", "socket/test_delivery.py", "socket/test_deliveries.py"),
    *("socket/test_idle_clients.py", "socket/test_session.py"),
)
"""The tests that another kind of event loop may change: no others run in one, unless they are named."""

TaskFactory = Callable[..., "asyncio.Future[Any]"]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def is_anyios(coroutine: Any) -> bool:
    """Whether a task of anyio's is asked for: it begins in its turn under Python's eager factory, too."""
    return _is_of_anyio(file_of(coroutine))


@cache
def _is_of_anyio(file: str) -> bool:
    return "anyio" in Path(file).parts


def file_of(coroutine: Any) -> str:
    """Where it is written; empty for what is made by Python itself, as the closing of a generator is."""
    code = getattr(coroutine, "cr_code", None)
    return "" if code is None else code.co_filename


if sys.version_info >= (3, 12):
    eager_task_factory: TaskFactory = asyncio.eager_task_factory
else:

    class _Captured:
        """A loop to the task that is being made: it keeps the first step."""

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self._loop = loop
            self.step: Callable[[], object] = bool

        def __getattr__(self, name: str) -> Any:
            return getattr(self._loop, name)

        def call_soon(self, step: Callable[[], object], context: Any) -> None:
            self.step = lambda: context.run(step)

    def eager_task_factory(
        loop: asyncio.AbstractEventLoop, coroutine: Any, *, name: str | None = None, context: Any = None
    ) -> asyncio.Future[Any]:
        if not loop.is_running() or is_anyios(coroutine):  # as under Python's own
            return asyncio.Task(coroutine, loop=loop, name=name, context=context)
        tasks: Any = asyncio.tasks
        captured = _Captured(loop)
        task = tasks._PyTask(coroutine, loop=captured, name=name, context=context)
        tasks._unregister_task(task)
        task._loop = loop
        tasks._register_task(task)
        if (maker := asyncio.current_task(loop)) is not None:
            tasks._leave_task(loop, maker)
        try:
            captured.step()
        finally:
            if maker is not None:
                tasks._enter_task(loop, maker)
        return task  # type: ignore[no-any-return]


def loop_factory(name: str) -> LoopFactory:
    """What makes the loop of each test."""
    if name == "eager":
        return eager_loop
    if name == "uvloop":
        if find_spec("uvloop") is None:
            pytest.exit("uvloop is not installed, as on a platform that it does not know", returncode=4)
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop


def eager_loop() -> asyncio.AbstractEventLoop:
    """A loop of asyncio's whose tasks are eager."""
    loop = asyncio.new_event_loop()
    loop.set_task_factory(eager_task_factory)
    return loop


def is_plain(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether it is asyncio's own, with asyncio's own tasks."""
    return type(loop).__module__.startswith("asyncio.") and loop.get_task_factory() is None


@cache
def depends_on_it(path: Path) -> bool:
    """Whether the tests of this file, or of files in this folder, do."""
    return any(path.is_relative_to(TESTS / each) for each in DEPEND_ON_IT)


class OneKind:
    """The plugin behind ``--loop`` with a kind: what depends on the loop runs, and runs in loops of this kind."""

    def __init__(self, name: str) -> None:
        self._factories = {name: loop_factory(name)}

    def pytest_asyncio_loop_factories(self) -> dict[str, LoopFactory]:
        return self._factories

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Asked of everything that is not named on the command line."""
        if collection_path.suffix != ".py" or collection_path.name == "conftest.py":
            return None
        return None if depends_on_it(collection_path) else True


class EveryKind:
    """The plugin behind ``--loop=every``: all tests run in asyncio's loops; what depends on the loop in others, too.

    One session for all of them starts and collects once. A test that is no coroutine makes its loops itself, so that it
    runs once.
    """

    def __init__(self) -> None:
        installed = [name for name in NAMES if name != "uvloop" or find_spec("uvloop") is not None]
        self._all = {name: loop_factory(name) for name in installed}
        self._first = {NAMES[0]: self._all[NAMES[0]]}

    def pytest_asyncio_loop_factories(self, item: pytest.Item) -> dict[str, LoopFactory]:
        return self._all if depends_on_it(item.path) else self._first


def plugin(name: str) -> OneKind | EveryKind | None:
    """What ``--loop`` with this name asks for; nothing for asyncio's own loops."""
    if name == EVERY:
        return EveryKind()
    return None if name == NAMES[0] else OneKind(name)
