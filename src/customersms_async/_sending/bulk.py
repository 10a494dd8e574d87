"""A bulk send on its way: inputs in, at most so many requests at a time, outcomes out.

Every change of state happens in a synchronous method; the tasks only wait. The reader reads no further ahead than a
look-ahead and the batches that could leave next, and nothing new is started while nobody takes the outcomes.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterable, Collection, Iterable
from typing import TYPE_CHECKING, final

import msgspec

from .._admission.ticket import Ticket
from .._core.intake import Intake
from .._core.outcomes import dropped
from .._runtime.tasks import start
from ..errors import ConfigurationError
from ..models import Code, Message, Outcome, Priority
from .delivery import Delivery, deliver
from .outcome_queue import OutcomeQueue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import EllipsisType

    from .._core.batching import Batch
    from .._core.options import Options
    from .attempt import Sender

Recipients = Iterable[str | Message] | AsyncIterable[str | Message]
"""Phone numbers (with one message for all), or ``Message`` objects."""

IDLE_SECONDS = 0.1
"""How long a part-filled batch waits for more from an asynchronous source."""

YIELD_EVERY = 256
"""Inputs of a synchronous source that are read before the event loop gets a turn: about a millisecond's work."""

TAKEN_AT_ONCE = 1_024
"""The same for inputs that are all in order, which take a quarter of the time."""


class Order(msgspec.Struct, frozen=True, gc=False):
    """How a bulk send is to be done: the options of one call.

    ``whole`` is ``send_many``'s way: repeats are known over the whole input, ``max_wait`` counts from the call, and
    every input gets its outcome even when nothing more can go out.
    """

    priority: Priority
    batch_size: int
    max_wait: float | None
    timeout: float
    parallel: int
    whole: bool

    @classmethod
    def of(
        cls,
        options: Options,
        priority: Priority,
        batch_size: int | EllipsisType,
        max_wait: float | EllipsisType | None,
        timeout: float | EllipsisType,
        *,
        whole: bool,
    ) -> Order:
        """Those of the client, less what is given (not ``...``); raises ``ConfigurationError`` as a client does."""
        given = {"batch_size": batch_size, "max_wait": max_wait, "timeout": timeout}
        given = {name: value for name, value in given.items() if value is not ...}
        options = msgspec.structs.replace(options, **given) if given else options
        try:
            priority = Priority(priority)
        except ValueError:
            raise ConfigurationError(f"no such priority: {priority!r}") from None
        return cls(priority, options.batch_size, options.max_wait, options.timeout, options.max_concurrency, whole)

    @property
    def lookahead(self) -> int:
        """How many messages are looked through for company."""
        return self.batch_size * self.parallel

    def intake(self, message: str | None) -> Intake:
        """The first look at the inputs of this call."""
        return Intake(message, self.batch_size, self.lookahead, None if self.whole else self.lookahead)


@final
class Run:
    """The work behind one ``stream`` or ``send_many``; it begins at once.

    Mutable state: the intake, the batches in line with their tickets, the deliveries on their way, the queue of
    outcomes, what the reader waits on, and how it came to an end: the code that further texts get, the delivery that
    nothing can follow, the error of the source or of the quota store.
    """

    def __init__(self, sender: Sender, recipients: Recipients, message: str | None, order: Order) -> None:
        self.queue = OutcomeQueue(sender.room.loop, self)
        self.outcomes = self.queue.outcomes
        self.requests = 0
        self.fatal: Delivery | None = None
        self.error: BaseException | None = None
        self._sender = sender
        self._order = order
        self._intake = order.intake(message)
        self._ready: deque[tuple[Batch, Ticket]] = deque()
        self._deliveries: dict[asyncio.Task[None], Ticket] = {}
        self._stop_code: str | None = None
        self._all_read = False
        self.loop = sender.room.loop
        self._began = self._last_item = self.loop.time()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._reader_pause: asyncio.Future[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        if self._takes_at_once(recipients):
            self._all_read = True
            self._flush()
        else:
            self._reader = start(self.loop, self._read(recipients))
            self._reader.add_done_callback(self._read_to_the_end)

    def take(self) -> Outcome:
        """The next outcome; only when there is one."""
        outcome = self.outcomes.popleft()
        if self._ready or self._reader_pause is not None:
            self._go_on()
        return outcome

    def take_all(self) -> list[Outcome]:
        """All outcomes that nobody took yet, in the order they came."""
        taken = list(self.outcomes)
        self.outcomes.clear()
        self._go_on()
        return taken

    def give_back(self, outcomes: list[Outcome]) -> None:
        """Have these again, in front of all others."""
        self.outcomes.extendleft(reversed(outcomes))

    def stop(self) -> None:
        """Send nothing new, and let the requests in flight finish."""
        self.halt(Code.STOPPED)

    def hold(self) -> None:
        """Let nothing leave until ``resume``, and start nothing."""
        for ticket in self._deliveries.values():
            ticket.hold(self.loop)

    def resume(self) -> None:
        """Go on after ``hold``."""
        for ticket in self._deliveries.values():
            ticket.release()
        self._go_on()

    async def land(self) -> None:
        """Wait until no delivery is on its way; after ``stop``, no longer than the requests in flight last."""
        while self._deliveries:
            await asyncio.wait(tuple(self._deliveries))

    def abort(self, error: BaseException) -> None:
        """Send nothing new and, unless all is done already, end with ``error`` once all is told."""
        if not self.over:
            self.error = self.error or error
            self.halt(Code.STOPPED)

    def halt(self, code: str) -> None:
        """Send nothing that is not on its way already; every text held or still read is UNSENT with ``code``."""
        if self._stop_code is None:
            self._stop_code = code
            for ticket in self._deliveries.values():
                ticket.stop(code)
            ready = tuple(self._ready)
            self._ready.clear()
            for batch, _ in ready:
                self._drop(batch)
        if self._reader is not None and (self.queue.left or not self._order.whole):
            self._reader.cancel()
        self._go_on()

    @property
    def over(self) -> bool:
        """Whether nothing more will come into ``outcomes``."""
        return self._all_read and not self._deliveries and not self._ready and not self._intake

    def _takes_at_once(self, recipients: Recipients) -> bool:
        """Take in a list that is all in order and no more than one batch; others need a task, and turns of the loop."""
        if not self._order.whole or not isinstance(recipients, list | tuple) or not recipients:
            return False
        if len(recipients) > min(self._intake.room, TAKEN_AT_ONCE):
            return False
        batches = self._intake.take_all(list(recipients))
        for batch in batches or ():
            self._line_up(batch)
        return batches is not None

    async def _read(self, recipients: Recipients) -> None:
        if isinstance(recipients, AsyncIterable):
            async for item in recipients:
                self._take_in(item)
                if self._full:
                    await self._pause()
                self._last_item = self.loop.time()
                if self._idle_timer is None and self._intake:
                    self._idle_timer = self.loop.call_later(IDLE_SECONDS, self._flush_if_idle)
        else:
            inputs = iter(await _whole(recipients) if self._order.whole else recipients)
            while True:
                some: list[object] = []
                try:
                    some.extend(itertools.islice(inputs, min(self._intake.room, TAKEN_AT_ONCE)))
                finally:  # those that came before the source's error count
                    await self._take_in_some(some)
                if not some:
                    return

    async def _take_in_some(self, items: list[object]) -> None:
        """Take in no more than the intake has room for; together if they are all in order, which is a lot faster."""
        before = self._intake.count
        batches = self._intake.take_all(items) if len(items) > 1 else None
        if batches is not None:
            for batch in batches:
                self._line_up(batch)
            await self._give_way(before, TAKEN_AT_ONCE)
            return
        for item in items:
            self._take_in(item)
            await self._give_way(self._intake.count - 1, YIELD_EVERY)

    async def _give_way(self, before: int, every: int) -> None:
        """Let the loop turn after ``every`` inputs, and read no further until more is wanted."""
        if before // every < self._intake.count // every:
            await asyncio.sleep(0)
        if self._full:
            await self._pause()

    async def _pause(self) -> None:
        """Read no further until more is wanted."""
        while self._full:
            self._reader_pause = self.loop.create_future()
            try:
                await self._reader_pause
            finally:
                self._reader_pause = None

    @property
    def _full(self) -> bool:
        return self._stop_code is None and (
            len(self._ready) >= self._order.parallel or len(self.outcomes) >= self._order.lookahead
        )

    def _read_to_the_end(self, reader: asyncio.Task[None]) -> None:
        self._all_read = True
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if not reader.cancelled() and (error := reader.exception()) is not None:
            self.error = self.error or error
        self._flush()

    def _flush_if_idle(self) -> None:
        self._idle_timer = None
        idle = self.loop.time() - self._last_item
        if self._reader_pause is None and idle >= IDLE_SECONDS - 0.001:
            self._flush()
        elif self._intake:
            self._idle_timer = self.loop.call_later(max(0.001, IDLE_SECONDS - idle), self._flush_if_idle)

    def _flush(self) -> None:
        for batch in self._intake.flush():
            self._line_up(batch)
        self._go_on()

    def _take_in(self, item: object) -> None:
        taken = self._intake.take(item)
        if isinstance(taken, Outcome):
            self._put([taken])
            return
        for batch in taken:
            self._line_up(batch)

    def _line_up(self, batch: Batch) -> None:
        if self._stop_code is not None:
            self._drop(batch)
            return
        since = self._began if self._order.whole else self.loop.time()
        expires = None if self._order.max_wait is None else since + self._order.max_wait
        self._ready.append((batch, Ticket(self._order.priority, expires)))
        self._go_on()

    def _go_on(self) -> None:
        """Start what may start, and wake whoever has something to do."""
        order = self._order
        while self._ready and len(self._deliveries) < order.parallel and len(self.outcomes) < order.lookahead:
            if self.queue.held:
                break
            batch, ticket = self._ready.popleft()
            delivery = start(self.loop, self._deliver(batch, ticket))
            self._deliveries[delivery] = ticket
            delivery.add_done_callback(self._delivered)
        self.queue.tell()
        if self._reader_pause is not None and not self._reader_pause.done() and not self._full:
            self._reader_pause.set_result(None)

    async def _deliver(self, batch: Batch, ticket: Ticket) -> None:
        try:
            delivery = await deliver(self._sender, batch, ticket, timeout=self._order.timeout, in_own_task=True)
        except asyncio.CancelledError:  # the event loop is being shut down
            self.halt(Code.STOPPED)
            raise
        if ticket.stopped is not None:  # the same, while the request was on its way
            self.halt(Code.STOPPED)
        self.requests += delivery.requests
        self._put(delivery.outcomes)
        if delivery.fatal is not None:
            self.fatal = self.fatal or delivery
            self.halt(delivery.fatal)
        elif delivery.error is not None:
            self.abort(delivery.error)
        if (task := asyncio.current_task()) is not None:
            self._delivered(task)  # a turn of the loop sooner than its callback would

    def _delivered(self, delivery: asyncio.Task[None]) -> None:
        if self._deliveries.pop(delivery, None) is not None:
            self._go_on()

    def _put(self, outcomes: Sequence[Outcome]) -> None:
        self.queue.put(outcomes)
        self._go_on()

    def _drop(self, batch: Batch) -> None:
        self._put(dropped(batch, self._stop_code))


async def _whole(recipients: Iterable[str | Message]) -> Collection[str | Message]:
    """All of them, so that an error of theirs comes before anything is sent."""
    if isinstance(recipients, Collection):
        return recipients
    items = []
    for item in recipients:
        items.append(item)
        if len(items) % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return items
