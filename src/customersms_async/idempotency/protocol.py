"""The protocol of idempotency stores: all that a client asks of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core.idempotency_hashes import KeyHashes
    from .._core.idempotency_record import Claim, KeySeen
    from .._core.idempotency_states import KeyEvent, KeyState


class ClaimEnd(msgspec.Struct, frozen=True, gc=False):
    """What became of the text of one key of a claim: UNSENT frees it; ``outcome`` is sealed.

    Example:
        ```python
        store = MemoryIdempotency()
        key, content, claim = b"a hash of a key", b"a hash of a text", b"random bytes"
        await store.claim(Claim(claim, 30_000_000), [(key, content)])
        await store.end(claim, [ClaimEnd(key, KeyEvent.ACCEPTED)])
        print(await store.look([key]))
        ```
    """

    key: bytes
    event: KeyEvent
    outcome: bytes = b""


class UnknownKey(NamedTuple):
    """A key whose text may have been sent, as a store lists it.

    ``key`` is its hash, ``claim`` the last one's id, ``age_us`` how many microseconds ago that was made, and ``label``
    what the client calls its API key.

    Example:
        ```python
        found: UnknownKey
        for found in await MemoryIdempotency().unknown():
            print(found.claim.hex(), found.age_us / 1e6, found.label)
        ```
    """

    key: bytes
    state: KeyState
    claim: bytes
    age_us: int
    label: str


class IdempotencyStore(Protocol):
    """Keeps idempotency keys by their hashes; ``_core/idempotency_record.py`` is the rule that every store follows.

    Times are integer microseconds of the store's own clock, and none crosses this boundary: only lengths do. Each call
    is one atomic decision over all keys that it names, durable before it returns. One that is cancelled, or whose
    answer is lost, took effect or did not, and may take effect later; a claim's id is used for one attempt.

    Each call raises ``IdempotencyStoreError`` where it can't decide, ``temporary`` for a store that may be back.
    ``customersms_async.testing.IdempotencyStoreContract`` tests one.

    Example:
        ```python
        def client_of(tenant: str, keys: IdempotencyStore) -> AsyncClient:  # any store will do
            return AsyncClient(api_key=f"cspro_{tenant}", idempotency=keys.namespaced(tenant), label=tenant)

        client_of("tenant-42", MemoryIdempotency())
        ```
    """

    hashes: KeyHashes
    """What makes hashes of keys, numbers and texts."""

    def namespaced(self, name: str) -> Self:
        """A store of the keys of ``name`` in the same place: equal keys of two names are two keys."""

    async def look(self, keys: Sequence[bytes]) -> Sequence[KeySeen | None]:
        """How each key stands; ``None`` for one that may be claimed."""

    async def claim(self, claim: Claim, asked: Sequence[tuple[bytes, bytes]]) -> Sequence[KeySeen | None]:
        """Claim all of these pairs of key and content, and give ``None`` for each; or none, and give how each stands.

        A claim lapses five seconds past its deadline unless it was ended before.
        """

    async def end(self, claim: bytes, ends: Sequence[ClaimEnd]) -> None:
        """Store what became of the texts of a claim; what is no longer the claim's own stays as it is."""

    async def unknown(self) -> Sequence[UnknownKey]:
        """The keys whose texts may have been sent, oldest first."""

    async def resolve(self, key: bytes, claim: bytes, event: KeyEvent, by: str) -> int:
        """Decide as a person about the text of a claim; 0, or in how many microseconds they may.

        Raises:
            LookupError: where that claim has nothing to decide about.
            IdempotencyStoreError: where the store can't decide.
        """

    async def aclose(self) -> None:
        """Close what is open; a cancel only ends the waiting."""
