"""Two stores of one place behind a bad network, and a judge of what they grant."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from ..._core.layers import Layer, Wait
from ...errors import QuotaStoreError
from .far_run import ENOUGH_US

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from ...quota import QuotaStore
    from ..clock import ManualClock
    from ..network import Network

LAYERS = (Layer(4, 60), Layer(7, 200))
BULK = (Layer(3, 60), Layer(6, 200))
HOLD_US = 90


@dataclass(eq=False)
class HeardGrant:
    """A grant that its client knows of: the request may arrive from then until its end."""

    number: int
    first_us: int
    last_us: int

    def answered(self, now_us: int) -> None:
        """Note that the answer is known, so that the request arrives no later than now."""
        self.last_us = min(self.last_us, now_us)


@final
class FarStores:
    """Two stores of one place behind a network, and a judge who counts what their clients believe to be granted."""

    def __init__(
        self, stores: Sequence[QuotaStore], clock: ManualClock, network: Network, dice: random.Random, key_id: str
    ) -> None:
        self.stores, self.clock, self.network, self.dice, self.key_id = stores, clock, network, dice, key_id
        self.granted: list[HeardGrant] = []

    async def wander(self, calls: int) -> None:
        """Make so many random calls over a bad network, judge them, and see that all is well again in the end."""
        self.network.fate = None
        for _ in range(calls):
            self.clock.us += self.dice.choice((0, 0, 0, 1, 7, 30, 90))
            await self.network.deliver(self.dice.choice((0, 0, 1, 3)))
            with contextlib.suppress(QuotaStoreError):
                await self.dice.choice((self.take, self.take, self.take, self.settle, self.give_back, self.pause))()
            await self.look()
        for layer in LAYERS:
            for heard in self.granted:  # the fullest window starts with some request's last moment
                start_us = heard.last_us
                able = [r for r in self.granted if r.first_us < start_us + layer.window_us and r.last_us >= start_us]
                assert len(able) <= layer.requests
        await self.recover()

    async def look(self) -> None:
        """See that no token is missing that a client knows of."""
        fate, self.network.fate = self.network.fate, "arrives"
        usage, _ = await self.dice.choice(self.stores).usage(self.key_id, LAYERS)
        for layer, each in zip(LAYERS, usage, strict=True):
            assert each.used >= sum(heard.last_us + layer.window_us > self.clock.us for heard in self.granted)
        self.network.fate = fate

    async def recover(self) -> None:
        """See that all tokens have come back once the network is well again and has brought everything."""
        self.network.fate = "arrives"
        await self.network.deliver()
        self.clock.us += ENOUGH_US
        for store in self.stores:
            usage, paused_us = await store.usage(self.key_id, LAYERS)
            assert [each.used for each in usage] == [0, 0]
            assert paused_us == 0
        for _ in range(LAYERS[0].requests):
            assert isinstance(await self.stores[0].take(self.key_id, LAYERS, HOLD_US), int)
        assert isinstance(await self.stores[1].take(self.key_id, LAYERS, HOLD_US), Wait)

    async def take(self) -> None:
        """Take, for something urgent or for bulk, or renew."""
        store, layers = self.dice.choice(self.stores), self.dice.choice((LAYERS, BULK))
        hold_us, renewing = self.dice.randint(1, HOLD_US), self.one(0.3)
        if renewing is None:
            taken = await store.take(self.key_id, layers, hold_us)
        else:
            self.granted.remove(renewing)
            taken = await store.renew(self.key_id, renewing.number, layers, hold_us)
        if isinstance(taken, int):
            self.granted.append(HeardGrant(taken, self.clock.us, self.clock.us + hold_us))

    async def settle(self) -> None:
        """Know the answer to a request, whether or not the store hears of it."""
        if (heard := self.one()) is not None:
            heard.answered(self.clock.us)
            await self.dice.choice(self.stores).settle(self.key_id, heard.number)

    async def give_back(self) -> None:
        """Know that a request never left, whether or not the store hears of it."""
        if (heard := self.one()) is not None:
            self.granted.remove(heard)
            await self.dice.choice(self.stores).give_back(self.key_id, heard.number)

    async def pause(self) -> None:
        """Pause for a while."""
        await self.dice.choice(self.stores).pause(self.key_id, self.dice.randint(0, 50))

    def one(self, chance: float = 1.0) -> HeardGrant | None:
        """A request that may still arrive, if there is one."""
        alive = [heard for heard in self.granted if heard.last_us > self.clock.us]
        return self.dice.choice(alive) if alive and self.dice.random() < chance else None
