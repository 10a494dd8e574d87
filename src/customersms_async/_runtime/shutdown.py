"""A call at the shutdown of an event loop, when all of its tasks have ended.

``asyncio.run`` and all that work like it close the asynchronous generators that were begun in their loop, which is the
one thing that they do for code that has no task. Rejected: a task that waits for its cancellation, because it would be
counted among the tasks of an idle program, and would end before the others have.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable


@final
class AtShutdown:
    """Calls ``call`` once when the running loop is shut down, or when this object is dropped.

    What ``call`` gives is awaited by the loop before it ends; when this is dropped, ``call`` may give nothing.
    """

    __slots__ = ("_generator",)

    def __init__(self, call: Callable[[], Awaitable[object] | None]) -> None:
        self._generator = _until_closed(call)
        with contextlib.suppress(StopIteration):
            self._generator.__anext__().__await__().send(None)

    def __del__(self) -> None:
        with contextlib.suppress(StopIteration, RuntimeError):  # or the loop would make a task of it
            self._generator.aclose().__await__().send(None)


async def _until_closed(call: Callable[[], Awaitable[object] | None]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        ending = call()
        if ending is not None:
            await ending
