"""The run loop of a campaign: planned recipients in, requests through the client's one seam, every step in the ledger.

It can be killed at any instruction. Before the first byte of a request leaves, the ledger says *sending*; after its
answer, what became of it; what is found as *sending* when nobody runs is unknown. Every change of state happens in a
synchronous method or in the ledger; the tasks only wait.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, final

from .._admission.ticket import Ticket
from .._core import segments
from .._core.backoff import Outage
from .._core.batching import Batch
from .._core.plural import counted
from .._runtime import log
from .._runtime.tasks import start
from .._sending.delivery import SECONDS_PER_NUMBER, Delivery, deliver
from .._sending.outcome_queue import OutcomeQueue
from .._sending.unheard import log_unheard
from ..errors import CampaignStoppedError, ConfigurationError, ConnectionFailedError, LedgerError
from ..models import Code, Outcome, Priority, Status
from .guards import CampaignTotals, Guards, Load, check, check_prefix, fitting, prefix_stop
from .plan import Plan
from .states import State
from .transitions import Intent, SuppressedMeanwhileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._core.rulings import Ruling
    from .._sending.attempt import Sender
    from .._sending.bulk import Order
    from .ledger import CampaignLedger

_GONE: Final = (State.SENDING, State.ACCEPTED, State.REJECTED, State.UNKNOWN)
"""The states of recipients that a request has left for."""


@final
class Runner:
    """The work behind one ``Campaign.run``; it begins at once, or when those of the same campaign that were left end.

    Mutable state: the plan, what the guards go by, the deliveries on their way with their tickets and the intents of
    their attempts, the answers that could not be recorded, the outcomes that nobody took yet, what the loop and the
    consumer wait on, until when an outage pauses it, what watches the time, and how it came to an end.
    """

    def __init__(
        self,
        ledger: CampaignLedger,
        sender: Sender,
        order: Order,
        guards: Guards,
        suppressed: Iterable[str],
        earlier: Sequence[Runner] = (),
    ) -> None:
        self.queue = OutcomeQueue(sender.room.loop, self)
        self.outcomes = self.queue.outcomes
        self.requests = 0
        self.fatal: Delivery | None = None
        self.error: BaseException | None = None
        self._ledger = ledger
        self._sender = sender
        self._order = order
        self._guards = guards
        self._suppressed = suppressed
        self._plan = Plan(ledger, order.batch_size, order.lookahead)
        self._totals = CampaignTotals()
        self._outage = Outage()
        self._deliveries: dict[asyncio.Task[None], Ticket] = {}
        self._intents: dict[int, Intent] = {}
        self._unrecorded: list[tuple[Intent, Ruling]] = []
        self.stopped = False
        self._paused_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.over = False
        self._change: asyncio.Future[None] | None = None
        self.loop = sender.room.loop
        self.task = start(self.loop, self._run(earlier))
        self.task.add_done_callback(self._ended)

    def take(self) -> Outcome:
        """The next outcome; only when there is one."""
        outcome = self.outcomes.popleft()
        self._changed()
        return outcome

    def stop(self) -> None:
        """Start nothing new; the requests in flight are recorded all the same."""
        self._stop()

    def hold(self) -> None:
        """Let nothing leave until ``resume``, and start nothing."""
        for ticket in self._deliveries.values():
            ticket.hold(self.loop)

    def resume(self) -> None:
        """Go on after ``hold``."""
        for ticket in self._deliveries.values():
            ticket.release()
        self._changed()

    async def land(self) -> None:
        """Wait until no request is on its way."""
        while self._deliveries:
            await asyncio.wait(tuple(self._deliveries))

    def abort(self, error: BaseException) -> None:
        """Send nothing new and, unless all is done already, end with ``error``."""
        if not self.task.done():
            self._stop(error)

    async def _run(self, earlier: Sequence[Runner]) -> None:
        ending = [runner.task for runner in earlier if runner.stopped]
        if ending:
            await asyncio.wait(ending)
        await self._ledger.lock()
        try:
            await self._prepare()
            await self._send_all()
        except Exception as error:  # noqa: BLE001 - told to the consumer, once what is in flight has been recorded
            self._stop(error)
        finally:
            await self.land()
            await self._record_the_rest()
            try:
                if isinstance(self.error, CampaignStoppedError) and not await self._plan.again():
                    self.error = None  # it was stopped when there was nobody left
            finally:
                await self._ledger.unlock()

    async def _prepare(self) -> None:
        """Read the list of suppressed numbers, and look whether anything may be sent at all."""
        if await self._ledger.added() is None:
            raise ConfigurationError(f"{self._ledger.path}: nobody was added to this ledger yet")
        await self._ledger.suppress(self._suppressed, "run")
        for count in await self._ledger.counts():
            if count.state in _GONE:
                self._totals.recipients += count.recipients
                self._totals.segments += count.segments
        if self._guards.allow_prefixes:
            strangers, first = await self._ledger.outside(self._guards.allow_prefixes)
            if strangers:
                raise prefix_stop(self._guards, strangers, f"number {(first or 0) + 1:,} of the input")

    async def _send_all(self) -> None:
        """Start requests as long as there is anyone to send to, and nothing says to stop."""
        self._watch_the_time()
        try:
            while not self.stopped:
                batch = None if self._full else await self._plan.next()
                if batch is not None:
                    if not self._start(batch):
                        await self._wait()
                elif self._full or self._deliveries:
                    await self._wait()
                elif not await self._plan.again():
                    break
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _watch_the_time(self) -> None:
        """Stop when ``until`` has come, also while everyone waits; a timer may be a moment early, as uvloop's are."""
        if self._check() is None and self._guards.until_unix is not None:
            left = max(0.001, self._guards.until_unix - time.time())
            self._timer = self.loop.call_later(left, self._watch_the_time)

    @property
    def _full(self) -> bool:
        return (
            self.queue.held
            or len(self._deliveries) >= self._order.parallel
            or len(self.outcomes) >= self._order.lookahead
            or self.loop.time() < self._paused_until
        )

    async def _wait(self) -> None:
        """Wait until something has changed that may let the next request go."""
        if self.stopped:
            return
        self._change = self.loop.create_future()
        pause = self._paused_until - self.loop.time()
        timer = self.loop.call_later(pause, self._changed) if pause > 0 else None
        try:
            await self._change
        finally:
            self._change = None
            if timer is not None:
                timer.cancel()

    def _start(self, batch: Batch) -> bool:
        """Send as much of this batch as the guards allow; false if that is nothing until more answers have come."""
        stop = self._check() or check_prefix(self._guards, batch.phones)
        if self.stopped or stop is not None:
            self._stop(stop)
            return True
        each = segments.count(batch.message).segments
        most, stop = fitting(self._guards, self._totals, Load(len(batch), each))
        self._plan.put_back(Batch(batch.message, batch.phones[most:], batch.indexes[most:]))
        if not most:
            if stop is not None and not self._totals.requests_in_flight:
                self._stop(stop)
            return False
        batch = Batch(batch.message, batch.phones[:most], batch.indexes[:most])
        ticket = Ticket(Priority.BULK)
        self._totals.start(most, each)
        delivery = start(self.loop, self._deliver(batch, each, ticket))
        self._deliveries[delivery] = ticket
        delivery.add_done_callback(self._delivered)
        return True

    async def _deliver(self, batch: Batch, each: int, ticket: Ticket) -> None:
        delivery = await deliver(
            self._sender,
            batch,
            ticket,
            timeout=self._order.timeout,
            before_first_byte=self._leaving,
            after_attempt=self._answered,
            in_own_task=True,
        )
        self.requests += delivery.requests
        unsent = [o for o in delivery.outcomes if o.status is Status.UNSENT]
        self._totals.end(len(batch), len(unsent), each)
        if isinstance(delivery.error, SuppressedMeanwhileError):
            unsent = [o for o in unsent if o.index not in delivery.error.ids]
            self._put_back(batch, unsent)
        elif delivery.error is not None:
            self._stop(delivery.error)
        elif delivery.fatal is not None:
            self.fatal = self.fatal or delivery
            self._stop()
        elif unsent and not self.stopped:
            self._put_back(batch, unsent)
            self._pause(unsent[0])

    def _put_back(self, batch: Batch, unsent: Sequence[Outcome]) -> None:
        self._plan.put_back(Batch(batch.message, [o.phone for o in unsent], [o.index for o in unsent]))

    def _delivered(self, delivery: asyncio.Task[None]) -> None:
        del self._deliveries[delivery]
        self._changed()

    async def _leaving(self, part: Batch) -> None:
        """Between the grant and the first byte: make *sending* durable."""
        self._check()
        if self.stopped:
            return  # its ticket is stopped as well, so nothing leaves
        timeout = self._order.timeout + SECONDS_PER_NUMBER * (len(part) - 1)
        intent = Intent(part.indexes, self._sender.credits.remaining, timeout)
        self._intents[part.indexes[0]] = intent
        await self._ledger.begin(intent)

    async def _answered(self, ruling: Ruling) -> None:
        """After an attempt, answered or not: make what became of it durable, then tell it."""
        if ruling.status_code is not None:
            self._outage.end()
        intent = self._intents.pop(ruling.outcomes[0].index, None)
        if intent is None:
            return  # it never came to the first byte
        told = [o for o in ruling.outcomes if o.status is not Status.UNSENT]
        self._totals.learn(told, ruling.status_code)
        self._check()
        try:
            await self._record(intent, ruling)
        except Exception as error:  # noqa: BLE001 - told to the consumer, after another try
            self._unrecorded.append((intent, ruling))
            self._stop(error)

    async def _record(self, intent: Intent, ruling: Ruling) -> None:
        """Store what became of an attempt, then tell it."""
        await self._ledger.record(intent, ruling)
        self.queue.put([o for o in ruling.outcomes if o.status is not Status.UNSENT])
        self._changed()

    async def _record_the_rest(self) -> None:
        """Try once more to store what could not be stored; what still can't is logged, and how much that is is said."""
        left: list[Outcome] = []
        for intent, ruling in self._unrecorded:
            try:
                await self._record(intent, ruling)
            except Exception as error:  # noqa: BLE001 - the reason is told already
                log.debug("an answer could not be recorded: %s", error)
                left += ruling.outcomes
        if left:
            log_unheard(left)
            lost = counted(len(left), "recipient")
            self.error = LedgerError(
                f"{self.error}; what became of {lost} could not be recorded, so they are unknown to the ledger (the log"
                " has what the gateway said)",
                path=str(self._ledger.path),
            )

    def _pause(self, unsent: Outcome) -> None:
        """Wait a while before the next try, or give up."""
        now = self.loop.time()
        pause = self._outage.pause(now)
        if unsent.code == Code.CERTIFICATE_REFUSED or (
            unsent.code == Code.CONNECTION_FAILED and self._outage.is_hopeless(now)
        ):
            self._stop(ConnectionFailedError(f"nothing more is sent: {unsent.error}", code=unsent.code))
        self._paused_until = max(self._paused_until, now + pause)

    def _check(self) -> CampaignStoppedError | None:
        """Stop if a guard says so; gives why."""
        self._totals.credits = self._sender.credits.remaining
        stop = check(self._guards, self._totals, time.time())
        if stop is not None:
            self._stop(stop)
        return stop

    def _stop(self, error: BaseException | None = None) -> None:
        self.error = self.error or error
        self.stopped = True
        for ticket in self._deliveries.values():
            ticket.stop(Code.STOPPED)
        self._changed()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.error = self.error or error
        self.over = True
        self.queue.tell()

    def _changed(self) -> None:
        if self._change is not None and not self._change.done():
            self._change.set_result(None)
        self.queue.tell()
