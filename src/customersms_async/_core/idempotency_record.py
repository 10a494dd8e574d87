"""What a store keeps of one idempotency key, and the rule by which it changes: the one that every store follows.

Promise 4: *Of all calls with one idempotency key, in any number of processes that share the store, at most one text
leaves within `keep`, as long as the store keeps what it acknowledged and unless a person says otherwise; each of them
ends with the outcome of that one; if nobody can know it, each ends as unknown.*

Times are integer microseconds of the store's own clock, and only lengths come from outside. A claim's id is random and
used for one attempt only; whoever ends or resolves a claim names its id, so that a message which comes late, or twice,
changes nothing that belongs to another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from .buckets import GRACE_US
from .idempotency_states import SAID, TRANSITIONS, KeyEvent, KeyState

if TYPE_CHECKING:
    from collections.abc import Sequence

SPENT_US: Final = 600_000_000
"""How long a claim is known that was given back: a copy of it that comes late must not hold the key once more."""

LONGEST_LABEL: Final = 60
"""Characters of a label that a record keeps, and of a name: Redis has one byte for how many bytes they take."""

_CLAIMED: Final = TRANSITIONS[KeyState.FREE, KeyEvent.CLAIMED].to

UNSENT_AFTER_US: Final = 600_000_000
"""How long past an attempt's deadline nobody may say that its text was not sent: it may be on its way somewhere."""


class KeyRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One key as it was left: ``claim`` is the last one's id, ``content`` a hash of its number and text.

    ``began_us`` and ``deadline_us`` are the attempt's, in microseconds of the store's clock. ``ended_us``, in
    microseconds too, is when the state was reached, and for a claim when it lapses. ``outcome`` is sealed, ``label``
    what the client calls its API key, ``by`` the person who decided.

    Example:
        ```python
        record = KeyRecord(KeyState.CLAIMED, b"random bytes", b"a hash of a text", 0, 30_000_000, 35_000_000)
        print(record.state.name, record.ended_us)
        ```
    """

    state: KeyState
    claim: bytes
    content: bytes
    began_us: int
    deadline_us: int
    ended_us: int
    outcome: bytes = b""
    label: str = ""
    by: str = ""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What a call asks for before its first byte: ``claim`` is its id, of use once.

    ``length_us`` is how many microseconds it is to the attempt's deadline. ``label`` is what the client calls its API
    key, in ``LONGEST_LABEL`` characters at most.

    Example:
        ```python
        claim = Claim(b"random bytes", 30_000_000, "tenant-42")
        print(await MemoryIdempotency().claim(claim, [(b"a hash of a key", b"a hash of a text")]))  # [None]: it has it
        ```
    """

    claim: bytes
    length_us: int
    label: str = ""


class KeySeen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A key as the next call sees it; ``left_us`` is how many microseconds are left until a claim lapses.

    Example:
        ```python
        store = MemoryIdempotency()
        await store.claim(Claim(b"random bytes", 30_000_000), [(b"a hash of a key", b"a hash of a text")])
        seen: KeySeen
        for seen in await store.look([b"a hash of a key"]):
            print(seen.state.name, seen.left_us)
        ```
    """

    state: KeyState
    claim: bytes
    content: bytes
    outcome: bytes = b""
    left_us: int = 0


def as_of(record: KeyRecord | None, now_us: int, keep_us: int) -> KeyRecord | None:
    """The record as it stands now: a claim lapses, and what was kept for ``keep_us`` is forgotten (``None``)."""
    if record is None:
        return None
    if record.state is KeyState.CLAIMED:
        if now_us < record.ended_us:
            return record
        record = moved(record, KeyEvent.LAPSED, record.ended_us)
    kept_us = SPENT_US if record.state is KeyState.FREE and not record.by else keep_us
    return None if now_us >= record.ended_us + kept_us else record


def seen(record: KeyRecord | None, now_us: int) -> KeySeen | None:
    """What a call sees of a record that stands so now; ``None``: it may claim the key."""
    if record is None or record.state is KeyState.FREE:
        return None
    left_us = record.ended_us - now_us if record.state is KeyState.CLAIMED else 0
    return KeySeen(record.state, record.claim, record.content, record.outcome, left_us)


def may_claim(record: KeyRecord | None, claim: Claim, content: bytes) -> bool:
    """Whether the claim gets the key; one that has it already, as its message came twice, does."""
    if record is None:
        return True
    if record.state is KeyState.FREE:
        return record.claim != claim.claim  # else it was given back before it came
    return record.state is KeyState.CLAIMED and (record.claim, record.content) == (claim.claim, content)


def claimed(record: KeyRecord | None, claim: Claim, content: bytes, now_us: int) -> KeyRecord:
    """The record of a key that ``may_claim`` has given to the claim."""
    if record is not None and record.state is KeyState.CLAIMED:
        return record
    deadline_us = now_us + claim.length_us
    return KeyRecord(_CLAIMED, claim.claim, content, now_us, deadline_us, deadline_us + GRACE_US, label=claim.label)


def ended(record: KeyRecord | None, claim: bytes, event: KeyEvent, outcome: bytes, now_us: int) -> KeyRecord | None:
    """The record after its holder told what became of the text, or ``None`` if that changes nothing.

    A claim that is given back before it came is spent all the same: its message may be on its way.
    """
    if record is None:
        spent = event is KeyEvent.UNSENT
        return KeyRecord(KeyState.FREE, claim, b"", now_us, now_us, now_us) if spent else None
    if record.claim != claim or (record.state, event) not in TRANSITIONS:
        return None
    return moved(record, event, now_us, outcome)


def resolved(record: KeyRecord | None, claim: bytes, event: KeyEvent, by: str, now_us: int) -> KeyRecord | int:
    """The record after a person decided, or how many microseconds they must wait before they may.

    A message that comes twice says it once. Raises ``LookupError`` where that claim has nothing to decide about.
    """
    if record is not None and record.claim == claim and (record.state, record.by) == (SAID[event], by):
        return record
    if record is None or record.claim != claim or (record.state, event) not in TRANSITIONS:
        raise LookupError("no text of this claim may have been sent")
    wait_us = record.deadline_us + UNSENT_AFTER_US - now_us
    if event is KeyEvent.FOUND_UNSENT and wait_us > 0:
        return wait_us
    return moved(record, event, now_us, by=by)


def moved(record: KeyRecord, event: KeyEvent, at_us: int, outcome: bytes = b"", by: str = "") -> KeyRecord:
    """The record after a transition that the table has."""
    to, _ = TRANSITIONS[record.state, event]
    return replace(record, state=to, ended_us=at_us, outcome=outcome, by=by)


def claim_all(
    pairs: Sequence[tuple[KeyRecord | None, bytes]], claim: Claim, now_us: int
) -> tuple[list[KeyRecord], list[KeySeen | None]]:
    """The records of all keys of a batch that was claimed; or none, as some are not to be had, and how these stand.

    ``pairs`` are the record and the content of each key.
    """
    records: list[KeyRecord] = []
    found: list[KeySeen | None] = []
    for record, content in pairs:
        if may_claim(record, claim, content):
            records.append(claimed(record, claim, content, now_us))
            found.append(None)
        else:
            found.append(_taken(record, claim, now_us))
    return (records if len(records) == len(found) else []), found


def _taken(record: KeyRecord | None, claim: Claim, now_us: int) -> KeySeen:
    """How a key stands that is not to be had; a claim that was given back before it came finds itself, and is over."""
    return seen(record, now_us) or KeySeen(KeyState.CLAIMED, claim.claim, b"")
