"""The reader of a bulk send: recipients in, batches out, no further ahead than is wanted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, final

from .._runtime.tasks import start
from ..errors import ConfigurationError
from ..models import Message, Outcome

if TYPE_CHECKING:
    from .._core.batching import Batch
    from .._core.intake import Intake

Recipients = Iterable[str | Message] | AsyncIterable[str | Message]
"""What is given, before anybody knows of which kind it is."""

Numbers = Iterable[str] | AsyncIterable[str]
"""Phone numbers, which need a message."""

Messages = Iterable[Message] | AsyncIterable[Message]
"""Numbers with a text each, which allow no other one."""

IDLE_SECONDS = 0.1
"""How long a part-filled batch waits for more from an asynchronous source."""

YIELD_EVERY = 256
"""Inputs of a synchronous source that are read before the event loop gets a turn: about a millisecond's work."""

TAKEN_AT_ONCE = 1_024
"""Inputs that are read before the event loop gets a turn where all are in order, which takes a quarter of the time."""


def check_recipients(recipients: object) -> None:
    """Raise ``ConfigurationError`` for what can't be read as recipients: one text, a mapping, a number."""
    if isinstance(recipients, str | bytes | Mapping) or not isinstance(recipients, Iterable | AsyncIterable):
        raise ConfigurationError("recipients must be an iterable of phone numbers or Message objects")


class BatchTaker(Protocol):
    """A bulk send, as its reader sees it."""

    @property
    def full(self) -> bool:
        """Whether nothing more is wanted for now."""

    def line_up(self, batch: Batch) -> None:
        """Take a batch that is due."""

    def refuse(self, outcome: Outcome) -> None:
        """Take the outcome of a recipient that can't be sent to."""

    def all_read(self, error: BaseException | None) -> None:
        """Take note that nothing more will come, because of ``error`` if the source raised one."""


@final
class InputReader:
    """Reads the recipients of one bulk send, as long as its taker is not full.

    ``reads_all``: a synchronous source is read to its end before anything is taken, so that an error of its own comes
    before anything is sent. ``paused`` is the future that it waits on while the taker is full.

    Mutable state: the intake; the task that reads; when the last input came, and the timer that looks whether no
    other has come since; what it waits on; whether it was stopped.
    """

    __slots__ = (
        *("_idle_timer", "_intake", "_last_item", "_loop", "_reads_all", "_stopped", "_taker", "_task"),
        "paused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, intake: Intake, taker: BatchTaker, *, reads_all: bool) -> None:
        self.paused: asyncio.Future[None] | None = None
        self._loop = loop
        self._intake = intake
        self._taker = taker
        self._reads_all = reads_all
        self._last_item = loop.time()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def begin(self, recipients: Recipients) -> None:
        """Read ``recipients`` from now on: in a task, as the loop needs its turns, unless they are few and in order."""
        if self._takes_at_once(recipients):
            self._flush()
            self._taker.all_read(None)
        else:
            self._task = start(self._loop, self._read(recipients))
            self._task.add_done_callback(self._read_to_the_end)

    def stop(self) -> None:
        """Read nothing more; nothing of what was read is sent any more by then."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()

    def go_on(self) -> None:
        """Read on, if it waits for that."""
        if self.paused is not None and not self.paused.done():
            self.paused.set_result(None)

    def _takes_at_once(self, recipients: Recipients) -> bool:
        """Take in a list that is all in order and no more than one batch."""
        if not self._reads_all or not isinstance(recipients, list | tuple) or not recipients:
            return False
        if len(recipients) > min(self._intake.room, TAKEN_AT_ONCE):
            return False
        batches = self._intake.take_all(list(recipients))
        self._line_up(batches or ())
        return batches is not None

    async def _read(self, recipients: Recipients) -> None:
        if isinstance(recipients, AsyncIterable):
            await self._read_async(recipients)
            return
        inputs = iter(await _whole(recipients) if self._reads_all else recipients)
        while True:
            some: list[object] = []
            try:
                some.extend(itertools.islice(inputs, min(self._intake.room, TAKEN_AT_ONCE)))
            finally:  # those that came before the source's error count
                await self._take_in_some(some)
            if not some:
                return

    async def _read_async(self, recipients: AsyncIterable[str | Message]) -> None:
        async for item in recipients:
            self._take_in(item)
            if self._taker.full:
                await self._pause()
            self._last_item = self._loop.time()
            if self._idle_timer is None and self._intake:
                self._idle_timer = self._loop.call_later(IDLE_SECONDS, self._flush_if_idle)

    async def _take_in_some(self, items: list[object]) -> None:
        """Take in no more than the intake has room for; together if they are all in order, which is a lot faster."""
        before = self._intake.count
        batches = self._intake.take_all(items) if len(items) > 1 else None
        if batches is not None:
            self._line_up(batches)
            await self._give_way(before, TAKEN_AT_ONCE)
            return
        left = iter(items)
        try:
            for item in left:
                self._take_in(item)
                await self._give_way(self._intake.count - 1, YIELD_EVERY)
        except asyncio.CancelledError:
            if self._stopped:  # what was read gets its outcome all the same; at the loop's end it might still be sent
                for item in left:
                    self._take_in(item)
            raise

    def _take_in(self, item: object) -> None:
        taken = self._intake.take(item)
        if isinstance(taken, Outcome):
            self._taker.refuse(taken)
        else:
            self._line_up(taken)

    def _line_up(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self._taker.line_up(batch)

    async def _give_way(self, before: int, every: int) -> None:
        """Let the loop turn after ``every`` inputs, and read no further until more is wanted."""
        if before // every < self._intake.count // every:
            await asyncio.sleep(0)
        if self._taker.full:
            await self._pause()

    async def _pause(self) -> None:
        """Read no further until more is wanted."""
        while self._taker.full:
            self.paused = self._loop.create_future()
            try:
                await self.paused
            finally:
                self.paused = None

    def _flush_if_idle(self) -> None:
        """Line up what waits for company, if no input has come for a while."""
        self._idle_timer = None
        idle = self._loop.time() - self._last_item
        if self.paused is None and idle >= IDLE_SECONDS - 0.001:
            self._flush()
        elif self._intake:
            self._idle_timer = self._loop.call_later(max(0.001, IDLE_SECONDS - idle), self._flush_if_idle)

    def _flush(self) -> None:
        self._line_up(self._intake.flush())

    def _read_to_the_end(self, task: asyncio.Task[None]) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        error = None if task.cancelled() else task.exception()
        self._flush()
        self._taker.all_read(error)


async def _whole(recipients: Iterable[str | Message]) -> Collection[str | Message]:
    """All recipients of a source, so that an error of its own comes before anything is sent."""
    if isinstance(recipients, Collection):
        return recipients
    items = []
    for item in recipients:
        items.append(item)
        if len(items) % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return items
