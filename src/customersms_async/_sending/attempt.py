"""One request, from its grant to the record of its outcome.

It runs in a task of the client's own: that of a bulk send, or one that is made for it. A caller of the latter that is
cancelled leaves, and the request either never starts (its first byte was not due yet) or runs to its deadline and is
recorded and logged. Cancelling the POST itself would lose the answer and, in httpcore 1.0.9, a place in the connection
pool; only a closing that is cancelled does it.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, final

import msgspec

from .._admission.ticket import Held, Stopped
from .._core.backoff import pause_us
from .._core.buckets import GRACE_US
from .._core.layers import Wait
from .._core.phone import mask
from .._core.plural import counted
from .._core.rulings import Happened, NoAnswer, NotSent, Ruling, Tokens, encode, judge
from .._core.secret import Sealed
from .._http.log_filter import hush
from .._http.transport import OVERDUE
from .._runtime import log
from .._runtime.tasks import start
from ..models import Code, Status
from .unheard import log_unheard

if TYPE_CHECKING:
    from .._admission.place import Place
    from .._admission.room import Room
    from .._admission.ticket import Terms, Ticket
    from .._core.batching import Batch, Sizes
    from .._core.credits import Credits
    from .._core.secret import Secret
    from .._http.in_flight import InFlight
    from .._http.transport import Transport

STALE_US = 1_000_000
"""A grant older than this when the first byte is due is asked for anew: the process may have been stopped."""

MOST_LATE = 3
"""How often a request stands in line again because its time was over before its first byte; then that is a failure.

A process that was stopped needs one; more come from a hook that always takes longer than the whole attempt may.
"""

Hook = Callable[["Batch"], Awaitable[None]]
"""Awaited between the grant and the first byte of every attempt, with its batch; raising keeps it from leaving."""

Record = Callable[["Ruling"], Awaitable[None]]
"""Awaited with what became of every attempt, whether its caller is still there or not; must not raise."""


class Sender(msgspec.Struct, frozen=True, eq=False):
    """All that a client's requests need to know, put together once."""

    url: str
    secret: Secret
    transport: Transport
    room: Room
    terms: Terms
    credits: Credits
    sizes: Sizes
    max_retries: int
    in_flight: InFlight


class Manner(NamedTuple):
    """How a delivery's attempts are made. ``in_own_task``: by a task of the client's own, which no caller cancels."""

    hook: Hook | None
    record: Record | None
    in_own_task: bool


@final
class Attempt:
    """One POST of one batch. ``sent`` says whether its first byte may have left.

    Nothing leaves after the deadline, which is ``timeout`` (seconds) after its tokens were asked for, on the room's
    clock: the hold of the tokens, and whoever looks at a campaign from elsewhere, go by that.

    Mutable state: the place at which it was let in, and the grant (``None`` once it proved stale); how often its time
    was over too early; the future that a caller waits on; the error of the hook or of the store.
    """

    __slots__ = (
        *("_batch", "_grant", "_granted_us", "_heard", "_held_back", "_hook_error", "_late", "_manner"),
        *("_place", "_sender", "_ticket", "_timeout", "sent"),
    )

    def __init__(self, sender: Sender, batch: Batch, ticket: Ticket, timeout: float, manner: Manner) -> None:
        self._sender = sender
        self._batch = batch
        self._ticket = ticket
        self._timeout = timeout
        self._manner = manner
        self._place: Place | None = None
        self._grant: int | None = None
        self._granted_us = 0
        self._late = 0
        self._heard: asyncio.Future[Ruling] | None = None
        self.sent = False
        self._held_back = False
        self._hook_error: Exception | None = None

    @property
    def hold_us(self) -> int:
        """How long the tokens are held without an answer: to the deadline, plus promise 1's five seconds."""
        return round(self._timeout * 1e6) + GRACE_US

    async def run(self) -> Ruling:
        """Wait to be let in, send, and say what became of the texts.

        Raises ``Expired`` and ``Stopped`` as ``Room.admit`` does, and what the hook raises; nothing is sent then.
        A cancelled call leaves the request to itself, as described above.
        """
        sender = self._sender
        while True:
            if self._ticket.held is not None:
                await self._ticket.until_released()
            self._place = sender.room.admit(self._ticket, sender.terms, self.hold_us)
            try:
                self._grant, self._granted_us = await self._place
            except Held:
                continue
            ruling = await (self._send() if self._manner.in_own_task else self._send_apart())
            if self._hook_error is not None:
                raise self._hook_error
            if not self.sent and self._ticket.stopped is not None:
                raise Stopped
            if self._late > MOST_LATE or (self._grant is not None and not self._held_back):
                return ruling
            self._held_back = False

    async def _send(self) -> Ruling:
        task = _this_task()
        self._enter(task)
        try:
            return await self._post()
        finally:
            self._leave(task)

    async def _send_apart(self) -> Ruling:
        """Send in a task of its own, so that the caller may leave."""
        loop = self._sender.room.loop
        heard: asyncio.Future[Ruling] = loop.create_future()
        self._heard = heard
        task = start(loop, self._post())
        self._enter(task)
        task.add_done_callback(functools.partial(self._ended, heard))
        try:
            return await heard
        except asyncio.CancelledError:
            if self.sent and not heard.cancelled():  # the answer came at this very moment
                log_unheard(heard.result().outcomes)
            raise

    def _enter(self, task: asyncio.Task[Any]) -> None:
        self._sender.in_flight.enter(task)
        self._sender.transport.in_flight.enter(task)

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._sender.in_flight.leave(task)
        self._sender.transport.in_flight.leave(task)

    def _ended(self, heard: asyncio.Future[Ruling], task: asyncio.Task[Ruling]) -> None:
        """Hear that the request's own task has ended; one that was aborted before its first step never began."""
        self._leave(task)
        if task.cancelled() and self._place is not None:
            self._ticket.stop(Code.STOPPED)
            self._sender.room.forgo(self._place)
        if not heard.done():
            heard.set_exception((None if task.cancelled() else task.exception()) or Stopped())

    async def _post(self) -> Ruling:
        """Send, free the connection, settle the tokens, tell; never raises."""
        sender = self._sender
        hush(sender.secret)
        happened: Happened
        try:
            happened = await sender.transport.post(sender.url, self._sealed(), self._seconds_left, self._may_leave)
        except asyncio.CancelledError:  # the client was closed, and that was cancelled; or the loop is being shut down
            _this_task().uncancel()
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
        if self._manner.record is not None:
            await self._manner.record(ruling)
        await self._settle(ruling)
        if happened is OVERDUE and self._age_us >= STALE_US:
            self._late += 1
            self._grant = None  # given back, and asked for anew
        self._report(ruling)
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(ruling)
        return ruling

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
            if self._manner.hook is not None and self._wanted:
                await self._manner.hook(self._batch)
            if self._wanted and self._age_us > STALE_US and self._seconds_left() > 0:
                await self._renew()
        except Exception as error:  # noqa: BLE001 - the caller's to hear, not the HTTP library's
            self._hook_error = error
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
        return self._heard is not None and self._heard.cancelled()

    async def _renew(self) -> None:
        sender, stale = self._sender, self._grant
        self._grant = None
        if stale is not None:
            renewed = await sender.room.renew(stale, self._ticket, sender.terms, self.hold_us)
            self._grant = None if isinstance(renewed, Wait) else renewed

    def _judge(self, happened: Happened) -> Ruling:
        sender = self._sender
        ruling = judge(happened, self._batch, time.time(), sender.secret.redact)
        sender.credits.learn(ruling.remaining_credits, self._granted_us, sender.room.clock())
        return ruling

    async def _settle(self, ruling: Ruling) -> None:
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


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - no coroutine of ours runs outside one
    return task
