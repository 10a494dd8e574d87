"""Signals that end a send before its end: in good order at the first one, at once at the second."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Final, final

from .._runtime.tasks import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..client import AsyncClient

_ENDINGS: Final = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _endings() -> list[signal.Signals]:
    """The signals that end a send; the terminal's end does not where ``nohup``, or whoever started it, has it ignored.

    Ctrl-C does in any case: shells have it ignored by what they start in the background, and people send it to those.
    """
    ignored = [number for number in _ENDINGS if signal.getsignal(number) is signal.SIG_IGN]
    return [number for number in _ENDINGS if number not in ignored or number.name != "SIGHUP"]


@final
class GracefulStop:
    """Closes a client in the middle of its work, by itself or for a signal.

    The first signal calls ``on_interrupt``, and each one after it ``on_hurry``.

    Mutable state: whether a signal came, the task that closes the client, and whether it may still wait for answers.
    """

    def __init__(
        self, client: AsyncClient, on_interrupt: Callable[[], None], on_hurry: Callable[[], None] | None = None
    ) -> None:
        self.interrupted: bool = False
        self._client = client
        self._on_interrupt = on_interrupt
        self._on_hurry = on_hurry
        self._closing: asyncio.Task[None] | None = None
        self._at_once = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Whether nothing new is to be sent."""
        return self._closing is not None

    def stop(self) -> None:
        """Take no new batch, and let those in flight answer."""
        if self._closing is None:
            self._closing = start(asyncio.get_running_loop(), self._close())

    async def wait(self) -> None:
        """Wait until the client is closed, if that has begun."""
        if self._closing is not None:
            await asyncio.wait([self._closing])

    @contextlib.contextmanager
    def handling_signals(self) -> Iterator[None]:
        """Stop for SIGINT, SIGTERM and the terminal's end, heard in the event loop, where the system lets a loop do so.

        Once it was interrupted, later ones are ignored: all that is left is the report.
        """
        loop = asyncio.get_running_loop()
        handled = []
        for number in _endings():
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the program at once there
                loop.add_signal_handler(number, self._interrupt)
                handled.append(number)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)
                if self.interrupted:
                    signal.signal(number, signal.SIG_IGN)

    def _interrupt(self) -> None:
        if self.interrupted:
            self._at_once.set()
            if self._on_hurry is not None:
                self._on_hurry()
        else:
            self.interrupted = True
            self.stop()
            self._on_interrupt()

    async def _close(self) -> None:
        """Close the client in good order, or without waiting any longer once ``_at_once`` is set."""
        loop = asyncio.get_running_loop()
        closing, hurry = start(loop, self._client.aclose()), start(loop, self._at_once.wait())
        await asyncio.sleep(0)  # let the closing begin, or cancelling it would undo it
        await asyncio.wait([closing, hurry], return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        hurry.cancel()
        await asyncio.wait([closing, hurry])
