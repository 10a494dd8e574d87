"""The run loop of a campaign: planned recipients in, requests through the client's one seam, every step in the ledger.

It can be killed at any instruction. Before the first byte of a request leaves, the ledger says *sending*; after its
answer, what became of it; what is found as *sending* when nobody runs is unknown. Every change of state happens in a
synchronous method or in the ledger; the tasks only wait.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, final

from .._admission.ticket import Ticket
from .._core import segments
from .._core.batching import Batch
from .._runtime.tasks import start
from .._sending.deliveries import Deliveries
from .._sending.outcome_queue import OutcomeQueue
from .._sending.run_watch import watch_run
from .._sending.turned_away import TooLateError
from ..errors import CampaignStoppedError, ConnectionFailedError
from ..models import Code, Outcome, Status
from .outage_watch import OutageWatch
from .plan import Plan
from .recorder import Recorder
from .refusals import LedgerAwayError, RunElsewhereError
from .rows import SuppressedMeanwhileError
from .run_guards import RunGuards
from .run_record import RunRecord
from .run_wait import RunWait
from .state_counts import count_states
from .text_ids import text_id
from .unsent_rules import UnsentStep, gravest, next_of
from .wanted_watch import WantedWatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._core.rulings import Ruling
    from .._sending.delivery import Delivery
    from .._sending.open_client import OpenClient
    from .guards import Guards
    from .protocol import CampaignLedger
    from .terms import CampaignTerms
    from .timetable import Timetable


LOOK_AGAIN_SECONDS: Final = 30.0
"""How often a run whose recipients are all out of hours looks again, as clocks may be set."""

STAND_BY_SECONDS: Final = 1.0
"""How often a run that stands by looks whether the one that goes on has ended."""


@final
class Runner:
    """The work behind one ``Campaign.run``; it begins at once, or when the campaign's runs that were left have ended.

    ``stands_by``: or when whoever else runs the campaign has ended. ``succeeds``: it goes on with a run that is wanted,
    on its ``terms``, and if it is left early, *run* is still wanted.

    ``over`` says whether no further outcome will come. Mutable state: that; the error with which it ended; and that of
    its parts: the plan, the guards, the deliveries, the records of their attempts and of the run, the outage, the wait
    of its loop, and the look at what is wanted.
    """

    def __init__(
        self,
        ledger: CampaignLedger,
        opened: OpenClient,
        guards: Guards,
        suppressed: Iterable[str],
        terms: CampaignTerms,
        earlier: Sequence[Runner] = (),
        *,
        succeeds: bool = False,
        stands_by: bool = False,
    ) -> None:
        options, loop = opened.options, opened.sender.room.loop
        self._timetable: Timetable | None = None
        if terms.schedule is not None:  # before anyone hears of the run, as the zone may be none
            from .timetable import Timetable  # imported when used, as few campaigns have hours

            self._timetable = Timetable(terms.schedule, ledger, opened.sender.room.clock)
        sender, watch = watch_run(opened.sender, "campaign", options.priority, partial(count_states, ledger))
        self.queue: OutcomeQueue = OutcomeQueue(loop, self, sender.log, options.lookahead, watch)
        self.deliveries: Deliveries = Deliveries(sender, options.timeout, name_of=partial(text_id, ledger.id))
        self.error: BaseException | None = None
        self.over: bool = False
        self.unread = False  # the ledger is read again by the next run
        self._ledger = ledger
        self._options = options
        self._suppressed = suppressed
        self._stands_by = stands_by
        self._guards = RunGuards(guards, opened.sender.account, self.stop)
        self._record = RunRecord(ledger, terms, opened.sender.checking.suppression, succeeds=succeeds)
        self._watch = WantedWatch(ledger, self.stop)
        self._plan = Plan(ledger, options.batch_size, options.lookahead, self._timetable)
        self._recorder = Recorder(ledger, opened.sender.account, options.timeout, self.queue, opened.sender.log)
        self._outage = OutageWatch(opened.sender.log)
        self._waiting = RunWait(loop)
        self._loop = loop
        self.task: asyncio.Task[None] = start(loop, self._run(earlier))
        self.task.add_done_callback(self._ended)

    @property
    def stopped(self) -> bool:
        """Whether nothing new is sent."""
        return self.deliveries.stop_code is not None

    def interrupted(self, batch: Batch, delivery: Delivery | None) -> None:
        """Do nothing: the ledger holds what was being sent, and what was answered."""

    def delivered(self, batch: Batch, delivery: Delivery) -> None:
        """Put back who was not sent to, to be tried again, or skip them; or stop, if nothing more can go out."""
        unsent = [o for o in delivery.outcomes if o.status is Status.UNSENT]
        self._guards.totals.end(len(batch), len(unsent), segments.count(batch.message).segments)
        self._recorder.skip_soon(o for o in unsent if next_of(o.code) is UnsentStep.SKIP)
        left, error = [o for o in unsent if next_of(o.code) is not UnsentStep.SKIP], delivery.error
        if isinstance(error, SuppressedMeanwhileError):
            left, error = [o for o in left if o.index not in error.ids], None
        elif isinstance(error, LedgerAwayError | TooLateError):
            error = None  # the ledger is back, and has heard that nothing left; the timetable is asked again
        if error is not None:
            self.stop(error)
        elif delivery.fatal is not None:
            self.stop()
        elif left and not self.stopped:
            self._plan.put_back(Batch(batch.message, [o.phone for o in left], [o.index for o in left]))
            self._react(gravest(left))

    def go_on(self) -> None:
        """Have the loop look again, and wake whoever waits for an outcome."""
        self._waiting.wake()
        self.queue.tell()

    def stop(self, error: BaseException | None = None) -> None:
        """Start nothing new, and end with ``error``; the requests in flight are recorded all the same."""
        self.error = self.error or error
        self.deliveries.stop(Code.STOPPED)
        self.go_on()

    def abort(self, error: BaseException) -> None:
        """Send nothing new and, unless all is done already, end with ``error``."""
        if not self.task.done():
            self.stop(error)

    async def _run(self, earlier: Sequence[Runner]) -> None:
        ending = [runner.task for runner in earlier if runner.stopped]
        if ending:
            await asyncio.wait(ending)
        if not await self._becomes_runner():
            return
        try:
            await self._record.begin()
            if self._timetable is not None:
                await self._timetable.begin()
            await self._guards.prepare(self._ledger, self._suppressed)
            await self._send_all()
        except Exception as error:  # noqa: BLE001 - told to the consumer, once what is in flight has been recorded
            self.stop(error)
        finally:
            await self.deliveries.land()
            try:
                await self._skip()
            except Exception as error:  # noqa: BLE001 - told to the consumer; they stay planned
                self.error = self.error or error
            if left := await self._recorder.try_again():
                self.error = self._recorder.give_up(left, self.error)
            try:
                if isinstance(self.error, CampaignStoppedError) and not await self._plan.again():
                    self.error = None  # it was stopped when there was nobody left
                try:
                    await self._record.end(self.error, self.deliveries)
                except Exception as error:  # noqa: BLE001 - told to the consumer
                    self.error = self.error or error
            finally:
                await self._ledger.leave_running()

    async def _becomes_runner(self) -> bool:
        """Become the one runner, after another has ended if this one stands by; false if it was stopped before."""
        while not self.stopped:
            try:
                await self._ledger.become_runner()
            except RunElsewhereError:
                if not self._stands_by:
                    raise
            else:
                return True
            self._waiting.pause(STAND_BY_SECONDS)
            await self._wait()
        return False

    async def _send_all(self) -> None:
        """Start requests as long as there is anyone to send to, and nothing says to stop."""
        self._guards.begin(self._loop)
        self._watch.begin(self._loop)
        try:
            while not self.stopped:
                await self._skip()  # before the ledger is read again, which has them as planned
                batch = None if self._full else await self._plan.next()
                if batch is not None:
                    if not self._start(batch):
                        await self._wait()
                elif self._full or self.deliveries:
                    await self._wait()
                elif await self._is_over():
                    break
        finally:
            self._watch.end()
            self._guards.end()

    async def _skip(self) -> None:
        """Make durable who is skipped by the answers so far, and by the timetable."""
        if self._timetable is not None and self._timetable.skipped:
            self._recorder.skip_soon(self._timetable.skipped)
            self._timetable.skipped = []
        await self._recorder.skip()

    async def _is_over(self) -> bool:
        """Whether nobody is planned, and nobody may be by what another process still has to tell; nothing is under way.

        While another one may be sending, the loop is held up until it is known what became of that.
        """
        await self._skip()
        if not await self._plan.again():
            seconds = await self._ledger.recover()
            if seconds is not None:
                self._waiting.pause(seconds)
            elif await self._record.finish() or not await self._plan.again():
                return True
        if self._timetable is not None and self._plan.waits:
            self._waiting.pause(min(LOOK_AGAIN_SECONDS, await self._timetable.seconds_left()))
        return False

    @property
    def _full(self) -> bool:
        return (
            self.queue.held
            or len(self.deliveries) >= self._options.max_concurrency
            or self.queue.is_full
            or self._waiting.is_paused
        )

    async def _wait(self) -> None:
        """Wait until something has changed that may let the next request go."""
        if not self.stopped:
            await self._waiting.wait()

    def _start(self, batch: Batch) -> bool:
        """Send as much of this batch as the guards allow; false if that is nothing until more answers have come."""
        if self._guards.forbids(batch.phones) or self.stopped:
            return True
        if self._timetable is not None:
            batch = self._timetable.cut(batch)
            if not len(batch):
                return True
        each = segments.count(batch.message).segments
        most = self._guards.begin_request(len(batch), each)
        self._plan.put_back(Batch(batch.message, batch.phones[most:], batch.indexes[most:]))
        if not most:
            return False
        batch = Batch(batch.message, batch.phones[:most], batch.indexes[:most])
        ticket = Ticket(self._options.priority)
        self.deliveries.start(batch, ticket, self, before_first_byte=self._leaving, after_attempt=self._answered)
        return True

    async def _leaving(self, part: Batch) -> int | None:
        """Between the grant and the first byte: make *sending* durable. Gives until when the first byte may leave."""
        self._guards.check()
        if self.stopped:
            return None  # its ticket is stopped as well, so nothing leaves
        until_us = None
        if self._timetable is not None:
            until_us = await self._timetable.leave_until(part)
            if until_us is None:
                raise TooLateError
        await self._recorder.begin(part)
        self._watch.looked()
        return until_us

    async def _answered(self, ruling: Ruling) -> None:
        """After an attempt, answered or not: make what became of it durable, then tell it."""
        if ruling.status_code is not None:
            self._outage.end()
        intent = self._recorder.take(ruling)
        if intent is None:
            return  # it never came to the first byte
        self._guards.totals.learn(ruling)
        self._guards.check()
        try:
            await self._recorder.end(intent, ruling)
        except Exception as error:  # noqa: BLE001 - told to the consumer, after another try
            self.stop(error)
        self.go_on()

    def _react(self, unsent: Outcome) -> None:
        """Wait a while before the next try, or give up, as the table says."""
        step, now = next_of(unsent.code), self._loop.time()
        if step is UnsentStep.AGAIN:
            return
        pause = self._outage.wait_seconds(now, unsent.code)
        if step is UnsentStep.STOP or (unsent.code == Code.CONNECTION_FAILED and self._outage.is_hopeless(now)):
            text = f"nothing more is sent: {unsent.error} (key {self.deliveries.log.name})"
            self.stop(ConnectionFailedError(text, code=unsent.code))
        self._waiting.pause(pause)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.error = self.error or error
        self.over = True
        self.queue.tell()
