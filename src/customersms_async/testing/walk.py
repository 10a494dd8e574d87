"""Random schedules of calls, made to a store and to the pure rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..buckets import Buckets, Layer, Wait

if TYPE_CHECKING:
    import random

    from ..quota import QuotaStore


@final
class ManualClock:
    """Integer microseconds that stand still until they are set."""

    def __init__(self, us: int = 1_000_000) -> None:
        self.us = us

    def __call__(self) -> int:
        """What time it is."""
        return self.us


@final
class Walk:
    """A random schedule of calls, made to a store and to the rule, with equal answers."""

    def __init__(self, store: QuotaStore, clock: ManualClock, dice: random.Random) -> None:
        self.store = store
        self.clock = clock
        self.dice = dice
        self.rule = Buckets()
        self.requests: list[tuple[int, int]] = []
        self.key_id = f"key {dice.random()}"
        longest = dice.randint(1, 120)
        self.clients = [
            (
                *(Layer(dice.randint(1, 5), dice.randint(1, longest)) for _ in range(n)),
                Layer(dice.randint(1, 7), longest),
            )
            for n in range(3)
        ]
        self.layers: tuple[Layer, ...] = ()

    async def run(self, steps: int) -> None:
        """Make so many calls, and look at everything after each of them."""
        for _ in range(steps):
            self.clock.us += self.dice.choice((0, 1, 7, 40, 150, -5, -60))
            self.layers = self.dice.choice(self.clients)
            await self.dice.choice((self.take, self.take, self.take, self.settle, self.settle, self.other))()
            line = [(self.dice.choice(self.clients), self.dice.randint(0, 12)) for _ in range(self.dice.randint(0, 3))]
            assert await self.store.forecast_us(self.key_id, line) == self.rule.forecast_us(self.clock.us, line)
            usage, paused_us = await self.store.usage(self.key_id, self.layers)
            assert tuple(usage) == self.rule.usage(self.clock.us, self.layers)
            assert paused_us == self.rule.paused_us(self.clock.us)

    async def take(self) -> None:
        """Take from both."""
        hold_us = self.dice.randint(1, 200)
        self.note(
            await self.store.take(self.key_id, self.layers, hold_us),
            self.rule.take(self.clock.us, self.layers, hold_us),
        )

    async def settle(self) -> None:
        """Settle one that was granted, perhaps long ago."""
        if self.requests:
            request, mirrored = self.dice.choice(self.requests)
            await self.store.settle(self.key_id, request)
            self.rule.settle(self.clock.us, mirrored)

    async def other(self) -> None:
        """Give back, renew or pause."""
        if self.dice.random() < 0.3:
            pause_us = self.dice.randint(0, 100)
            await self.store.pause(self.key_id, pause_us)
            self.rule.pause(self.clock.us, pause_us)
        elif self.requests:
            request, mirrored = self.dice.choice(self.requests)
            if self.dice.random() < 0.5:
                await self.store.give_back(self.key_id, request)
                self.rule.give_back(self.clock.us, mirrored)
                return
            renewed = await self.store.renew(self.key_id, request, self.layers, 90)
            self.rule.give_back(self.clock.us, mirrored)
            self.note(renewed, self.rule.take(self.clock.us, self.layers, 90))

    def note(self, granted: int | Wait, mirrored: int | Wait) -> None:
        """Both granted, or both said how long to wait."""
        if isinstance(granted, Wait) or isinstance(mirrored, Wait):
            assert granted == mirrored
        else:
            self.requests.append((granted, mirrored))
