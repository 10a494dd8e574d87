"""The calls of a store over a table of records, which may be anywhere: each in one step, at one time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .._core.idempotency_record import Claim, KeyRecord, KeySeen, claim_all, ended, resolved, seen
from .protocol import UnknownKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._core.idempotency_states import KeyEvent
    from .protocol import ClaimEnd


class KeyTable(Protocol):
    """The records of one namespace."""

    def read(self, key: bytes, now_us: int) -> KeyRecord | None:
        """The record of a key as it stands now."""

    def write(self, key: bytes, record: KeyRecord) -> None:
        """Keep a record."""

    def unsure(self, now_us: int) -> Iterable[tuple[bytes, KeyRecord]]:
        """The keys whose texts may have been sent, in any order."""

    def drop(self, now_us: int) -> None:
        """Drop a few of those that were kept for long enough."""


def look(table: KeyTable, now_us: int, keys: Sequence[bytes]) -> list[KeySeen | None]:
    """How each key stands: see ``IdempotencyStore.look``."""
    return [seen(table.read(key, now_us), now_us) for key in keys]


def claim(table: KeyTable, now_us: int, what: Claim, asked: Sequence[tuple[bytes, bytes]]) -> list[KeySeen | None]:
    """Claim all of these keys, or none and say how each stands: see ``IdempotencyStore.claim``."""
    granted, found = claim_all([(table.read(key, now_us), content) for key, content in asked], what, now_us)
    for (key, _), record in zip(asked, granted, strict=False):
        table.write(key, record)
    table.drop(now_us)
    return found


def end(table: KeyTable, now_us: int, claim: bytes, ends: Sequence[ClaimEnd]) -> None:
    """Store what became of the texts of a claim: see ``IdempotencyStore.end``."""
    for one in ends:
        record = ended(table.read(one.key, now_us), claim, one.event, one.outcome, now_us)
        if record is not None:
            table.write(one.key, record)


def unknown(table: KeyTable, now_us: int) -> list[UnknownKey]:
    """The keys whose texts may have been sent, oldest first: see ``IdempotencyStore.unknown``."""
    found = sorted(table.unsure(now_us), key=lambda each: (each[1].began_us, each[0]))
    return [UnknownKey(key, r.state, r.claim, now_us - r.began_us, r.label) for key, r in found]


def resolve(table: KeyTable, now_us: int, key: bytes, claim: bytes, event: KeyEvent, by: str) -> int:
    """Decide as a person about the text of a claim: see ``IdempotencyStore.resolve``."""
    after = resolved(table.read(key, now_us), claim, event, by, now_us)
    if isinstance(after, int):
        return after
    table.write(key, after)
    return 0
