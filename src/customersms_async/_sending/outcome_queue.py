"""Outcomes on their way from a bulk send to its consumer: each is given, or logged.

The consumer may leave without a word: cancelled while it waits, with an error whose traceback keeps the stream alive,
in a task that somebody keeps. So when a wait is cancelled, everything that has not left yet is held back until somebody
asks again; and if nobody has by the time that there is an outcome to give, the consumer has left.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from .consumers import Consumers
from .unheard import Unheard

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._runtime.log import KeyLog
    from ..models import Outcome
    from .deliveries import Deliveries
    from .run_watch import RunWatch

GRACE_TURNS: Final = 10
"""Turns of the loop for asking again when an outcome is there: ``asyncio.wait_for`` needs up to four to say that its
time is over."""

SUM_UP_SECONDS: Final = 1.0
"""A warning of what was left comes when the last request has been answered, or after so long, and then again."""

_LEFT: Final = (
    "this stream was left: asking for its next outcome was cancelled, and nobody had asked again when that came; "
    "nothing more was sent, and the outcomes that were not taken are in the log"
)


class OutcomeSource(Protocol):
    """A bulk send or a campaign's run, as the queue of its outcomes sees it."""

    deliveries: Deliveries
    error: BaseException | None

    @property
    def over(self) -> bool:
        """Whether no further outcome will come."""

    def go_on(self) -> None:
        """Start what there is room for."""

    def stop(self) -> None:
        """Send nothing new; the requests in flight finish."""


@final
class OutcomeQueue:
    """The outcomes of one bulk send or campaign that nobody took yet, in the order in which they came.

    ``arrivals`` counts how often some came; if all came at once, they are in input order. ``take`` gives the next one,
    and may be called only when there is one.

    Mutable state: the outcomes; the tasks that ask for them, and how many of these wait; whether sending is held back
    because one was cancelled, and how many turns are left to ask again; whether the client is closed, and by which
    task; whether the consumer has left, why nothing more is given, and what was logged.
    """

    __slots__ = (
        *("__weakref__", "_closed", "_closer", "_consumers", "_news", "_source", "_turns", "_unheard", "_waiting"),
        *("_watch", "arrivals", "held", "left", "loop", "outcomes", "take", "why"),
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, source: OutcomeSource, log: KeyLog, watch: RunWatch | None = None
    ) -> None:
        self.loop = loop
        self.outcomes: deque[Outcome] = deque()
        self.take: Callable[[], Outcome] = self.outcomes.popleft
        self.arrivals = 0
        self.held = False
        self.left = False
        self.why = _LEFT
        self._source = weakref.ref(source)  # or each run would wait for the garbage collector
        self._news = asyncio.Event()
        self._consumers = Consumers()
        self._waiting = 0
        self._turns = 0
        self._closed = False
        self._closer: asyncio.Task[Any] | None = None
        self._unheard = Unheard(log)
        self._watch = watch

    @property
    def _over(self) -> bool:
        source = self._source()
        return source is None or source.over

    def take_all(self, taken: list[Outcome]) -> None:
        """Append to ``taken`` all outcomes that nobody took yet, in the order they came."""
        while self.outcomes:
            taken.append(self.outcomes.popleft())

    def give_back(self, outcomes: list[Outcome]) -> None:
        """Put outcomes that were taken in front of all others again."""
        self.outcomes.extendleft(reversed(outcomes))

    def put(self, outcomes: list[Outcome]) -> None:
        """Take the outcomes out of their list, and keep them for whoever asks; or log them, if nobody will."""
        if self._watch is not None and outcomes:
            self._watch.outcomes(tuple(outcomes))
        self.outcomes += outcomes
        outcomes.clear()  # where they are is told by this alone, if a signal's handler raises in one of these lines
        if self.left:
            self._log_all()
            return
        self.arrivals += 1
        if self.held and self.outcomes:
            self._decide_soon()

    def tell(self) -> None:
        """Wake who waits, if there is something to give or nothing more will come."""
        if self._watch is not None and (source := self._source()) is not None and source.over:
            self._watch.end(source)
        if self.outcomes:
            self._news.set()
        elif self._over:
            self._news.set()
            self._unheard.sum_up()

    async def wait(self) -> bool:
        """Wait for an outcome; false if none will come. Whoever is cancelled here must call ``leave``."""
        self._waiting += 1
        try:
            while not self.outcomes:
                if self.left or self._over:
                    return False
                self._news.clear()
                await self._news.wait()
        finally:
            self._waiting -= 1
        return True

    async def ask(self) -> bool:
        """Wait for an outcome; false if none will come. Whoever is cancelled here may ask again, in good time."""
        task = asyncio.current_task()
        self._begin_asking(task)
        try:
            there = await self.wait()
        except BaseException:
            self._give_up(task)
            del task  # the traceback may be kept
            raise
        if not there:
            self._consumers.forget_all(self._consumer_ended)
        return there

    def _begin_asking(self, task: asyncio.Task[Any] | None) -> None:
        if self.left:
            return
        self._consumers.enter(task, self._consumer_ended)
        if self.held and (source := self._source()) is not None:
            self.held = False
            source.deliveries.resume()
            source.go_on()

    def _give_up(self, task: asyncio.Task[Any] | None) -> None:
        """Hear that ``task`` was cancelled while it waited: hold everything back, unless somebody else waits."""
        self._consumers.forget(task, self._consumer_ended)
        if self._waiting or self.left or (self._over and not self.outcomes):
            return
        self._consumers.cancelled(task)
        if not self.held:
            self.held = True
            if not self.loop.is_closed() and (source := self._source()) is not None:
                source.deliveries.hold()
        if self.outcomes:
            self._decide_soon()

    def _consumer_ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self._give_up(task)
        self._consumers.forget(task, self._consumer_ended)
        if (self.held or self._closed) and not self.left:
            self._decide_soon()

    def _decide_soon(self) -> None:
        if not self._turns and not self.loop.is_closed():
            self._turns = GRACE_TURNS
            self.loop.call_soon(self._decide)

    def _decide(self) -> None:
        """See whether the consumer has left, when there was time enough to ask again."""
        if self.left or not (self.held or self._closed):
            self._turns = 0
            return
        self._turns -= 1
        if self._turns:
            self.loop.call_soon(self._decide)
        elif not self._may_ask_again and (self.outcomes or self._closed):
            self.leave()

    @property
    def _may_ask_again(self) -> bool:
        return self._waiting > 0 or self._consumers.may_ask_again(held=self.held, closer=self._closer)

    def close(self, closer: asyncio.Task[Any] | None, why: str) -> None:
        """Hear that the client is closed, by ``closer``: what nobody is going to take is logged.

        A task that is alive and was not cancelled while it asked may take the rest; what it has not taken at its own
        end is logged then.
        """
        if self.left:
            self._unheard.sum_up()
            return
        self._closed, self._closer, self.why = True, closer, why
        if self.held or not self._may_ask_again:
            self.leave()

    def leave(self) -> None:
        """Nobody takes outcomes any more: nothing new is sent, and what is here and what still comes is logged."""
        if self.left:
            self._log_all()
            return
        self.left = True
        if not self.outcomes and not self._waiting and self._over:
            self._consumers.forget_all(self._consumer_ended)
            return
        self._log_all()
        if self.loop.is_closed():
            self._unheard.sum_up()
            return
        self._consumers.forget_all(self._consumer_ended)
        if (source := self._source()) is not None:
            source.stop()
        self._news.set()
        if self._over or not self.loop.is_running():
            self._unheard.sum_up()
        else:
            self.loop.call_later(SUM_UP_SECONDS, self._unheard.sum_up)

    def shut_down(self) -> None:
        """Hear that the event loop ends: log everything now."""
        self.leave()
        self._unheard.sum_up()

    def _log_all(self) -> None:
        """Log what is here, each before it is gone from here: a signal's handler may raise in any line."""
        while self.outcomes:
            self._unheard.note((self.outcomes[0],))
            self.outcomes.popleft()
