"""How the contract of caps gets at the store that it tests, and texts for it."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..._core.caps import ID_BYTES, KEY_BYTES, CapHit, CappedText, CapScope
from ..._core.layers import Layer
from ...quota.protocol import CapStore, QuotaStore
from ..clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from contextlib import AbstractAsyncContextManager

HOLD_US: Final = 500
SPACE: Final = b"a name's hash"


class CappingStore(QuotaStore, CapStore, Protocol):
    """A quota store that counts texts, too."""


class CapStoreBase:
    """Opens the store that is tested. The tests are plain functions, each with an event loop of its own."""

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[CappingStore]:
        """A store on this clock. Within one test, all calls must open the same place, which is empty at first.

        Raises:
            NotImplementedError: unless it is overridden.
        """
        raise NotImplementedError

    def check(self, test: Callable[[CappingStore, ManualClock], Coroutine[Any, Any, None]]) -> None:
        """Run ``test`` with a store that was just opened.

        Raises:
            AssertionError: where a promise is broken.
        """

        async def main() -> None:
            clock = ManualClock()
            async with self.open_store(clock) as store:
                await test(store, clock)

        asyncio.run(main())


def scope(name: str, *limits: tuple[int, int]) -> CapScope:
    """What texts count in together under this name: so many texts in so many microseconds."""
    return CapScope(name.encode().ljust(KEY_BYTES), tuple(Layer(*limit) for limit in limits))


def text(*scopes: CapScope, again: bytes = b"") -> CappedText:
    """A new try of a text."""
    return CappedText(secrets.token_bytes(ID_BYTES), scopes, again)


ONE: Final = scope("one", (1, 100))
TWO: Final = scope("two", (2, 100))


async def counted(store: CapStore, *texts: CappedText, hold_us: int = HOLD_US, space: bytes = SPACE) -> None:
    """Have texts counted, for which there must be room."""
    found = await store.take_caps(space, texts, hold_us)
    assert list(found) == [None] * len(texts), found


async def answered(store: CapStore, *texts: CappedText) -> None:
    """Tell the store that texts were answered."""
    await store.end_caps(SPACE, texts, ())


async def wait_us(store: CapStore, *scopes: CapScope, space: bytes = SPACE) -> int:
    """How long a new text waits, 0 if there is room for it."""
    (hit,) = await store.look_at_caps(space, [text(*scopes)])
    return hit.wait_us if hit else 0


async def room(store: CapStore, of: CapScope) -> int:
    """For how many texts there is room."""
    found: Sequence[CapHit | None] = await store.look_at_caps(SPACE, [text(of) for _ in range(30)])
    return sum(hit is None for hit in found)
