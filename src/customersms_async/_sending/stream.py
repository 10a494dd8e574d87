"""The stream of outcomes that ``AsyncClient.stream`` and ``Campaign.run`` return."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Protocol, Self, final

from ..errors import ConfigurationError
from ..models import Outcome, Status
from .failures import guard_failure, stop_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .deliveries import Deliveries
    from .outcome_queue import OutcomeQueue


class OpenSend(Protocol):
    """A bulk send or a campaign's run, as its consumer and its client see it.

    ``error`` is raised at the end: that of the source, of the quota store, or of whoever aborted it. ``unread`` says
    whether reading was ended before the end of the input.
    """

    queue: OutcomeQueue
    deliveries: Deliveries
    error: BaseException | None
    unread: bool

    def abort(self, error: BaseException) -> None:
        """Send nothing new, and end with ``error`` once all is told."""


@final
class OutcomeStream:
    """The outcomes of a bulk send as they come: an async iterator, and an async context manager.

    Sending begins with the first outcome asked for (or on entering the context) and goes on only while outcomes are
    taken: untaken, it stops after a look-ahead's worth. Every input that was read gets exactly one outcome, which is
    given, or logged if the stream is left: nothing new is sent then, and requests in flight finish.

    Leaving the context, ``aclose``, and dropping the last reference (as ``break`` does) leave it at once. A cancelled
    ``anext`` loses no outcome and lets nothing new be sent until somebody asks again; if nobody has by the time that
    there is an outcome to give, the stream was left, and whoever asks later gets a ``ConfigurationError``. So it goes
    as well when the task that asked is cancelled elsewhere. What nobody has taken when the client is closed is logged
    by its ``aclose``, unless another task is still at it.

    An error comes at the end, after an outcome for all that was read; ``phones`` are those that were read and not sent
    to. The input's own error and the client's closing come in the same way. ``AsyncClient.stream`` and ``Campaign.run``
    say which others there are.

    Mutable state: the send, once it began, with what leaves it when this is dropped; whether it has ended; and the
    texts that were kept back so far, as nothing more could or should go out.

    Example:
        ```python
        async with client.stream(["+12125551234", "+13235554567"], "Doors open at eight") as outcomes:
            assert isinstance(outcomes, OutcomeStream)
            async for outcome in outcomes:
                print(outcome.phone, outcome.status, outcomes.requests)
        ```
    """

    def __init__(self, start: Callable[[], OpenSend]) -> None:
        self._start = start
        self._send: OpenSend | None = None
        self._dropped: weakref.finalize[[OpenSend], OutcomeStream] | None = None
        self._unsent: list[Outcome] = []
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        send = self._send
        if send is not None and send.queue.flows and send.queue.outcomes:  # as nearly always
            return send.queue.outcomes.popleft()
        if self._ended:
            raise StopAsyncIteration
        send = send or self._begin()
        if send.queue.held or not send.queue.outcomes:
            try:
                there = await send.queue.ask()
            except BaseException:
                del self  # a traceback that somebody keeps must not keep the stream
                raise
            if not there:
                raise self._end(send)
        outcome = send.queue.take()
        if send.deliveries.stop_code is not None and outcome.status is Status.UNSENT:
            self._unsent.append(outcome)
        return outcome

    @property
    def requests(self) -> int:
        """How many requests may have reached the gateway so far, those still in flight not counted."""
        return 0 if self._send is None else self._send.deliveries.requests

    async def aclose(self) -> None:
        """End the stream: nothing new is sent; requests in flight finish, and ``AsyncClient.aclose`` waits for them."""
        self._leave()

    async def __aenter__(self) -> Self:
        if self._send is None and not self._ended:
            self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _begin(self) -> OpenSend:
        self._send = send = self._start()
        self._dropped = weakref.finalize(self, _leave_dropped, send)
        return send

    def _end(self, send: OpenSend) -> BaseException:
        """Why no outcome is given any more."""
        if self._ended:  # by another task, while this one waited
            return StopAsyncIteration()
        if send.queue.left:
            return send.error or ConfigurationError(send.queue.why)
        self._leave()
        if send.deliveries.fatal is not None:
            return stop_failure(send.deliveries.fatal, self._unsent, None)
        if send.error is None and send.deliveries.guard_stop is not None:
            failure = guard_failure(send.deliveries.guard_stop, self._unsent, send.deliveries.log.name)
            if failure.phones or send.unread:  # else everything was on its way when it was stopped
                return failure
        return send.error or StopAsyncIteration()

    def _leave(self) -> None:
        self._ended = True
        if self._send is not None:
            self._send.queue.leave()
        if self._dropped is not None:
            self._dropped.detach()


def _leave_dropped(send: OpenSend) -> None:
    """Leave a send whose stream is gone: the last reference may be dropped in any thread, and at the program's end."""
    queue = send.queue
    if queue.loop.is_running():
        queue.loop.call_soon_threadsafe(queue.leave)
    else:
        queue.shut_down()
