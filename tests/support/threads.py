"""Many threads at once, each with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def in_threads(count: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do ``work`` in ``count`` threads at the same time, and wait for all of them."""
    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
