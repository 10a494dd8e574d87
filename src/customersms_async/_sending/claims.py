"""The claims of one delivery: made durable before the first byte of each attempt, ended with what became of it.

A claim that could not be made keeps everything from leaving. One of which nobody knows whether the store has it is
given back before anything else is asked. An outcome is stored before it is told; what the store does not take until
the claim lapses is told as unknown, as all other calls with the key will find it.
"""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING, Final, final

import msgspec

from .._admission.ticket import Stopped
from .._core.buckets import GRACE_US
from .._core.idempotency_hashes import CLAIM_BYTES, HashedKey, sealed
from .._core.idempotency_record import LONGEST_LABEL, Claim
from .._core.idempotency_states import ANSWERS, KeyEvent
from .._core.phone import mask
from .._core.plural import counted
from ..errors import IdempotencyStoreError
from ..idempotency.protocol import ClaimEnd
from ..models import Code, Outcome, Status
from .turned_away import TurnedAwayError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping

    from .._admission.ticket import Ticket
    from .._core.batching import Batch
    from .._core.idempotency_record import KeySeen
    from .._core.rulings import Ruling
    from .._runtime.log import KeyLog
    from ..idempotency.protocol import IdempotencyStore

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_GRACE: Final = GRACE_US / 1e6

_NOT_STORED = "what became of it could not be stored under its idempotency key; the log says what that was"


@final
class Claims(msgspec.Struct, eq=False):
    """Claims the keys of one delivery, one attempt after the other.

    ``keys`` are those of its numbers that have one, by their places.

    Mutable state: the claim of the attempt on its way, when it lapses in the event loop's time, and whether it is
    there; claims that the store may have and nobody needs, with their keys; ``not_stored``, the outcomes that the store
    did not take.
    """

    store: IdempotencyStore
    keys: dict[int, HashedKey]
    loop: asyncio.AbstractEventLoop
    log: KeyLog
    ticket: Ticket
    not_stored: dict[int, Outcome] = msgspec.field(default_factory=dict)
    _claim: bytes | None = None
    _until: float = 0.0
    _refused: bool = False
    _unneeded: list[tuple[bytes, list[ClaimEnd]]] = msgspec.field(default_factory=list)

    async def look(self, left: Mapping[int, str]) -> dict[int, KeySeen]:
        """How the keys of these numbers stand, by their places: of those that are not free."""
        while self._unneeded:
            await self.store.end(*self._unneeded[0])
            del self._unneeded[0]
        keys = self.keys
        if keys.keys() != left.keys():
            keys = {index: key for index, key in keys.items() if index in left}
        found = await self.store.look([key.key for key in keys.values()]) if keys else ()
        if not any(found):
            return {}
        return {index: seen for index, seen in zip(keys, found, strict=True) if seen is not None}

    async def taken(self, indexes: Iterable[int]) -> set[int]:
        """The places, of these, of numbers whose keys another call has, or has used."""
        keyed = [index for index in indexes if index in self.keys]
        found = await self.store.look([self.keys[index].key for index in keyed]) if keyed else ()
        return {index for index, seen in zip(keyed, found, strict=True) if seen is not None}

    async def claim(self, batch: Batch, timeout: float) -> None:
        """Between the grant and the first byte: make durable that ``batch`` is being sent to.

        The attempt ends within ``timeout`` seconds. Raises ``TurnedAwayError`` if some are taken by now, and what the
        store raises.
        """
        keys = self.keys
        asked = [(key.key, key.content) for index in batch.indexes if (key := keys.get(index)) is not None]
        if not asked:
            return
        claim = Claim(os.urandom(CLAIM_BYTES), round(timeout * 1e6), self.log.name[:LONGEST_LABEL])
        self._claim, self._until = claim.claim, self.loop.time() + timeout + _GRACE
        self._refused = True
        if any(await self.store.claim(claim, asked)):
            self._claim = None
            raise TurnedAwayError
        self._refused = False

    async def record(self, ruling: Ruling) -> None:
        """After an attempt: make durable what became of it. Never raises."""
        claim, refused = self._claim, self._refused
        if claim is None:
            return
        self._claim, self._refused = None, False
        ends = []
        for outcome in ruling.outcomes:
            if (key := self.keys.get(outcome.index)) is not None:
                event = ANSWERS[outcome.status]
                words = b"" if event is KeyEvent.UNSENT else sealed(outcome, ruling.status_code, key, claim)
                ends.append(ClaimEnd(key.key, event, words))
        try:
            await self.store.end(claim, ends)
        except Exception as error:  # noqa: BLE001 - the outcome is known, and is told in any case
            if refused:  # what it raises for good, ``look`` or the next claim raises too
                self._unneeded.append((claim, ends))
            elif (for_good := await self._end(claim, ends, error)) is not None:
                self._lose(ruling, for_good)

    async def _end(self, claim: bytes, ends: list[ClaimEnd], error: Exception) -> Exception | None:
        """Store what could not be stored because of ``error``; ``None`` if the store has it.

        One that may be back is asked again until the claim has lapsed, and once more when the client is being closed.
        """
        pause = _SHORTEST_PAUSE
        while isinstance(error, IdempotencyStoreError) and error.temporary and self.loop.time() + pause <= self._until:
            try:
                await self.ticket.sleep(pause)
                pause = min(_LONGEST_PAUSE, 2 * pause)
            except Stopped:  # the client is being closed, which no store holds up
                pause = inf
            try:
                await self.store.end(claim, ends)
            except Exception as again:  # noqa: BLE001 - as above
                error = again
            else:
                return None
        return error

    def _lose(self, ruling: Ruling, error: Exception) -> None:
        """Have those be told as unknown who were not proven unsent, as all other calls with their keys will end."""
        lost = [o for o in ruling.outcomes if o.index in self.keys and o.status is not Status.UNSENT]
        texts = len(lost)
        message = "what became of %s could not be stored: %s"
        self.log.warning("not_stored_in_all", message, counted(texts, "text"), error, texts=texts)
        for o in lost:
            message, phone, status = "the text to %s is %s, which could not be stored", mask(o.phone), o.status.value
            self.log.info("not_stored", message, phone, status, phone=phone, status=status)
            self.not_stored[o.index] = Outcome(o.index, o.phone, Status.UNKNOWN, None, _NOT_STORED, Code.INTERRUPTED)
