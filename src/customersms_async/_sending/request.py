"""One request, from the tokens that it was granted to the record of what became of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, final

from .._core.backoff import pause_us
from .._core.buckets import GRACE_US
from .._core.happened import OVERDUE, Happened, NoAnswer, NotSent
from .._core.layers import Wait
from .._core.outcome_table import Tokens
from .._core.phone import mask
from .._core.plural import counted
from .._core.provider import encode
from .._core.rulings import Ruling, judge
from .._core.secret import Sealed
from .._http.log_filter import keep_key_out_of_logs
from .._runtime import log
from .._runtime.tasks import this_task
from ..models import Code, Status
from .unheard import log_unheard

if TYPE_CHECKING:
    from .._admission.place import Admission
    from .._admission.ticket import Ticket
    from .._core.batching import Batch
    from .sender import Sender

STALE_US = 1_000_000
"""A grant older than this when the first byte is due is asked for anew: the process may have been stopped."""

Hook = Callable[["Batch"], Awaitable[None]]
"""Awaited between the grant and the first byte of every attempt, with its batch; raising keeps it from leaving."""

Record = Callable[["Ruling"], Awaitable[None]]
"""Awaited with what became of every attempt, whether its caller is still there or not; must not raise."""


class AttemptOptions(NamedTuple):
    """How the attempts of a delivery are made.

    ``in_own_task``: by a task of the client's own, which no caller cancels.
    """

    hook: Hook | None
    record: Record | None
    in_own_task: bool


def hold_us(timeout: float) -> int:
    """How long the tokens are held without an answer: to the deadline, plus the five seconds of promise 1."""
    return round(timeout * 1e6) + GRACE_US


@final
class BatchRequest:
    """One POST of one batch that was let in. ``sent`` says whether its first byte may have left.

    Nothing leaves after the deadline, which is ``timeout`` (seconds) after its tokens were asked for, on the room's
    clock: the hold of the tokens, and whoever looks at a campaign from elsewhere, go by that. ``heard`` is what its
    caller awaits, where the request has a task of its own.

    Mutable state: the grant (``None`` once it proved stale); whether the first byte may have left, whether the ticket
    was held back before, whether the time was over before; the error of the hook or of the store.
    """

    __slots__ = (
        *("_batch", "_grant", "_granted_us", "_held_back", "_options", "_sender", "_ticket", "_timeout"),
        *("heard", "hook_error", "late", "sent"),
    )

    def __init__(
        self,
        sender: Sender,
        batch: Batch,
        ticket: Ticket,
        timeout: float,
        options: AttemptOptions,
        admission: Admission,
    ) -> None:
        self._sender = sender
        self._batch = batch
        self._ticket = ticket
        self._timeout = timeout
        self._options = options
        self._grant: int | None
        self._grant, self._granted_us = admission
        self._held_back = False
        self.heard: asyncio.Future[Ruling] | None = None
        if not options.in_own_task:
            self.heard = sender.room.loop.create_future()
        self.hook_error: Exception | None = None
        self.late = False
        self.sent = False

    @property
    def is_over(self) -> bool:
        """Whether its ruling stands; else it never left, and stands in line again."""
        return self._grant is not None and not self._held_back

    async def post(self) -> Ruling:
        """Send, free the connection, settle the tokens, and say what became of the texts; never raises."""
        sender = self._sender
        keep_key_out_of_logs(sender.secret)
        happened: Happened
        try:
            happened = await sender.transport.post(
                sender.options.url, self._sealed(), self._seconds_left, self._may_leave
            )
        except asyncio.CancelledError:  # the client was closed, and that was cancelled; or the loop is being shut down
            this_task().uncancel()
            self._ticket.stop(Code.STOPPED)
            error = "the client was closed before an answer came"
            happened = NoAnswer(error) if self.sent else NotSent(error, again=False)
        except GeneratorExit:  # the event loop is gone, and nobody will hear of anything
            if self.sent:
                log_unheard(self._judge(NoAnswer("the event loop ended before an answer came")).outcomes)
            raise
        finally:
            sender.terms.connections.release(self._ticket.priority)
        self.sent = not isinstance(happened, NotSent)
        ruling = self._judge(happened)
        if self._options.record is not None:
            await self._options.record(ruling)
        await self._settle(ruling)
        if happened is OVERDUE and self._age_us >= STALE_US:
            self.late = True
            self._grant = None  # given back, and asked for anew
        self._report(ruling)
        if self.heard is not None and not self.heard.done():
            self.heard.set_result(ruling)
        return ruling

    def fail(self, error: BaseException) -> None:
        """Have whoever awaits ``heard`` get ``error``, unless it has heard, or has left."""
        if self.heard is not None and not self.heard.done():
            self.heard.set_exception(error)

    def _sealed(self) -> Sealed:
        return Sealed(encode(self._sender.secret.reveal(), self._batch.phones, self._batch.message))

    async def _may_leave(self) -> bool:
        """The last moment to hold the request back: for a caller who left, a hook that fails, a grant gone stale.

        A grant is never renewed once the deadline is over, and a renewed one does not put it off.
        """
        if self._ticket.held is not None:
            self._held_back = True
            return False
        try:
            if self._options.hook is not None and self._wanted:
                await self._options.hook(self._batch)
            if self._wanted and self._age_us > STALE_US and self._seconds_left() > 0:
                await self._renew()
        except Exception as error:  # noqa: BLE001 - the caller's to hear, not the HTTP library's
            self.hook_error = error
            return False
        self._held_back = self._ticket.held is not None
        self.sent = self._wanted and self._grant is not None
        return self.sent

    @property
    def _age_us(self) -> int:
        return self._sender.room.clock() - self._granted_us

    def _seconds_left(self) -> float:
        return self._timeout - self._age_us / 1e6

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

    def _judge(self, happened: Happened) -> Ruling:
        sender = self._sender
        ruling = judge(happened, self._batch, time.time(), sender.secret.redact)
        sender.credits.learn(ruling.remaining_credits, self._granted_us, sender.room.clock())
        return ruling

    async def _settle(self, ruling: Ruling) -> None:
        """Say in the quota store what becomes of the tokens, and whether the key pauses."""
        room, grant = self._sender.room, self._grant
        try:
            if grant is not None and ruling.tokens is Tokens.SETTLE:
                await room.store.settle(room.key_id, grant)
            elif grant is not None and ruling.tokens is Tokens.GIVE_BACK:
                await room.give_back(grant)
            if ruling.limited:
                windows = [layer.window_us for layer in self._sender.terms.layers]
                await room.store.pause(room.key_id, pause_us(ruling.retry_after, min(windows), max(windows)))
        except asyncio.CancelledError:
            pass  # the client's closing was cancelled: the outcome is known all the same, and is told
        except Exception as error:  # noqa: BLE001 - the outcome is known, and the tokens lapse by themselves
            log.warning("the quota store could not be told of an answer: %s", error)
        except BaseException as error:  # noqa: BLE001 - what is to end the program does, once the outcome is told
            log.raise_soon(error)

    def _report(self, ruling: Ruling) -> None:
        """Log what nobody else may see: texts of unknown fate, and outcomes whose caller has left."""
        status = Status.UNKNOWN  # looked up once, as that takes longer than all the rest
        unknown = [o for o in ruling.outcomes if o.status is status]
        if unknown:
            some = ", ".join(mask(o.phone) for o in unknown[:5]) + (", …" if len(unknown) > 5 else "")
            # the gateway's own words might quote a number, or the text
            why = unknown[0].error if ruling.status_code is None else f"HTTP status {ruling.status_code}"
            # of one that was stopped, all outcomes are told or summed up together
            warn = log.warning if self._ticket.stopped is None else log.info
            warn("%s may have been sent: %s (to %s)", counted(len(unknown), "text"), why, some)
        if self._abandoned and self.sent:
            log_unheard(ruling.outcomes)
