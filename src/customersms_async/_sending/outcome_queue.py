"""Outcomes on their way from a bulk send to its consumer: each is given, or logged.

``consumers`` knows who asks for them, and finds out that a consumer has left without a word.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from .consumers import Consumers
from .outcome_log import UnawaitedOutcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._runtime.log import KeyLog
    from ..models import Outcome
    from .deliveries import Deliveries
    from .run_watch import RunWatch

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

    ``lookahead`` is how many may wait to be taken before nothing new is sent; ``None``: all are kept until the last has
    come. ``arrivals`` counts how often some came; if all came at once, they are in input order. ``take`` gives the next
    one, and may be called only when there is one. ``flows``: sending is neither held back nor stopped, and nobody waits
    for room, so that whoever takes outcomes may just take the first. ``held``: sending is held back, as whoever asked
    was cancelled. ``left``: the consumer has left, and ``why`` is what somebody is told who asks all the same.
    ``waiting``: how many wait.

    Mutable state: all of these, and what was logged.
    """

    __slots__ = (
        *("__weakref__", "_consumers", "_keeps_all", "_news", "_source", "_unheard", "_watch", "arrivals", "held"),
        *("_most", "flows", "left", "loop", "outcomes", "waiting", "why"),
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        source: OutcomeSource,
        log: KeyLog,
        lookahead: int | None,
        watch: RunWatch | None = None,
    ) -> None:
        self.loop = loop
        self.outcomes: deque[Outcome] = deque()
        self.flows: bool = True
        self._most = sys.maxsize if lookahead is None else lookahead
        self._keeps_all = lookahead is None
        self.arrivals: int = 0
        self.held: bool = False
        self.left: bool = False
        self.waiting: int = 0
        self.why: str = _LEFT
        self._source = weakref.ref(source)  # or each run would wait for the garbage collector
        self._news = asyncio.Event()
        self._consumers = Consumers(self)
        self._unheard = UnawaitedOutcomes(log)
        self._watch = watch

    @property
    def is_over(self) -> bool:
        """Whether no further outcome will come."""
        source = self._source()
        return source is None or source.over

    @property
    def is_full(self) -> bool:
        """Whether so many wait to be taken that nothing new is to be sent."""
        return len(self.outcomes) >= self._most

    def take(self) -> Outcome:
        """The next outcome; only when there is one. Its source goes on once there is room again."""
        outcome = self.outcomes.popleft()
        if len(self.outcomes) == self._most - 1 and (source := self._source()) is not None:
            source.go_on()
        return outcome

    def give_back(self, outcomes: Sequence[Outcome]) -> None:
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
        self.flows = self.flows and not self.is_full
        if self.held and self.outcomes:
            self._consumers.decide_soon()

    def tell(self) -> None:
        """Wake who waits, if there is something to give or nothing more will come; who waits for all, only then."""
        source = self._source()
        self.flows = not (self.held or self.is_full or source is None or source.deliveries.stop_code is not None)
        if self._watch is not None and source is not None and source.over:
            self._watch.end(source)
        if source is None or source.over:
            self._news.set()
            if not self.outcomes:
                self._unheard.sum_up()
        elif self.outcomes and not self._keeps_all:
            self._news.set()

    async def wait(self) -> bool:
        """Wait for an outcome; false if none will come. Whoever is cancelled here must call ``leave``."""
        self.waiting += 1
        try:
            while not self.outcomes:
                if self.left or self.is_over:
                    return False
                self._news.clear()
                await self._news.wait()
        finally:
            self.waiting -= 1
        return True

    async def wait_for_all(self) -> None:
        """Wait until no further outcome will come. Whoever is cancelled here must call ``leave``."""
        self.waiting += 1
        try:
            while not (self.left or self.is_over):
                self._news.clear()
                await self._news.wait()
        finally:
            self.waiting -= 1

    async def ask(self) -> bool:
        """Wait for an outcome; false if none will come. Whoever is cancelled here may ask again, in good time."""
        task = asyncio.current_task()
        self._consumers.ask(task)
        try:
            there = await self.wait()
        except BaseException:
            self._consumers.give_up(task)
            del task  # the traceback may be kept
            raise
        if not there:
            self._consumers.forget_all()
        return there

    def hold_back(self) -> None:
        """Hold back all that has not left yet."""
        if not self.held:
            self.held = True
            self.flows = False
            if not self.loop.is_closed() and (source := self._source()) is not None:
                source.deliveries.hold_back()

    def go_on(self) -> None:
        """Let go what was held back, and start what there is room for."""
        if (source := self._source()) is not None:
            self.held = False
            source.deliveries.resume()
            source.go_on()

    def close(self, closer: asyncio.Task[Any] | None, why: str) -> None:
        """Log what nobody is going to take, as ``closer`` closes the client.

        A task that is alive and was not cancelled while it asked may take the rest; what it has not taken at its own
        end is logged then.
        """
        if self.left:
            self._unheard.sum_up()
            return
        self._consumers.client_closes(closer)
        self.why = why
        if self.held or not self._consumers.may_ask_again():
            self.leave()

    def leave(self) -> None:
        """Send nothing new, and log what is here and what still comes, as nobody takes outcomes any more."""
        if self.left:
            self._log_all()
            return
        self.left = True
        if not self.outcomes and not self.waiting and self.is_over:
            self._consumers.forget_all()
            return
        self._log_all()
        if self.loop.is_closed():
            self._unheard.sum_up()
            return
        self._consumers.forget_all()
        if (source := self._source()) is not None:
            source.stop()
        self._news.set()
        if self.is_over or not self.loop.is_running():
            self._unheard.sum_up()
        else:
            self.loop.call_later(SUM_UP_SECONDS, self._unheard.sum_up)

    def shut_down(self) -> None:
        """Log everything now, as the event loop ends."""
        self.leave()
        self._unheard.sum_up()

    def _log_all(self) -> None:
        """Log what is here, each before it is gone from here: a signal's handler may raise in any line."""
        while self.outcomes:
            self._unheard.note((self.outcomes[0],))
            self.outcomes.popleft()
