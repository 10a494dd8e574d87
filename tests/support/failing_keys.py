"""A store of idempotency keys that fails when it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from customersms_async import IdempotencyStoreError, MemoryIdempotency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customersms_async._core.idempotency_record import Claim, KeySeen
    from customersms_async._core.idempotency_states import KeyEvent
    from customersms_async.idempotency.protocol import ClaimEnd, UnknownKey


class FailingKeys:
    """Asks a store in memory. ``fails`` are errors of the next calls by their names; ``late`` has them after the work.

    ``calls`` are those that were made.
    """

    def __init__(self, store: MemoryIdempotency | None = None) -> None:
        self.store = store or MemoryIdempotency()
        self.hashes = self.store.hashes
        self.fails: dict[str, list[Exception]] = {}
        self.late = False
        self.calls: list[str] = []

    def fail(self, call: str, times: int = 1, *, temporary: bool = True, late: bool = False) -> None:
        """Have the next calls of this name fail, before or (``late``) after they took effect."""
        self.fails[call] = [IdempotencyStoreError("out of reach", temporary=temporary)] * times
        self.late = late

    async def _call(self, call: str, *arguments: Any) -> Any:
        self.calls.append(call)
        failing = self.fails.get(call)
        if failing and not self.late:
            raise failing.pop()
        answer = await getattr(self.store, call)(*arguments)
        if failing:
            raise failing.pop()
        return answer

    def namespaced(self, name: str) -> Self:
        return type(self)(self.store.namespaced(name))

    async def look(self, keys: Sequence[bytes]) -> Sequence[KeySeen | None]:
        found: Sequence[KeySeen | None] = await self._call("look", keys)
        return found

    async def claim(self, claim: Claim, asked: Sequence[tuple[bytes, bytes]]) -> Sequence[KeySeen | None]:
        found: Sequence[KeySeen | None] = await self._call("claim", claim, asked)
        return found

    async def end(self, claim: bytes, ends: Sequence[ClaimEnd]) -> None:
        await self._call("end", claim, ends)

    async def unknown(self) -> Sequence[UnknownKey]:
        found: Sequence[UnknownKey] = await self._call("unknown")
        return found

    async def resolve(self, key: bytes, claim: bytes, event: KeyEvent, by: str) -> int:
        wait_us: int = await self._call("resolve", key, claim, event, by)
        return wait_us

    async def aclose(self) -> None:
        await self.store.aclose()
