"""What ``AsyncClient.stream`` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, final

from .failures import stop_failure
from .models import Outcome, Status

if TYPE_CHECKING:
    import asyncio
    from collections import deque
    from collections.abc import Callable
    from types import TracebackType

    from .delivery import Delivery


class Running(Protocol):
    """The work behind a stream: what ``run.Run`` and a campaign's ``Runner`` are.

    ``news`` is set when an outcome has come, or the end.
    """

    loop: asyncio.AbstractEventLoop
    news: asyncio.Event
    outcomes: deque[Outcome]
    requests: int
    fatal: Delivery | None
    error: BaseException | None

    @property
    def over(self) -> bool:
        """Whether nothing more will come into ``outcomes``."""

    def take(self) -> Outcome:
        """The next outcome; only after ``wait_for_outcome``."""

    def leave(self) -> None:
        """Nobody wants the outcomes any more."""

    def abort(self, error: BaseException) -> None:
        """Send nothing new, and end with ``error`` once all is told."""


async def wait_for_outcome(run: Running) -> bool:
    """Wait for an outcome that nobody took yet; false if there will be none."""
    while not run.outcomes:
        if run.over:
            return False
        run.news.clear()
        await run.news.wait()
    return True


@final
class OutcomeStream:
    """The outcomes of a bulk send as they come: an async iterator, and an async context manager.

    Sending begins with the first outcome asked for (or on entering the context) and goes on only while outcomes are
    taken: untaken, it stops after a look-ahead's worth. Every input that was read gets exactly one outcome. Leaving the
    context, ``aclose``, or dropping the last reference (as ``break`` does) sends nothing new and lets the requests in
    flight finish; their outcomes are logged. Only the context does so in every case, a kept exception included.

    When nothing more can go out, it yields an outcome for all that it has read and then raises ``AuthenticationError``
    or ``InsufficientCreditsError``; an error of the input's own, or the client's closing, is raised at the end in the
    same way. A cancelled ``anext`` loses no outcome.

    Mutable state: the run, once it began, and the numbers that a refused key or account has kept back so far.
    """

    def __init__(self, start: Callable[[], Running]) -> None:
        self._start = start
        self._run: Running | None = None
        self._unsent: list[Outcome] = []
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        if self._ended:
            raise StopAsyncIteration
        if self._run is None:
            self._run = self._start()
        run = self._run
        if not run.outcomes and not await wait_for_outcome(run):
            self._ended = True
            if run.fatal is not None:
                raise stop_failure(run.fatal, self._unsent, None)
            if run.error is not None:
                raise run.error
            raise StopAsyncIteration
        outcome = run.take()
        if run.fatal is not None and outcome.status is Status.UNSENT:
            self._unsent.append(outcome)
        return outcome

    @property
    def requests(self) -> int:
        """How many requests may have reached the gateway so far, those still in flight not counted."""
        return 0 if self._run is None else self._run.requests

    async def aclose(self) -> None:
        """End it: nothing new is sent; requests in flight finish on their own, and ``AsyncClient.aclose`` waits."""
        self._leave()

    async def __aenter__(self) -> Self:
        if self._run is None and not self._ended:
            self._run = self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._ended = True
        if self._run is not None:
            self._run.leave()

    def __del__(self) -> None:
        run = self._run
        if run is not None and not self._ended and not run.loop.is_closed():
            run.loop.call_soon_threadsafe(run.leave)  # the last reference may be dropped in any thread
