"""What ``customersms worker`` does."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Final

from ..._runtime.tasks import start
from ...campaign._worker.worker import Worker
from ..exits import ending_well, fail
from ..options import quota_named
from ..output import say_json
from ..quota import open_quota
from ..suppress.list_place import open_list
from ..telemetry import open_telemetry
from .keys import clients_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...campaign._worker.worker import WorkerEvent
    from .options import WorkerOptions

_LAST_SECONDS: Final = 1.0
"""How long a worker that was closed has for its end, before it is cancelled, and then again."""

_STOPS: Final = [getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name)]


def work(options: WorkerOptions) -> None:
    """Do what ``customersms worker`` does, until a signal comes."""
    with ending_well(options.log_level):
        if not asyncio.run(_work(options)):
            fail("ended at once: what was not recorded is unknown", 130)


async def _work(options: WorkerOptions) -> bool:
    """Work until a signal comes; false if a second one came before all was recorded."""
    database, stops, at_once = options.database(), asyncio.Event(), asyncio.Event()

    def tell(event: WorkerEvent) -> None:
        if options.json:
            say_json(event._asdict())

    async with (
        open_quota(quota_named(options.quota)) as quota,
        open_list(options.suppression_list) as suppression,
    ):
        with open_telemetry(options.metrics_port, key_label=bool(options.key)) as telemetry, _heard(stops, at_once):
            clients = clients_of(options, quota, suppression, telemetry)
            worker = Worker(database, clients, options.concurrency, tell)
            loop = asyncio.get_running_loop()
            working, stopping = start(loop, worker.run()), start(loop, stops.wait())
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            await worker.close(options.grace, at_once)
            await _ended(working)
    return not at_once.is_set()


async def _ended(working: asyncio.Task[None]) -> None:
    """Wait for a worker that was closed, and no longer than for what it may be asking: then it is cancelled."""
    for _ in range(2):
        await asyncio.wait([working], timeout=_LAST_SECONDS)
        working.cancel()
    if working.done() and not working.cancelled():
        working.result()


@contextlib.contextmanager
def _heard(stops: asyncio.Event, at_once: asyncio.Event) -> Iterator[None]:
    """Take signals in the event loop: the first sets ``stops``, the second ``at_once``."""
    loop = asyncio.get_running_loop()

    def hear() -> None:
        (at_once if stops.is_set() else stops).set()

    for number in _STOPS:
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the program at once there
            loop.add_signal_handler(number, hear)
    try:
        yield
    finally:
        for number in _STOPS:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
