"""Processes of a test's own, forked from one without threads: none of them finds a lock that nobody will free."""

from __future__ import annotations

import asyncio
import faulthandler
import multiprocessing
from typing import TYPE_CHECKING, Any, Final

from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from multiprocessing.process import BaseProcess

LONGEST: Final = 2 * PATIENCE
"""Seconds after which such a process hangs."""


def begin(work: Callable[..., Coroutine[Any, Any, object]], *arguments: object) -> BaseProcess:
    """A process that does ``work``, which can be imported, in an event loop of its own; one that hangs says where."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["customersms_async._http.httpx_engine", "customersms_async.sandbox", "httpcore"])
    process = context.Process(target=_run, args=(work, *arguments), daemon=True)
    process.start()
    return process


def ended(process: BaseProcess) -> int | None:
    """The status with which it ends, which it does within its time; less than 0 if it was killed."""
    process.join(LONGEST + PATIENCE)
    return process.exitcode


def end_if_it_hangs() -> None:
    """Have this process say where it is, and end, once its time is over."""
    faulthandler.dump_traceback_later(LONGEST, exit=True)


def _run(work: Callable[..., Coroutine[Any, Any, object]], *arguments: object) -> None:
    end_if_it_hangs()
    asyncio.run(work(*arguments))
