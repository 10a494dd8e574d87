"""A bulk send on its way: batches in, at most so many deliveries at a time, outcomes out.

Every change of state happens in a synchronous method; the tasks only wait. The reader reads no further ahead than a
look-ahead and the batches that could leave next, and nothing new is started while nobody takes the outcomes.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, final

from .._admission.ticket import Ticket
from .._core.failure_guards import FailuresInARow
from .._core.outcomes import dropped, interrupted
from ..models import Code, Outcome
from .deliveries import Deliveries
from .input_reader import InputReader
from .outcome_log import log_unawaited
from .outcome_queue import OutcomeQueue
from .run_watch import watch_run

if TYPE_CHECKING:
    from .._core.batching import Batch
    from .._core.failure_guards import GuardStop
    from .._core.rulings import Ruling
    from ..events import RunKind
    from .delivery import Delivery
    from .input_reader import Recipients
    from .send_options import SendOptions
    from .sender import Sender


@final
class BulkSend:
    """The work behind one ``stream`` or ``send_many``; it begins at once.

    ``unread`` says whether reading was ended before the source's end. Mutable state: that; the reader, until everything
    has been read; the batches in line with their tickets; the deliveries; the failed requests in a row; the queue of
    outcomes; and the error of the source or of the quota store that ended it.
    """

    __slots__ = (
        *("__weakref__", "_began", "_failures", "_options", "_reader", "_ready"),
        *("deliveries", "error", "queue", "unread"),
    )

    def __init__(self, sender: Sender, recipients: Recipients, message: str | None, options: SendOptions) -> None:
        loop = sender.room.loop
        kind: RunKind = "send_many" if options.reads_all else "stream"
        sender, watch = watch_run(sender, kind, options.priority)
        self.queue: OutcomeQueue = OutcomeQueue(
            loop, self, sender.log, None if options.reads_all else options.lookahead, watch
        )
        self.deliveries: Deliveries = Deliveries(sender, options.timeout, options.rules.idempotency_key)
        self.error: BaseException | None = None
        self.unread: bool = False
        self._failures = FailuresInARow()
        self._options = options
        self._ready: deque[tuple[Batch, Ticket]] = deque()
        self._began = loop.time()
        reader = InputReader(loop, options.intake(message), self, reads_all=options.reads_all)
        self._reader: InputReader | None = reader
        reader.begin(recipients)

    @property
    def over(self) -> bool:
        """Whether no further outcome will come."""
        return self._reader is None and not self.deliveries and not self._ready

    @property
    def full(self) -> bool:
        """Whether as much has been read ahead as may be; a send that was stopped reads on without delay."""
        return self.deliveries.stop_code is None and (
            len(self._ready) >= self._options.max_concurrency or self.queue.is_full
        )

    def line_up(self, batch: Batch) -> None:
        """Have ``batch`` sent when its turn comes; or give its outcomes, if nothing more is sent."""
        if self.deliveries.stop_code is not None:
            self._drop(batch)
        else:
            since = self._began if self._options.reads_all else self.queue.loop.time()
            self._ready.append((batch, Ticket(self._options.priority, self._options.expires(since))))
        self.go_on()

    def refuse(self, outcome: Outcome) -> None:
        """Give the outcome of a recipient that can't be sent to."""
        self.queue.put([outcome])
        self.go_on()

    def all_read(self, error: BaseException | None) -> None:
        """End the input: there are no further recipients, because of ``error`` if their source raised one."""
        self._reader = None
        self.error = self.error or error
        self.go_on()

    def delivered(self, batch: Batch, delivery: Delivery) -> None:  # noqa: ARG002 - the outcomes name everyone in it
        """Give the outcomes of a batch; stop if nothing more can go out."""
        self.queue.put(delivery.outcomes)
        if delivery.fatal is not None:
            self._stop(delivery.fatal)
        elif delivery.error is not None:
            self.abort(delivery.error)

    def interrupted(self, batch: Batch, delivery: Delivery | None) -> None:
        """Log the outcomes of a batch, which nobody will take any more."""
        log_unawaited(interrupted(batch) if delivery is None else delivery.outcomes, self.deliveries.log)

    def go_on(self) -> None:
        """Start what may start, and wake whoever has something to do."""
        options, queue = self._options, self.queue
        while self._ready and len(self.deliveries) < options.max_concurrency and not queue.is_full and not queue.held:
            self.deliveries.start(*self._ready.popleft(), self, after_attempt=self._answered)
        queue.tell()
        reader = self._reader
        if reader is not None and reader.paused is not None and not self.full:
            reader.go_on()

    def stop(self) -> None:
        """Send nothing new, and let the requests in flight finish."""
        self._stop(Code.STOPPED)

    def abort(self, error: BaseException) -> None:
        """Send nothing new and, unless all is done already, end with ``error`` once all is told."""
        if not self.over:
            self.error = self.error or error
            self._stop(Code.STOPPED)

    async def _answered(self, ruling: Ruling) -> None:
        """After an attempt, answered or not: stop if too many have failed in a row."""
        self._failures.learn(ruling)
        guard_stop = self._options.rules.guards.reached(self._failures)
        if guard_stop is not None:
            self._stop(Code.STOPPED, guard_stop)

    def _stop(self, code: str, guard_stop: GuardStop | None = None) -> None:
        """Send nothing that is not on its way already; every text held or still read is UNSENT with ``code``."""
        if self.deliveries.stop(code, guard_stop):
            ready = tuple(self._ready)
            self._ready.clear()
            for batch, _ in ready:
                self._drop(batch)
        if self._reader is not None and (self.queue.left or not self._options.reads_all):
            self.unread = True
            self._reader.stop()
        self.go_on()

    def _drop(self, batch: Batch) -> None:
        self.queue.put(dropped(batch, self.deliveries.stop_code))
