"""The caps that one delivery's texts count in: looked at before they wait, taken right before the first byte.

What provably never left gives its caps back; what may have, counts. A store that could not be told of an answer counts
the text from its deadline plus five seconds, so the caps have room again later, and never too early.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, final

import msgspec

from .._core.caps import ID_BYTES
from .._core.outcome_table import TokenFate
from ..models import Code, Outcome, Status
from .outcome_log import log_not_told
from .request import hold_us
from .turned_away import TurnedAwayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._core.batching import Batch
    from .._core.caps import CapHit, CappedText, CapScopes
    from .._core.rulings import Ruling
    from .._runtime.log import KeyLog
    from ..quota.protocol import CapStore

TextName = Callable[[int], bytes]
"""Gives the name of a text by its place, where one that was sent before may be sent again: a campaign's."""


@final
class CapCounting(msgspec.Struct, eq=False):
    """Counts the texts of one delivery, one attempt after the other.

    ``reached`` is the cap of the last text that was refused, and ``retry_after`` when it has room again, in seconds.
    Mutable state: these; the texts that were looked at and have asked for nothing yet; and those that the attempt on
    its way has taken, or asked for; both by their places.
    """

    store: CapStore
    scopes: CapScopes
    log: KeyLog
    name_of: TextName | None
    reached: str = ""
    retry_after: float = 0.0
    _looked_at: dict[int, CappedText] = msgspec.field(default_factory=dict)
    _taken: dict[int, CappedText] = msgspec.field(default_factory=dict)

    async def look(self, phones: Mapping[int, str]) -> dict[int, Outcome]:
        """The outcomes of those of these numbers, by their places, for which there is no room now."""
        looked_at = self._looked_at
        for index, phone in phones.items():
            if index not in looked_at:
                looked_at[index] = self._new_try(index, phone)
        texts = list(map(looked_at.__getitem__, phones))
        hits = await self.store.look_at_caps(self.scopes.space, texts)
        return self._refused(phones, texts, hits) if any(hits) else {}

    async def take(self, batch: Batch, timeout: float) -> None:
        """Between the grant and the first byte: count all of ``batch``, at least until it is answered.

        The attempt ends within ``timeout`` seconds.

        Raises ``TurnedAwayError``, and counts nothing, where there is no room for all; and what the store raises.
        """
        texts = list(map(self._try, batch.indexes, batch.phones))
        self._taken = dict(zip(batch.indexes, texts, strict=True))
        hits = await self.store.take_caps(self.scopes.space, texts, hold_us(timeout))
        if any(hits):
            self._taken = {}
            phones = dict(zip(batch.indexes, batch.phones, strict=True))
            raise TurnedAwayError(list(self._refused(phones, texts, hits).values()))

    async def record(self, ruling: Ruling) -> None:
        """After an attempt: say whose answer is known, and who provably was not sent to. Never raises."""
        taken, self._taken = self._taken, {}
        answered, not_sent = [], []
        if ruling.all_accepted:
            answered = [*taken.values()]
        elif taken:
            settles, unsent = ruling.tokens is TokenFate.SETTLE, Status.UNSENT
            for outcome in ruling.outcomes:
                if outcome.status is unsent:
                    not_sent.append(taken[outcome.index])
                elif settles:
                    answered.append(taken[outcome.index])
        if answered or not_sent:
            try:
                await self.store.end_caps(self.scopes.space, answered, not_sent)
            except Exception as error:  # noqa: BLE001 - the outcome is known, and the caps lapse by themselves
                log_not_told(self.log, error)

    def _try(self, index: int, phone: str) -> CappedText:
        """The try of a text that was looked at, once, as its id is of use once; or one with an id of its own."""
        return self._looked_at.pop(index, None) or self._new_try(index, phone)

    def _new_try(self, index: int, phone: str) -> CappedText:
        again = b"" if self.name_of is None else self.name_of(index)
        return self.scopes.text(phone, os.urandom(ID_BYTES), again=again)

    def _refused(
        self, phones: Mapping[int, str], texts: list[CappedText], hits: Iterable[CapHit | None]
    ) -> dict[int, Outcome]:
        refused: dict[int, Outcome] = {}
        for (index, phone), text, hit in zip(phones.items(), texts, hits, strict=True):
            if hit is not None:
                self.reached, words = self.scopes.words(text, hit)
                self.retry_after = hit.wait_us / 1e6
                refused[index] = Outcome(index, phone, Status.UNSENT, None, words, Code.CAPPED)
        return refused
