"""The look at what is wanted while a run waits: a pause from elsewhere is noticed without a request, too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, final

from .._runtime.tasks import start
from .wanted import stop_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .wanted import WantedLedger

LOOK_SECONDS: Final = 1.0
"""How often a waiting run looks: soon enough for a person, and some 50 µs of the ledger's thread each time."""


@final
class WantedWatch:
    """Looks into the ledger once a second in which no intent was made, as each of those looks by itself.

    ``stop`` is called once, with why no request may begin, or with what the ledger raises. Mutable state: the task that
    looks, and whether an intent was made since its last look.
    """

    def __init__(
        self, ledger: WantedLedger, stop: Callable[[Exception], None], *, seconds: float = LOOK_SECONDS
    ) -> None:
        self._ledger = ledger
        self._stop = stop
        self._task: asyncio.Task[None] | None = None
        self._looked = False
        self._seconds = seconds

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look."""
        self._task = start(loop, self._look_on())

    def looked(self) -> None:
        """Take note that an intent was made, for which the ledger has looked at what is wanted."""
        self._looked = True

    def end(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            if self._looked:
                self._looked = False
                continue
            try:
                if await self._ledger.run_is_wanted():
                    continue
                stop: Exception | None = stop_of(await self._ledger.wanted())
            except Exception as error:  # noqa: BLE001 - told to the consumer: what can't be looked at is not gone on with
                stop = error
            if stop is not None:
                self._stop(stop)
                return
