"""Caps as counts over plain lists, and the adversary who places every text. Slow and plain."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from customersms_async._core.caps import CapHit
from support.quota_oracle import Oracle, Sent, Token, over_a_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customersms_async._core.caps import CappedText
    from customersms_async._core.layers import Layer


class CapOracle:
    """What the caps of one name demand: for each scope its texts, as tokens that are out, and all that was let through.

    Real time, which a clock that steps back falls behind, places the texts; the store's own judges them.
    """

    def __init__(self) -> None:
        self._scopes: dict[bytes, Oracle] = {}
        self._sent: dict[bytes, Sent] = {}
        self._tokens: dict[bytes, list[tuple[Oracle, Token]]] = {}
        self._tries: dict[bytes, bytes] = {}
        self._through: dict[bytes, list[bytes]] = {}

    def judged(self, now_us: int, texts: Sequence[CappedText]) -> list[CapHit | None]:
        """Each text's cap with the longest of the least waits; those that fit count for the ones behind them."""
        after = copy.deepcopy(self)
        for text in texts:
            after._let_go(text)
        return [after._judge(now_us, text) for text in texts]

    def _judge(self, now_us: int, text: CappedText) -> CapHit | None:
        waits = [
            (self._of(scope.key).least_wait_us(now_us, [layer]), -place, -number)
            for place, scope in enumerate(text.scopes)
            for number, layer in enumerate(scope.layers)
        ]
        wait_us, place, number = max(waits, default=(0, 0, 0))
        if wait_us:
            return CapHit(-place, -number, wait_us)
        self._count(now_us, text, 1)
        return None

    def take(self, now_us: int, real_us: int, texts: Sequence[CappedText], hold_us: int) -> None:
        """Let these through, until they are heard of."""
        for text in texts:
            self._let_go(text)
            self._count(now_us, text, hold_us)
            self._sent[text.id] = Sent(real_us, real_us + hold_us, ())
            for scope in text.scopes:
                self._through.setdefault(scope.key, []).append(text.id)

    def _count(self, now_us: int, text: CappedText, hold_us: int) -> None:
        counted = [(oracle, oracle.grant(now_us, hold_us)) for oracle in map(self._of, (s.key for s in text.scopes))]
        self._tokens[text.id] = counted
        if text.again:
            self._tries[text.again] = text.id

    def _let_go(self, text: CappedText) -> None:
        """An earlier try is no concern of the cap's any more, nor of the judge's."""
        earlier = self._tries.pop(text.again, None)
        if earlier is not None:
            for oracle, token in self._tokens.pop(earlier, ()):
                oracle._tokens.remove(token)
            self._sent.pop(earlier, None)

    def end(self, now_us: int, real_us: int, text: CappedText, *, left: bool) -> None:
        """Hear of a text: it was sent no later than now, or never."""
        held = [(oracle, token) for oracle, token in self._tokens.get(text.id, ()) if now_us < token.end_us]
        for oracle, token in held:
            if left:
                oracle.settle(now_us, token)
            else:
                oracle.give_back(now_us, token)
        if held and left:
            self._sent[text.id].last_us = min(self._sent[text.id].last_us, real_us)
        elif held:
            del self._sent[text.id], self._tokens[text.id]

    def over(self, key: bytes, layers: Sequence[Layer]) -> list[tuple[Sent, Layer]]:
        """Texts of a scope that share some window with too many let through before them, wherever each is placed."""
        sent = [self._sent[id_] for id_ in self._through.get(key, ()) if id_ in self._sent]
        return over_a_limit([Sent(each.first_us, each.last_us, layers) for each in sent])

    def _of(self, key: bytes) -> Oracle:
        return self._scopes.setdefault(key, Oracle())
