"""The deliveries of one bulk send or campaign: started, held back, stopped and waited for together."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Protocol, final

from .._runtime.tasks import start, this_task
from .delivery import Delivery, deliver

if TYPE_CHECKING:
    from .._admission.ticket import Ticket
    from .._core.account import Account
    from .._core.batching import Batch
    from .._core.failure_guards import GuardStop
    from .._runtime.log import KeyLog
    from .cap_counting import TextName
    from .request import Hook, Record
    from .sender import Sender


class DeliveryOwner(Protocol):
    """A bulk send or a campaign's run, as its deliveries see it: who knows what to send next."""

    def delivered(self, batch: Batch, delivery: Delivery) -> None:
        """Take what became of a batch; ``go_on`` is called next, when it does not count as on its way any more."""

    def interrupted(self, batch: Batch, delivery: Delivery | None) -> None:
        """Keep what became of a batch from being lost; ``None`` if it is not known, and some of it may have left.

        A signal's handler has raised, in whatever line, what ends the program: it may have been taken already.
        """

    def go_on(self) -> None:
        """Start what there is room for, now that one delivery fewer is on its way."""

    def stop(self) -> None:
        """Send nothing new: a delivery was cancelled, as all are when the event loop is shut down."""


@final
class Deliveries:
    """The batches of one bulk send or campaign that are on their way, each in a task of its own.

    ``requests`` is how many requests may have reached the gateway so far, those on their way not counted. ``fatal`` is
    the first delivery after which nothing more can go out. ``stop_code`` is the code that texts get which are not sent
    any more, or ``None``; ``guard_stop`` is the guard for which they are not, if it was one. ``idempotency_key`` is
    that of all texts together, if there is one; ``name_of`` names texts that may be sent again. All run with the
    context variables of where this was made, whoever has them started.
    Mutable state: these, and the tasks with their tickets.
    """

    __slots__ = (
        *("_context", "_idempotency_key", "_name_of", "_sender", "_tickets", "_timeout"),
        *("fatal", "guard_stop", "requests", "stop_code"),
    )

    def __init__(
        self, sender: Sender, timeout: float, idempotency_key: str | None = None, name_of: TextName | None = None
    ) -> None:
        self.requests: int = 0
        self.fatal: Delivery | None = None
        self.stop_code: str | None = None
        self.guard_stop: GuardStop | None = None
        self._sender = sender
        self._timeout = timeout
        self._idempotency_key = idempotency_key
        self._name_of = name_of
        self._tickets: dict[asyncio.Task[None], Ticket] = {}
        self._context = copy_context()

    def __len__(self) -> int:
        return len(self._tickets)

    def start(
        self,
        batch: Batch,
        ticket: Ticket,
        owner: DeliveryOwner,
        *,
        before_first_byte: Hook | None = None,
        after_attempt: Record | None = None,
    ) -> None:
        """Have ``batch`` delivered; ``owner`` hears of its end. The hooks are those of ``deliver``."""
        delivering = self._deliver(batch, ticket, owner, before_first_byte, after_attempt)
        task = self._context.run(start, self._sender.room.loop, delivering)
        self._tickets[task] = ticket
        task.add_done_callback(partial(self._ended, owner))  # for one that never began

    def hold_back(self) -> None:
        """Let nothing leave until ``resume``."""
        for ticket in self._tickets.values():
            ticket.hold(self._sender.room.loop)

    @property
    def log(self) -> KeyLog:
        """The lines about the key that they are sent with."""
        return self._sender.log

    @property
    def account(self) -> Account:
        """The account of the key that they are sent with."""
        return self._sender.account

    def resume(self) -> None:
        """Let leave again what was held back."""
        for ticket in self._tickets.values():
            ticket.release()

    def stop(self, code: str, guard_stop: GuardStop | None = None) -> bool:
        """Send nothing more; every number not sent to yet is UNSENT with ``code``. False if it was called before."""
        if self.stop_code is not None:
            return False
        self.stop_code = code
        self.guard_stop = guard_stop
        for ticket in self._tickets.values():
            ticket.stop(code)
        return True

    async def land(self) -> None:
        """Wait until none is on its way; after ``stop``, no longer than the requests in flight last."""
        while self._tickets:
            await asyncio.wait(tuple(self._tickets))

    async def _deliver(
        self, batch: Batch, ticket: Ticket, owner: DeliveryOwner, hook: Hook | None, record: Record | None
    ) -> None:
        delivery: Delivery | None = None
        try:
            delivery = await self._send(batch, ticket, hook, record)
            if ticket.stopped is not None:  # perhaps by the end of the event loop, while the request was on its way
                owner.stop()
            self.requests += delivery.requests
            if delivery.fatal is not None:
                self.fatal = self.fatal or delivery
            owner.delivered(batch, delivery)
        except asyncio.CancelledError:  # the event loop is being shut down
            owner.stop()
            raise
        except (KeyboardInterrupt, SystemExit):
            owner.interrupted(batch, delivery)
            raise
        self._ended(owner, this_task())  # a turn of the loop sooner than its callback would

    async def _send(self, batch: Batch, ticket: Ticket, hook: Hook | None, record: Record | None) -> Delivery:
        """Deliver a batch, and check what is to be checked before; a campaign's batches have no idempotency keys."""
        sender, timeout, key = self._sender, self._timeout, self._idempotency_key
        if not sender.checking.concerns(has_keys=key is not None or bool(batch.keys)):
            return await deliver(
                sender,
                batch,
                ticket,
                timeout=timeout,
                before_first_byte=hook,
                after_attempt=record,
                in_own_task=True,
            )
        from .checked_delivery import deliver_checked

        return await deliver_checked(
            sender,
            batch,
            ticket,
            timeout=timeout,
            key=key,
            name_of=self._name_of,
            before_first_byte=hook,
            after_attempt=record,
            in_own_task=True,
        )

    def _ended(self, owner: DeliveryOwner, task: asyncio.Task[None]) -> None:
        if self._tickets.pop(task, None) is None:
            return
        if task.done():  # it was cancelled, perhaps before it began, or has failed
            owner.stop()
        else:
            owner.go_on()
