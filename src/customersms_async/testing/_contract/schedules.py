"""Random schedules of calls, made to a store and to the pure rule."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, final

from ..._core.buckets import Buckets
from ..._core.history import KEPT_US, STEP_US
from ..._core.layers import Layer, Wait
from .store import StoreContract

if TYPE_CHECKING:
    from ...quota import QuotaStore
    from ..clock import ManualClock

SCALES_US = (1, STEP_US // 50, STEP_US // 7, STEP_US, KEPT_US // 90)
"""What a walk takes for its unit of time: its windows are a part of a coarse step, some steps, or more than a day."""


class ScheduleContract(StoreContract):
    """Random schedules of calls, over windows of all sizes."""

    def test_random_schedules_agree_with_the_rule_step_by_step(self) -> None:
        """Every answer equals that of ``Buckets`` after the same calls at the same times, steps back included."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            for seed in range(40):
                clock.us += 30_000_000_000_000  # a year: later than any time that the store has seen
                await Walk(store, clock, random.Random(seed)).run(60)

        self.check(test)


@final
class Walk:
    """A random schedule of calls, made to a store and to the rule, with equal answers.

    Clients with longer windows come one after another, and those with shorter ones stay.
    """

    def __init__(self, store: QuotaStore, clock: ManualClock, dice: random.Random) -> None:
        self.store = store
        self.clock = clock
        self.dice = dice
        self.rule = Buckets()
        self.requests: list[tuple[int, int]] = []
        self.key_id = f"key {dice.random()}"
        self.us = dice.choice(SCALES_US)
        longest = sorted(dice.choice((dice.randint(1, 3), dice.randint(1, 30), dice.randint(1, 300))) for _ in range(3))
        self.clients = [self.limits(more, units) for more, units in enumerate(longest)]
        self.layers: tuple[Layer, ...] = ()

    def limits(self, more: int, longest: int) -> tuple[Layer, ...]:
        """A client's layers: so many with random windows, and one with its longest."""
        some = (Layer(self.dice.randint(1, 5), self.dice.randint(1, longest) * self.us) for _ in range(more))
        return (*some, Layer(self.dice.randint(1, 30), longest * self.us))

    async def run(self, steps: int) -> None:
        """Make so many calls, and look at everything after each of them."""
        for number in range(steps):
            self.clock.us += self.dice.choice((0, 0, 0, 1, 1, 2, 7, 40, 150, -5, -60)) * self.us
            clients = self.clients[: 1 + 3 * number // steps]
            self.layers = self.dice.choice(clients)
            calls = (self.send, self.send, self.take, self.take, self.settle, self.settle, self.other)
            await self.dice.choice(calls)()
            line = [(self.dice.choice(clients), self.dice.randint(0, 12)) for _ in range(self.dice.randint(0, 3))]
            assert await self.store.forecast_us(self.key_id, line) == self.rule.forecast_us(self.clock.us, line)
            usage, paused_us = await self.store.usage(self.key_id, self.layers)
            assert tuple(usage) == self.rule.usage(self.clock.us, self.layers)
            assert paused_us == self.rule.paused_us(self.clock.us)

    async def send(self) -> None:
        """Take some from both, each settled soon."""
        for _ in range(self.dice.randint(1, 6)):
            before = len(self.requests)
            await self.take()
            if len(self.requests) > before:
                self.clock.us += self.dice.choice((0, 0, 1)) * self.us
                await self.settled(*self.requests.pop())

    async def take(self) -> None:
        """Take from both."""
        hold_us = self.dice.randint(1, 200) * self.us
        self.note(
            await self.store.take(self.key_id, self.layers, hold_us),
            self.rule.take(self.clock.us, self.layers, hold_us),
        )

    async def settle(self) -> None:
        """Settle one that was granted, perhaps long ago."""
        if self.requests:
            await self.settled(*self.dice.choice(self.requests))

    async def settled(self, request: int, mirrored: int) -> None:
        """Settle this one in both."""
        await self.store.settle(self.key_id, request)
        self.rule.settle(self.clock.us, mirrored)

    async def other(self) -> None:
        """Give back, renew or pause."""
        if self.dice.random() < 0.3:
            pause_us = self.dice.randint(0, 100) * self.us
            await self.store.pause(self.key_id, pause_us)
            self.rule.pause(self.clock.us, pause_us)
        elif self.requests:
            request, mirrored = self.dice.choice(self.requests)
            if self.dice.random() < 0.5:
                await self.store.give_back(self.key_id, request)
                self.rule.give_back(self.clock.us, mirrored)
                return
            renewed = await self.store.renew(self.key_id, request, self.layers, 90 * self.us)
            self.rule.give_back(self.clock.us, mirrored)
            self.note(renewed, self.rule.take(self.clock.us, self.layers, 90 * self.us))

    def note(self, granted: int | Wait, mirrored: int | Wait) -> None:
        """Both granted, or both said how long to wait."""
        if isinstance(granted, Wait) or isinstance(mirrored, Wait):
            assert granted == mirrored
        else:
            self.requests.append((granted, mirrored))
