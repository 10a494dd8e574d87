"""One attempt at a batch: its wait in line, and its request.

The request runs in a task of the client's own: that of a bulk send, or one that is made for it. A caller of the latter
who is cancelled leaves, and the request either never starts (its first byte was not due yet) or runs to its deadline
and is recorded and logged. Cancelling the POST itself would lose the answer and, in httpcore 1.0.9, a place in the
connection pool; only a closing that is cancelled does it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from .._admission.ticket import Held, Stopped
from .._runtime import log
from .._runtime.tasks import start, this_task
from ..models import Code
from .outcome_log import tell_unawaited
from .request import BatchRequest, hold_us

if TYPE_CHECKING:
    from .._admission.place import Admission, Place
    from .._admission.ticket import Ticket
    from .._core.batching import Batch
    from .._core.rulings import Ruling
    from ..events import WaitReason
    from ..models import Priority
    from .announcer import RequestWatch
    from .request import AttemptOptions
    from .sender import Sender

MOST_LATE = 3
"""How often a request stands in line again because its time was over before its first byte; then that is a failure.

A process that was stopped needs one; more come from a hook that always takes longer than the whole attempt may.
"""


async def attempt(
    sender: Sender, batch: Batch, ticket: Ticket, timeout: float, options: AttemptOptions, number: int = 1
) -> tuple[Ruling, bool]:
    """Wait to be let in, send ``batch``, and give what became of it, and whether its first byte may have left.

    ``timeout`` is in seconds, from the grant of the tokens to the last byte of the answer; ``number`` counts the
    attempts at these texts from 1. Raises ``Expired`` and ``Stopped`` as ``Room.admit`` does, and what the hook or the
    quota store raises; nothing is sent then. A cancelled call leaves a request that has begun to itself: it runs to its
    deadline, and its outcomes are logged.
    """
    late = 0
    while True:
        if ticket.held is not None:
            await ticket.until_released()
        place = sender.room.admit(ticket, sender.terms, hold_us(timeout))
        watch = None if sender.announcer is None else sender.announcer.request(sender, ticket, batch, number)
        try:
            is_told = not place.done() and (watch is not None or log.shows_debug())
            admission = await (_waited(place, sender, watch) if is_told else place)
        except Held:
            continue
        request = BatchRequest(sender, batch, ticket, timeout, options, admission, watch)
        ruling = await (_in_this_task(request, sender) if request.heard is None else _apart(request, sender, place))
        if request.hook_error is not None:
            raise request.hook_error
        if not request.sent and ticket.stopped is not None:
            raise Stopped
        late += request.late
        if late > MOST_LATE or request.is_over:
            return ruling, request.sent


async def _waited(place: Place, sender: Sender, watch: RequestWatch | None) -> Admission:
    """Await a place in line, and tell those who look on, and the log, how long that took."""
    room, priority, began_us = place.room, place.ticket.priority, place.room.clock()
    reason = room.reason(place)
    if watch is not None:
        watch.wait_began(reason)
    admitted = False
    try:
        admission = await place
        admitted = True
    finally:
        seconds, reason = (room.clock() - began_us) / 1e6, place.waited_for(reason)
        if watch is not None:
            watch.wait_ended(reason, seconds, admitted=admitted)
        if log.shows_debug():
            _log_wait(sender, priority, reason, seconds, admitted=admitted)
    return admission


def _log_wait(sender: Sender, priority: Priority, reason: WaitReason, seconds: float, *, admitted: bool) -> None:
    message = "a request (%s) waited %.3f s, at first for %s%s"
    left, name = "" if admitted else ", and left its line", priority.name
    fields = {"priority": name, "reason": reason, "seconds": seconds, "admitted": admitted}
    sender.log.debug("wait", message, name, seconds, _FOR[reason], left, **fields)


_FOR: Final[dict[WaitReason, str]] = {
    "connection": "a connection",
    "store": "the quota store",
    "pause": "the gateway's pause",
    "pace": "the pace",
    "quota": "the quota",
}


async def _in_this_task(request: BatchRequest, sender: Sender) -> Ruling:
    task, in_flight = this_task(), sender.transport.in_flight
    in_flight.enter(task, sender.owner)
    try:
        return await request.post()
    finally:
        in_flight.leave(task)


async def _apart(request: BatchRequest, sender: Sender, place: Place) -> Ruling:
    """Send in a task of its own, so that the caller may leave."""
    heard = request.heard
    assert heard is not None  # noqa: S101 - that is what sends it here
    request.runs_in(start(sender.room.loop, request.post()), partial(_ended, request, sender, place))
    try:
        return await heard
    except asyncio.CancelledError:
        if request.sent and not heard.cancelled():  # the answer came at this very moment
            tell_unawaited(heard.result().outcomes, sender, place.ticket.priority)
        raise


def _ended(request: BatchRequest, sender: Sender, place: Place, task: asyncio.Task[Ruling]) -> None:
    """Count out a request whose own task was ended; one that was aborted before its first step never began."""
    sender.transport.in_flight.leave(task)
    if task.cancelled():
        place.ticket.stop(Code.STOPPED)
        sender.room.forgo(place)
    error = None if task.cancelled() else task.exception()
    if error is not None:
        request.was_interrupted()
    request.fail(error or Stopped())
