"""What the client asks of a quota store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..buckets import Layer, Usage, Wait


class Grant(NamedTuple):
    """The tokens of one request, one of every layer, held under an ``id`` that the store chose."""

    id: int


class QuotaStore(Protocol):
    """Keeps the tokens of keys; ``customersms_async.buckets.Buckets`` is the rule that every store follows.

    A store knows a key only by its fingerprint, ``key_id``. Times are integer microseconds of the store's own clock,
    and none crosses this boundary: waits, holds and pauses are lengths. Each call is one atomic decision; a call that
    is cancelled either took effect or did not, and a grant that nobody heard of lapses by itself.
    """

    async def take(
        self, key_id: str, layers: Sequence[Layer], hold_us: int, on_change: Callable[[], None]
    ) -> Grant | Wait:
        """Take one token of every layer, or none and say how long to wait.

        The request settles ``hold_us`` from now unless somebody says otherwise before. After a ``Wait``, the store
        calls ``on_change`` once, from any thread, if it learns that a token may come sooner than it said; a store
        that can't know never calls it.
        """

    async def renew(self, key_id: str, grant: Grant, layers: Sequence[Layer], hold_us: int) -> Grant | Wait:
        """Give the grant back and take another, in one step; after a ``Wait``, only the first half happened."""

    async def settle(self, key_id: str, grant: Grant) -> None:
        """The script's answer to this request is known; unknown and lapsed grants are ignored, here and below."""

    async def give_back(self, key_id: str, grant: Grant) -> None:
        """This request provably never left."""

    async def pause(self, key_id: str, pause_us: int) -> None:
        """Grant nothing for so long; the later end of two pauses counts."""

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of the last request of a line, as ``Buckets.forecast_us`` defines it."""

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds."""
