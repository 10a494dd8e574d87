"""What is asked about the texts of one delivery before they may leave: idempotency keys, suppressed numbers, caps.

A key comes first: what was sent under it before has that outcome, whatever else holds. Between the grant and the first
byte a batch takes its caps, claims its keys, all or none, and asks once more for suppressed numbers; what fails gives
back what came before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, final

import msgspec

from .._core.idempotency_hashes import HashedKey, opened, shown_claim
from .._core.idempotency_states import STATUSES, KeyState
from .._core.outcomes import ON_THE_LIST
from .._runtime.tasks import together
from ..models import Code, Outcome, Status
from ..suppression.asking import suppressed_among
from .delivery import seconds_for
from .turned_away import TurnedAwayError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from .._core.batching import Batch
    from .._core.idempotency_record import KeySeen
    from .._core.rulings import Ruling
    from ..suppression.protocol import SuppressionStore
    from .cap_counting import CapCounting
    from .claims import Claims
    from .request import Hook, Record

T = TypeVar("T")

_MISMATCH: Final = "its idempotency key was used before, for another number or another text"
_INTERRUPTED: Final = (
    "whoever sent it under its idempotency key ended, or lost the store, before it could say what came"
)


class Looked(msgspec.Struct):
    """How texts stand, by their places: the outcomes that are known, who may be sent to, and whom others send to.

    ``free`` has their numbers by their places, and is for reading. ``status_code`` is that of the last answer among the
    outcomes of earlier calls.
    """

    outcomes: list[Outcome]
    free: Mapping[int, str]
    awaited: set[int]
    status_code: int | None = None

    def leave_out(self, refused: Mapping[int, Outcome]) -> None:
        """Give these of the free their outcomes."""
        if refused:
            self.outcomes.extend(refused.values())
            self.free = {index: phone for index, phone in self.free.items() if index not in refused}


@final
class Checks(msgspec.Struct, eq=False):
    """The checks of one delivery; each of the three may be missing. ``hook`` and ``record`` are its caller's own.

    ``timeout`` (seconds) is an attempt's with one number. ``loop`` is given where several of the stores may suspend:
    these are asked at once.

    Mutable state: whether the attempt on its way was turned away by one of them.
    """

    timeout: float
    loop: asyncio.AbstractEventLoop | None
    claims: Claims | None
    caps: CapCounting | None
    suppression: SuppressionStore | None
    hook: Hook | None
    record: Record | None
    _turned_away: bool = False

    async def look(self, left: Mapping[int, str]) -> Looked | None:
        """How these texts stand now; ``None``: all of them may be sent. Raises what the stores raise."""
        if self.loop is not None:
            return await self._look_at_once(self.loop, left)
        looked, free, claims = None, left, self.claims
        if claims is not None and ((found := await claims.look(left)) or len(left) > 1):
            looked = self._by_keys(left, found)
            free = looked.free
        if self.suppression is not None and free:
            suppressed = await suppressed_among(self.suppression, [*free.values()])
            if suppressed:
                looked = looked or Looked([], free, set())
                looked.leave_out(_suppressed_among(free, suppressed))
                free = looked.free
        if self.caps is not None and free and (capped := await self.caps.look(free)):
            looked = looked or Looked([], free, set())
            looked.leave_out(capped)
        return looked

    async def _look_at_once(self, loop: asyncio.AbstractEventLoop, left: Mapping[int, str]) -> Looked:
        """Ask all stores at once, and that of the caps again where others than it thought go out."""
        phones = list(left.values())
        found, suppressed, capped = await together(
            loop,
            _nothing({}) if self.claims is None else self.claims.look(left),
            _nothing(frozenset()) if self.suppression is None else suppressed_among(self.suppression, phones),
            _nothing({}) if self.caps is None else self.caps.look(left),
        )
        looked = self._by_keys(left, found)
        looked.leave_out(_suppressed_among(looked.free, suppressed))
        if capped and self.caps is not None and 0 < len(looked.free) < len(left):
            capped = await self.caps.look(looked.free)
        looked.leave_out({index: capped[index] for index in looked.free if index in capped})
        return looked

    async def before_first_byte(self, batch: Batch) -> int | None:
        """Between the grant and the first byte: take and claim, and raise ``TurnedAwayError`` where that can't be.

        And what the stores and the caller's hook raise; nothing leaves then. Gives what that hook gives.
        """
        self._turned_away, until_us = True, None
        timeout = seconds_for(self.timeout, len(batch.phones))
        if self.caps is not None:
            await self.caps.take(batch, timeout)
        if self.claims is not None:
            await self.claims.claim(batch, timeout)
        if self.hook is not None:
            self._turned_away = False  # its caller hears of the attempt from here on
            until_us = await self.hook(batch)
        if self.suppression is not None:
            suppressed = await suppressed_among(self.suppression, batch.phones)
            if suppressed:
                pairs = zip(batch.indexes, batch.phones, strict=True)
                raise TurnedAwayError([_suppressed(index, phone) for index, phone in pairs if phone in suppressed])
        self._turned_away = False
        return until_us

    async def after_attempt(self, ruling: Ruling) -> None:
        """Say in the stores what became of an attempt, and tell the caller unless it was turned away; never raises."""
        turned_away, self._turned_away = self._turned_away, False
        caps, claims = self.caps, self.claims
        if caps is not None and claims is not None and self.loop is not None:
            await together(self.loop, caps.record(ruling), claims.record(ruling))
        else:
            if caps is not None:
                await caps.record(ruling)
            if claims is not None:
                await claims.record(ruling)
        if self.record is not None and not turned_away:
            await self.record(ruling)

    def _by_keys(self, left: Mapping[int, str], found: Mapping[int, KeySeen]) -> Looked:
        """What the idempotency keys say: outcomes of earlier calls, whom others are sending to, and who is left."""
        if self.claims is None:
            return Looked([], left, set())
        free: dict[int, str] = {}
        looked = Looked([], free, set())
        first_of: dict[bytes, int] = {}
        for index, phone in left.items():
            key, seen = self.claims.keys.get(index), found.get(index)
            if key is None or (seen is None and first_of.setdefault(key.key, index) == index):
                free[index] = phone
            elif seen is None or seen.content != key.content:
                looked.outcomes.append(_unsent(index, phone, Code.IDEMPOTENCY_MISMATCH, _MISMATCH))
            elif seen.state is KeyState.CLAIMED:
                looked.awaited.add(index)
            else:
                outcome, status_code = _replayed(index, phone, seen, key)
                looked.outcomes.append(outcome)
                looked.status_code = status_code or looked.status_code
        return looked


def _replayed(index: int, phone: str, found: KeySeen, key: HashedKey) -> tuple[Outcome, int | None]:
    """What became of the text that an earlier call sent under this key, and the HTTP status of its answer."""
    status = STATUSES[found.state]
    if found.state is KeyState.INTERRUPTED:
        error = f"{_INTERRUPTED}: see {shown_claim(found.claim, key.key)}"
        return Outcome(index, phone, status, None, error, Code.INTERRUPTED, replayed=True), None
    words = opened(found.outcome, key, found.claim)
    outcome = Outcome(index, phone, status, words.message_id, words.error, words.code, replayed=True)
    return outcome, words.status_code


async def _nothing(found: T) -> T:
    return found


def _suppressed_among(free: Mapping[int, str], suppressed: frozenset[str]) -> dict[int, Outcome]:
    return {index: _suppressed(index, phone) for index, phone in free.items() if phone in suppressed}


def _suppressed(index: int, phone: str) -> Outcome:
    return _unsent(index, phone, Code.SUPPRESSED, ON_THE_LIST)


def _unsent(index: int, phone: str, code: Code, error: str) -> Outcome:
    return Outcome(index, phone, Status.UNSENT, None, error, code)
