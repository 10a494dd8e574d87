"""Random schedules of calls: a store of idempotency keys answers as the pure rule does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from ..._core.idempotency_record import Claim, KeyRecord, as_of
from ..._core.idempotency_states import SAYS, UNSURE, KeyEvent
from ...idempotency import key_table
from ...idempotency.protocol import ClaimEnd
from .key_store import KEEP, LAPSE_US, LENGTH_US, KeyStoreContract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...idempotency.protocol import IdempotencyStore
    from ..clock import ManualClock

_STEPS = (0, 1, 1_000, LENGTH_US, LAPSE_US, 600_000_000, round(KEEP * 1e6))
_ENDS = (KeyEvent.ACCEPTED, KeyEvent.REJECTED, KeyEvent.UNANSWERED, KeyEvent.UNSENT)


class RuleTable:
    """A table of records that is nothing but the rule."""

    def __init__(self) -> None:
        self.records: dict[bytes, KeyRecord] = {}

    def read(self, key: bytes, now_us: int) -> KeyRecord | None:
        """The record of a key as it stands now."""
        return as_of(self.records.get(key), now_us, round(KEEP * 1e6))

    def write(self, key: bytes, record: KeyRecord) -> None:
        """Keep a record."""
        self.records[key] = record

    def unsure(self, now_us: int) -> Iterable[tuple[bytes, KeyRecord]]:
        """The keys whose texts may have been sent."""
        found = ((key, self.read(key, now_us)) for key in self.records)
        return [(key, record) for key, record in found if record is not None and record.state in UNSURE]

    def drop(self, now_us: int) -> None:
        """Nothing: what was kept for long enough is not read either."""


class KeyScheduleContract(KeyStoreContract):
    """Whatever is asked in whichever order, a store answers as the rule does."""

    def test_a_store_answers_as_the_rule_does(self) -> None:
        """Six hundred calls of two keys and few claims, so that they meet."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            draw, table = random.Random(7), RuleTable()
            for _ in range(600):
                clock.us += draw.choice(_STEPS)
                call, arguments = _call(draw)
                expected = _answer(getattr(key_table, call), table, clock.us, *arguments)
                try:
                    answer: Any = await getattr(store, call)(*arguments)
                except LookupError:
                    answer = LookupError
                assert (list(answer) if isinstance(answer, list | tuple) else answer) == expected, (call, arguments)

        self.check(test)


def _answer(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except LookupError:
        return LookupError


def _call(draw: random.Random) -> tuple[str, tuple[Any, ...]]:
    keys = draw.sample([b"key a", b"key b"], draw.choice([1, 1, 2]))
    claim = Claim(b"claim %d" % draw.randrange(6), LENGTH_US, draw.choice(["", "label"]))
    call = draw.choice(["look", "claim", "claim", "end", "end", "unknown", "resolve"])
    if call == "look":
        return call, (keys,)
    if call == "claim":
        return call, (claim, [(key, draw.choice([b"a", b"b"])) for key in keys])
    if call == "end":
        return call, (
            claim.claim,
            [ClaimEnd(key, draw.choice(_ENDS), draw.choice([b"", b"\x00 words"])) for key in keys],
        )
    if call == "unknown":
        return call, ()
    return call, (keys[0], claim.claim, draw.choice(list(SAYS.values())), "me")
