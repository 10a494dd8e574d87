"""A store on another machine: every call takes a while, some fail, and of some only the answer is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from customersms_async.errors import QuotaStoreError
from support import virtual_loop

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine, Sequence

    from customersms_async._core.layers import Layer, Usage, Wait

T = TypeVar("T")


class FarStore:
    """Keeps its tokens in memory, ``longest`` seconds away at most; ``faults`` of its calls (0 to 1) fail.

    ``out`` are the requests granted, heard of, and neither settled nor given back; ``asked_at`` is when each request
    was asked for; ``lost`` were granted to nobody.
    """

    in_process = False

    def __init__(self, dice: random.Random, *, longest: float = 0.02, faults: float = 0.0) -> None:
        self.near = virtual_loop.loop().quota()
        self.faults = faults
        self.out: dict[int, float] = {}
        self.asked_at: dict[int, float] = {}
        self.lost: set[int] = set()
        self.longest = longest
        self._dice = dice

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        asked = virtual_loop.loop().time()
        granted = await self._call(lambda: self.near.take(key_id, layers, hold_us), self.lose)
        if isinstance(granted, int):
            self.out[granted] = self.asked_at[granted] = asked
        return granted

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        raise NotImplementedError

    async def settle(self, key_id: str, request: int) -> None:
        await self._ended(request, lambda: self.near.settle(key_id, request))

    async def give_back(self, key_id: str, request: int) -> None:
        await self._ended(request, lambda: self.near.give_back(key_id, request))

    async def pause(self, key_id: str, pause_us: int) -> None:
        await self._call(lambda: self.near.pause(key_id, pause_us))

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        return await self._call(lambda: self.near.forecast_us(key_id, line))

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        return await self._call(lambda: self.near.usage(key_id, layers))

    def lose(self, granted: int | Wait) -> None:
        if isinstance(granted, int):
            self.lost.add(granted)

    async def _ended(self, request: int, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        assert self.out.pop(request, None) is not None, "it was ended twice, or by somebody who never had it"
        await self._call(call)

    async def _call(self, call: Callable[[], Coroutine[Any, Any, T]], lose: Callable[[T], None] = lambda _: None) -> T:
        await self._way()
        if self._dice.random() < self.faults / 2:
            raise QuotaStoreError("it did not get there", temporary=True)
        answer = await call()
        try:
            await self._way()
            if self._dice.random() < self.faults / 2:
                raise QuotaStoreError("the answer was lost", temporary=True)
        except BaseException:
            lose(answer)
            raise
        return answer

    async def _way(self) -> None:
        for _ in range(self._dice.randrange(4)):
            await asyncio.sleep(0)
        if self._dice.random() < 0.8:
            await asyncio.sleep(self._dice.uniform(0, self.longest / 2))
