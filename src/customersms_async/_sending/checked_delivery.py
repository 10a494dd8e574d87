"""A delivery whose texts are looked up first: send who is free, wait for whom others are sending to.

Nothing waits for others with a token, a connection or a place in a line. Where a text is turned away between the grant
and the first byte, nothing leaves, the grant is given back, and the rest stands in line again without it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from .._admission.ticket import Stopped, Ticket
from .._core.backoff import poll_seconds
from .._core.batching import Batch
from .._core.outcomes import dropped, everyone
from ..errors import IdempotencyStoreError, QuotaStoreError, SuppressionStoreError
from ..models import Code, Outcome, Status
from .cap_counting import CapCounting
from .checks import Checks
from .claims import Claims
from .delivery import Delivery, deliver
from .key_watch import KeyWatch
from .outcome_log import log_unawaited
from .turned_away import TurnedAwayError

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence

    from .._core.idempotency_hashes import HashedKey
    from ..idempotency.protocol import IdempotencyStore
    from .cap_counting import TextName
    from .request import Hook, Record
    from .sender import Sender

SHORTEST_POLL: Final = 0.02
LONGEST_POLL: Final = 1.0
"""Bounds of the seconds between two looks at what others do."""

UNTIL_CLAIMED: Final = 0.05
"""Seconds that a call has to claim its key once it has taken what it needs: some round trips to a store that writes."""

_NO_ROOM: Final = frozenset({Code.CAPPED, Code.QUOTA_EXCEEDED})

_StoreError = IdempotencyStoreError | QuotaStoreError | SuppressionStoreError
_STORE_ERRORS: Final = (IdempotencyStoreError, QuotaStoreError, SuppressionStoreError)

_NOT_AWAITED: Final = "sending was stopped while another call with its idempotency key was on its way"


def hashed_keys(store: IdempotencyStore, batch: Batch, key: str | None) -> dict[int, HashedKey]:
    """The keys of a batch's numbers by their places: each one's own, or made of ``key`` and the number."""
    own, message, hashes = batch.keys, batch.message, store.hashes
    hashed: dict[int, HashedKey] = {}
    for index, phone in zip(batch.indexes, batch.phones, strict=True):
        if index in own:
            hashed[index] = hashes.of_send(own[index], phone, message)
        elif key is not None:
            hashed[index] = hashes.of_recipient(key, phone, message)
    return hashed


def deliver_checked(
    sender: Sender,
    batch: Batch,
    ticket: Ticket,
    *,
    timeout: float,
    key: str | None = None,
    name_of: TextName | None = None,
    ignore_suppression: bool = False,
    before_first_byte: Hook | None = None,
    after_attempt: Record | None = None,
    in_own_task: bool = False,
) -> Coroutine[Any, Any, Delivery]:
    """Deliver ``batch`` as ``deliver`` does, but no text whose key was used before, whose number or cap forbids it.

    ``key`` is for the numbers that bring none of their own; a text sent before under its key has that first outcome.
    ``name_of`` names texts that may be sent again, for the caps. Each outcome is stored before it is told. The hooks
    hear of attempts that were not turned away before. Raises nothing. A cancelled call sends nothing more; a request
    that has begun to leave runs to its deadline, and what became of it is stored.
    """
    asked, log, claims, caps = sender.checking, sender.log, None, None
    if key is not None or batch.keys:
        assert asked.idempotency is not None  # noqa: S101 - nobody has a key without a store
        keys = hashed_keys(asked.idempotency, batch, key)
        claims = Claims(asked.idempotency, keys, sender.room.loop, log, ticket)
    if asked.caps is not None:
        store: Any = sender.room.store  # a CapStore: check_parts has seen to it
        caps = CapCounting(store, asked.caps, log, name_of)
    loop = sender.room.loop if sender.asks_at_once else None
    suppression = None if ignore_suppression else asked.suppression
    checks = Checks(timeout, loop, claims, caps, suppression, before_first_byte, after_attempt)
    left = dict(zip(batch.indexes, batch.phones, strict=True))
    done = Delivery([], key_name=log.name)
    return _CheckedDelivery(sender, batch, ticket, checks, in_own_task, left, done).run()


@final
class _CheckedDelivery(msgspec.Struct, eq=False):
    """One batch whose texts are checked.

    Mutable state: the numbers without an outcome, by their places; what is known so far; which numbers others are
    sending to; how long was waited for these, or for a store; and who watches the keys while texts stand in a line.
    """

    sender: Sender
    batch: Batch
    ticket: Ticket
    checks: Checks
    in_own_task: bool
    left: dict[int, str]
    done: Delivery
    _awaited: set[int] = msgspec.field(default_factory=set)
    _waited: float = 0.0
    _watch: KeyWatch | None = None

    async def run(self) -> Delivery:
        """Deliver, and say what became of everyone."""
        try:
            while self.left and not self._is_over:
                await self._step()
        except Stopped:
            pass
        except (asyncio.CancelledError, GeneratorExit):
            log_unawaited((o for o in self.done.outcomes if not o.replayed), self.sender.log)
            raise
        except Exception as error:  # noqa: BLE001 - of a store; the outcomes so far must not be lost
            self.done.error = error
        if self.left:
            self._give_up()
        done = self.done
        caps = self.checks.caps
        if caps is not None and caps.reached and any(o.code == Code.CAPPED for o in done.outcomes):
            done.cap, done.retry_after = caps.reached, caps.retry_after
        if len(done.outcomes) > 1:
            done.outcomes.sort(key=attrgetter("index"))  # whoever reports one delivery alone does not
        if self.sender.announcer is not None and not self.in_own_task:  # else the queue of a bulk send tells
            self.sender.announcer.outcomes(self.sender, self.ticket.priority, done.outcomes)
        return done

    @property
    def _is_over(self) -> bool:
        return self.done.fatal is not None or self.done.error is not None or self.ticket.stopped is not None

    async def _step(self) -> None:
        """Look at the texts, and send to who is free; or wait a little, if nobody is."""
        free: Mapping[int, str] = self.left
        try:
            looked = await self.checks.look(free)
        except _STORE_ERRORS as error:
            await self._await_store(error)
            return
        if looked is None:
            self._awaited = set()
        else:
            free, self._awaited = looked.free, looked.awaited
            self.done.status_code = looked.status_code or self.done.status_code
            await self._give_what_stands(looked.outcomes)
        if free:
            await self._send(free)
        elif self._awaited:
            await self._await_others()

    async def _send(self, free: Mapping[int, str]) -> None:
        """Send to who is free, unless another call has one of their keys while they wait."""
        part, checks = self._part(free), self.checks
        if checks.claims is not None:
            self.ticket.on_standing = partial(self._watch_keys, free)
        try:
            delivery = await deliver(
                self.sender,
                part,
                self.ticket,
                timeout=checks.timeout,
                before_first_byte=checks.before_first_byte,
                after_attempt=checks.after_attempt,
                in_own_task=self.in_own_task,
                is_part=True,
            )
        finally:
            self.ticket.on_standing = None
            if self._watch is not None:
                self._watch.end()
                self._watch = None
        kept_back = delivery.error
        if kept_back is None:
            await self._learn(delivery, for_now=False)
        elif isinstance(kept_back, TurnedAwayError):
            await self._learn(delivery, for_now=True)
            await self._give_what_stands(kept_back.outcomes)
        elif isinstance(kept_back, _STORE_ERRORS) and kept_back.temporary:
            await self._learn(delivery, for_now=True)
            await self._await_store(kept_back)
        else:
            await self._learn(delivery, for_now=False)

    def _watch_keys(self, free: Mapping[int, str]) -> None:
        """Look at the keys of these texts as long as they stand in a line."""
        claims = self.checks.claims
        assert claims is not None  # noqa: S101 - that is why it is called
        if self._watch is None:
            self._watch = KeyWatch(self.sender.room.loop, claims, self.ticket, free)
        self._watch.begin()

    async def _give_what_stands(self, outcomes: Sequence[Outcome]) -> None:
        """Give these outcomes.

        Where there was no room for a text, another call with its key may have taken the last: it claims the key next,
        and what becomes of its text becomes of this one, which is left until then.
        """
        claims = self.checks.claims
        refused = [o for o in outcomes if o.code in _NO_ROOM and claims is not None and o.index in claims.keys]
        if claims is None or not refused:
            self._give(outcomes)
            return
        indexes, taken = {o.index for o in refused}, set[int]()
        self._give(o for o in outcomes if o.index not in indexes)
        with suppress(Exception):  # of the store, or as all is stopped: then it stands that there was no room
            taken = await claims.taken(indexes)
            if len(taken) < len(indexes):
                await self.ticket.sleep(UNTIL_CLAIMED)
                taken = await claims.taken(indexes)
        self._give(o for o in refused if o.index not in taken)

    async def _learn(self, delivery: Delivery, *, for_now: bool) -> None:
        """Take over what became of a part; who was turned away ``for_now`` is still left."""
        done, claims, outcomes = self.done, self.checks.claims, delivery.outcomes
        delivery.requests += done.requests
        delivery.outcomes = done.outcomes
        self.done = delivery
        if for_now:
            delivery.error = None
            outcomes = [o for o in outcomes if not (o.status is Status.UNSENT and o.code == Code.STOPPED)]
        not_stored = {} if claims is None else claims.not_stored
        if not_stored:
            lost = sum(o.index in not_stored and o.status is not Status.UNKNOWN for o in outcomes)
            self.sender.account.count_unknown(lost, self.sender.room.clock())
        await self._give_what_stands([not_stored.get(o.index, o) for o in outcomes] if not_stored else outcomes)

    async def _await_others(self) -> None:
        """Let some time pass, whatever ``max_wait`` is: that is for quota, pace and connections."""
        await self._sleep(self._poll())

    async def _await_store(self, error: _StoreError) -> None:
        """Let some time pass for a store that may be back. Raises ``error`` where it is no use."""
        if self.sender.announcer is not None:
            self.sender.announcer.store_failed(self.sender, error)
        expires, now = self.ticket.expires, self.sender.room.loop.time()
        if not error.temporary or (expires is not None and now >= expires):
            raise error
        poll = self._poll()
        await self._sleep(poll if expires is None else min(poll, expires - now), counts=True)

    def _poll(self) -> float:
        return poll_seconds(self._waited, SHORTEST_POLL, LONGEST_POLL)

    async def _sleep(self, seconds: float, *, counts: bool = False) -> None:
        await self.ticket.sleep(seconds)
        self._waited += seconds
        if self.ticket.expires is not None and not counts:
            self.ticket.expires += seconds

    def _give_up(self) -> None:
        """Give an outcome to everyone who is left; who is being sent to by another call may get a text."""
        self._give(self._everyone(self._awaited & self.left.keys(), Status.UNKNOWN, Code.INTERRUPTED, _NOT_AWAITED))
        code = self.done.fatal or self.ticket.stopped or Code.STOPPED
        self._give(dropped(self._part(self.left), code))

    def _give(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            del self.left[outcome.index]
            self.done.outcomes.append(outcome)

    def _everyone(self, indexes: Collection[int], status: Status, code: Code, error: str) -> list[Outcome]:
        return everyone(self._part(indexes), status, code, error)

    def _part(self, indexes: Collection[int]) -> Batch:
        """The numbers that are left at these places, as a batch."""
        if len(indexes) == len(self.batch.phones):
            return self.batch
        places = sorted(indexes)
        return Batch(self.batch.message, [self.left[index] for index in places], places)
