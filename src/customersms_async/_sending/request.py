"""One request, from the tokens that it was granted to the record of what became of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from .._core.buckets import GRACE_US
from .._core.layers import Wait
from .._core.outcome_table import TokenFate
from .._core.outcomes import interrupted
from .._core.post_result import OVERDUE, NoAnswer, NotSent, PostResult
from .._core.rulings import Ruling, judge, judge_in_steps
from .._core.steps import finish
from .._runtime import log
from .._runtime.tasks import this_task, together
from ..models import Code, Status
from .outcome_log import log_not_told, log_unknown, tell_unawaited
from .turned_away import TooLateError

if TYPE_CHECKING:
    from .._admission.place import Admission
    from .._admission.ticket import Ticket
    from .._core.batching import Batch
    from .._core.secret import Sealed
    from ..models import Outcome
    from .announcer import RequestWatch
    from .sender import Sender

STALE_US = 1_000_000
"""A grant older than this when the first byte is due is asked for anew: the process may have been stopped."""

Hook = Callable[["Batch"], Coroutine[Any, Any, "int | None"]]
"""Awaited between the grant and the first byte of every attempt, with its batch; raising keeps it from leaving.

Gives the time, by the room's clock, from which on the first byte may leave no more; ``None``: there is no such time.
"""

Record = Callable[["Ruling"], Coroutine[Any, Any, None]]
"""Awaited with what became of every attempt, whether its caller is still there or not; must not raise."""


class AttemptOptions(msgspec.Struct, frozen=True):
    """How the attempts of a delivery are made.

    ``in_own_task``: by a task of the client's own, which no caller cancels.
    """

    hook: Hook | None
    record: Record | None
    in_own_task: bool


OF_A_SINGLE_SEND: Final = AttemptOptions(None, None, in_own_task=False)


def hold_us(timeout: float) -> int:
    """How long the tokens are held without an answer: to the deadline, plus the five seconds of promise 1."""
    return round(timeout * 1e6) + GRACE_US


@final
class BatchRequest:
    """One POST of one batch that was let in. ``sent`` says whether its first byte may have left.

    Nothing leaves after the deadline, which is ``timeout`` (seconds) after its tokens were asked for, on the room's
    clock: the hold of the tokens, and whoever looks at a campaign from elsewhere, go by that. ``heard`` is what its
    caller awaits, where the request has a task of its own. ``watch`` tells those who look on, if there are any.

    Mutable state: the grant (``None`` once it proved stale); whether the first byte may have left, whether the ticket
    was held back before, whether the time was over before; the error of the hook or of the store; and the task of the
    request's own, with what is called if that ends before it has told anything.
    """

    __slots__ = (
        *("_batch", "_deadline_us", "_grant", "_granted_us", "_held_back", "_in_task", "_options", "_sender"),
        *("_ticket", "_timeout", "_watch", "heard", "hook_error", "late", "sent"),
    )

    def __init__(
        self,
        sender: Sender,
        batch: Batch,
        ticket: Ticket,
        timeout: float,
        options: AttemptOptions,
        admission: Admission,
        watch: RequestWatch | None = None,
    ) -> None:
        self._sender = sender
        self._batch = batch
        self._ticket = ticket
        self._timeout = timeout
        self._options = options
        self._watch = watch
        self._grant: int | None
        self._grant, self._granted_us = admission
        self._deadline_us = self._granted_us + round(timeout * 1e6)
        self._in_task: tuple[asyncio.Task[Ruling], Callable[[asyncio.Task[Ruling]], None]] | None = None
        self._held_back = False
        self.heard: asyncio.Future[Ruling] | None = None
        if not options.in_own_task:
            self.heard = sender.room.loop.create_future()
        self.hook_error: Exception | None = None
        self.late = False
        self.sent = False

    @property
    def is_over(self) -> bool:
        """Whether what became of the request stands; else it never left, and stands in line again."""
        return self._grant is not None and not self._held_back

    async def post(self) -> Ruling:
        """Send, free the connection, settle the tokens, and say what became of the texts; never raises."""
        sender = self._sender
        result: PostResult
        watch = self._watch
        if watch is not None:
            watch.began()
        try:
            result = await sender.transport.post(
                sender.url, self._body(), self._deadline_us, sender.room.clock, self._may_leave
            )
        except asyncio.CancelledError:  # the client was closed, and that was cancelled; or the loop is being shut down
            this_task().uncancel()
            self._ticket.stop(Code.STOPPED)
            error = "the client was closed before an answer came"
            result = NoAnswer(error) if self.sent else NotSent(error, again=False)
        except GeneratorExit:  # the event loop is gone, and nobody will hear of anything
            if self.sent:
                error = "the event loop ended before an answer came"
                self._end_unheard(judge(NoAnswer(error), self._batch, time.time()))
            watch = None  # this is no task any more
            raise
        finally:
            if watch is not None:
                watch.left()  # before others are let in, in this task's context
            sender.terms.connections.release(self._ticket.priority)
        self.sent = not isinstance(result, NotSent)
        ruling = await self._judge_in_turns(result)
        if watch is not None:
            watch.ended(ruling, self._age_us / 1e6, sent=self.sent)
        await self._keep(ruling)
        if result is OVERDUE and self._age_us >= STALE_US:
            self.late = True
            self._grant = None  # given back, and asked for anew
        self._report(ruling)
        if self._in_task is not None:
            self._tell(ruling, *self._in_task)
        return ruling

    def runs_in(self, task: asyncio.Task[Ruling], ended: Callable[[asyncio.Task[Ruling]], None]) -> None:
        """Count the request in with the task of its own; ``ended`` is called if that ends before it has told ``heard``.

        It tells by itself, as a call by the event loop costs as much as all else that a task needs.
        """
        self._sender.transport.in_flight.enter(task, self._sender.owner)
        task.add_done_callback(ended)
        self._in_task = task, ended

    def _tell(self, ruling: Ruling, task: asyncio.Task[Ruling], ended: Callable[[asyncio.Task[Ruling]], None]) -> None:
        """Tell ``heard``, and count the request out: nothing is left to be done."""
        self._in_task = None  # which knows of this request
        if self.heard is not None and not self.heard.done():
            self.heard.set_result(ruling)
        self._sender.transport.in_flight.leave(task)
        task.remove_done_callback(ended)

    def fail(self, error: BaseException) -> None:
        """Have whoever awaits ``heard`` get ``error``, unless it has heard, or has left."""
        if self.heard is not None and not self.heard.done():
            self.heard.set_exception(error)

    def was_interrupted(self) -> None:
        """Log the texts as unknown if they may have left and nobody has heard: a signal's handler has raised."""
        if self.sent and (self._abandoned or not (self.heard is not None and self.heard.done())):
            tell_unawaited(interrupted(self._batch), self._sender, self._ticket.priority)

    def _body(self) -> Sealed:
        return self._sender.options.request_body(self._sender.secret, self._batch.phones, self._batch.message)

    async def _may_leave(self) -> bool:
        """Whether the request may leave, asked at the last moment: its caller may have left, its grant be stale.

        A grant is never renewed once the deadline is over, and a renewed one does not put it off.
        """
        if self._ticket.held is not None:
            self._held_back = True
            return False
        until_us = None
        try:
            if self._options.hook is not None and self._wanted:
                until_us = await self._options.hook(self._batch)
            now_us = self._sender.room.clock()
            if now_us - self._granted_us > STALE_US and now_us < self._deadline_us and self._wanted:
                await self._renew()
            if until_us is not None and self._sender.room.clock() >= until_us:
                raise TooLateError
        except Exception as error:  # noqa: BLE001 - the caller's to hear, not the HTTP library's
            self.hook_error = error
            return False
        self._held_back = self._ticket.held is not None
        self.sent = self._wanted and self._grant is not None
        return self.sent

    @property
    def _age_us(self) -> int:
        return self._sender.room.clock() - self._granted_us

    @property
    def _wanted(self) -> bool:
        return self._ticket.stopped is None and self._ticket.held is None and not self._abandoned

    @property
    def _abandoned(self) -> bool:
        """Whether the caller has left; it hears of its cancellation itself only when it runs."""
        return self.heard is not None and self.heard.cancelled()

    async def _renew(self) -> None:
        sender, stale = self._sender, self._grant
        self._grant = None
        if stale is not None:
            renewed = await sender.room.renew(stale, self._ticket, sender.terms, hold_us(self._timeout))
            self._grant = None if isinstance(renewed, Wait) else renewed

    async def _judge_in_turns(self, result: PostResult) -> Ruling:
        """Judge, with turns for everybody else in between if it takes long; who cancels it only ends the turns."""
        steps = judge_in_steps(result, self._batch, time.time(), self._sender.secret.redact)
        try:
            while True:
                next(steps)
                await asyncio.sleep(0)
        except StopIteration as ended:
            ruling: Ruling = ended.value
        except asyncio.CancelledError:  # the answer is here: it is judged, recorded and told all the same
            this_task().uncancel()
            self._ticket.stop(Code.STOPPED)
            ruling = finish(steps)
        except GeneratorExit:  # the collector may have ended the steps first: from Python 3.12 on it does
            anew = judge(result, self._batch, time.time(), self._sender.secret.redact)
            self._end_unheard(self._learned(anew))
            raise
        return self._learned(ruling)

    def _learned(self, ruling: Ruling) -> Ruling:
        """The ruling, once the account of the key knows of its answer."""
        sender = self._sender
        account, now_us = sender.account, sender.room.clock()
        account.learn(ruling.remaining_credits, self._granted_us, now_us)
        if ruling.status_code is not None:
            account.answered(ruling.status_code, now_us)
        return ruling

    def _unknown_of(self, ruling: Ruling) -> list[Outcome]:
        """The outcomes of unknown fate, which count in the key's account: to be asked for once."""
        if ruling.all_accepted:
            return []
        status = Status.UNKNOWN  # looked up once, as that takes longer than all the rest
        unknown = [o for o in ruling.outcomes if o.status is status]
        if unknown:
            self._sender.account.count_unknown(len(unknown), self._sender.room.clock())
        return unknown

    def _end_unheard(self, ruling: Ruling) -> None:
        """Count, log and tell those who look on what became of a request whose event loop is gone."""
        self._unknown_of(ruling)
        if self._watch is not None:
            self._watch.ended(ruling, self._age_us / 1e6, sent=self.sent)
        tell_unawaited(ruling.outcomes, self._sender, self._ticket.priority)

    async def _keep(self, ruling: Ruling) -> None:
        """Record what became of the attempt, and settle its tokens; over a network both at once."""
        sender, record = self._sender, self._options.record
        if record is None:
            await self._settle(ruling)
            return
        sender.transport.in_flight.is_answered(this_task())
        if sender.room.store.in_process:
            await record(ruling)
            await self._settle(ruling)
        else:
            await together(sender.room.loop, record(ruling), self._settle(ruling))

    async def _settle(self, ruling: Ruling) -> None:
        """Say in the quota store what becomes of the tokens, and whether the key pauses."""
        room, grant = self._sender.room, self._grant
        try:
            if grant is not None and ruling.tokens is TokenFate.SETTLE:
                await room.store.settle(room.key_id, grant)
            elif grant is not None and ruling.tokens is TokenFate.GIVE_BACK:
                await room.give_back(grant)
            if ruling.limited:
                paused_us = self._sender.terms.pause_us(ruling.retry_after)
                if log.shows_debug():
                    seconds = paused_us / 1e6
                    message = "the gateway asks for a pause of %.1f s"
                    self._sender.log.debug("pause", message, seconds, seconds=seconds)
                if self._sender.announcer is not None:
                    self._sender.announcer.paused(self._sender, paused_us / 1e6)
                await room.pause(paused_us)
        except asyncio.CancelledError:
            pass  # the client's closing was cancelled: the outcome is known all the same, and is told
        except Exception as error:  # noqa: BLE001 - the outcome is known, and the tokens lapse by themselves
            log_not_told(self._sender.log, error)
            if self._sender.announcer is not None:
                self._sender.announcer.store_failed(self._sender, error)
        except BaseException as error:  # noqa: BLE001 - what is to end the program does, once the outcome is told
            log.raise_soon(error)

    def _report(self, ruling: Ruling) -> None:
        """Log what nobody else may see: texts of unknown fate, and outcomes whose caller has left."""
        unknown = self._unknown_of(ruling)
        if unknown:
            log_unknown(unknown, ruling.status_code, self._sender.log, stopped=self._ticket.stopped is not None)
        if self._abandoned and self.sent:
            tell_unawaited(ruling.outcomes, self._sender, self._ticket.priority)
