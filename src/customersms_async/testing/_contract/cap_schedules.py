"""Random schedules of calls about caps, made to a store and to the pure rule."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING, final

from ..._core.cap_log import CapLog
from .cap_store import CapStoreBase, scope, text

if TYPE_CHECKING:
    from ..._core.caps import CappedText
    from ..clock import ManualClock
    from .cap_store import CappingStore


class CapScheduleContract(CapStoreBase):
    """Random schedules of calls, over caps of all sizes."""

    def test_random_schedules_agree_with_the_rule_of_caps_step_by_step(self) -> None:
        """Every answer equals that of ``CapLog`` after the same calls at the same times, steps back included."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            for seed in range(30):
                clock.us += 1_000_000_000_000  # later than any time that the store has seen
                await CapWalk(store, clock, random.Random(seed)).run(60)

        self.check(test)


@final
class CapWalk:
    """A random schedule of calls, made to a store and to the rule, with equal answers.

    Two clients count in the same scopes, and the second, which comes later, has other caps, and windows no longer than
    the longest of the first.
    """

    def __init__(self, store: CappingStore, clock: ManualClock, dice: random.Random) -> None:
        self.store, self.clock, self.dice = store, clock, dice
        self.rule = CapLog()
        self.space = secrets.token_bytes(12)
        self.us = dice.choice((1, 1_000, 20_000_000))
        self.longest = dice.randint(1, 100)
        self.clients = [self.caps() for _ in range(2)]
        self.texts: list[CappedText] = []

    def caps(self) -> list[list[tuple[int, int]]]:
        """A client's limits: of each of three numbers, of each of two prefixes, of all."""
        return [
            [(self.dice.randint(1, most), self.dice.randint(1, self.longest) * self.us) for _ in range(layers)]
            + [(most, self.longest * self.us)]
            for most, layers in ((3, 2), (5, 1), (9, self.dice.randint(0, 2)))
        ]

    def new(self) -> CappedText:
        """A text of one of the clients, which may come again."""
        number, prefix, total = self.dice.choice(self.clients)
        which = self.dice.randrange(3)
        scopes = [scope(f"number {which}", *number), scope(f"prefix {which % 2}", *prefix), scope("total", *total)]
        again = bytes([which, self.dice.randrange(2)]) if self.dice.random() < 0.3 else b""
        return text(*scopes[self.dice.choice((0, 0, 0, 1)) :], again=again)

    async def run(self, steps: int) -> None:
        """Make so many calls, and look at everything after each of them."""
        for _ in range(steps):
            self.clock.us += self.dice.choice((0, 0, 0, 1, 1, 2, 7, 40, 150, -5, -60)) * self.us
            await self.dice.choice((self.take, self.take, self.end))()
            batch = self.batch()
            found = await self.store.look_at_caps(self.space, batch)
            assert list(found) == self.rule.look(self.clock.us, self.space, batch)

    def batch(self) -> list[CappedText]:
        """Some new texts, each of those that come again once."""
        new = [self.new() for _ in range(self.dice.choice((1, 1, 1, 2, 5)))]
        return [each for place, each in enumerate(new) if each.again not in [e.again for e in new[:place] if e.again]]

    async def take(self) -> None:
        """Have a batch counted by both."""
        batch, hold_us = self.batch(), self.dice.randint(1, 100) * self.us
        found = list(await self.store.take_caps(self.space, batch, hold_us))
        assert found == self.rule.take(self.clock.us, self.space, batch, hold_us)
        if not any(found):
            self.texts += batch

    async def end(self) -> None:
        """Tell both of texts that were let through, perhaps long ago."""
        some = self.dice.sample(self.texts, min(len(self.texts), self.dice.randint(0, 4)))
        answered, not_sent = some[:2], some[2:]
        await self.store.end_caps(self.space, answered, not_sent)
        self.rule.end(self.clock.us, self.space, answered, not_sent)
