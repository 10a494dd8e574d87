"""A network between a quota store and its server that loses, delays, doubles and reorders messages, and its tests."""

from __future__ import annotations

import asyncio
import contextlib
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, final

from .._core.layers import Layer, Wait
from ..errors import QuotaStoreError
from .walk import ManualClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from ..quota import QuotaStore

T = TypeVar("T")

FATES = ("arrives", "is lost", "is late", "comes twice", "is sent again", "is answered to nobody")
LAYERS = (Layer(4, 60), Layer(7, 200))
BULK = (Layer(3, 60), Layer(6, 200))
HOLD_US = 90
ENOUGH_US = 2_000_000_000
"""Longer than any hold, window and pause here, and than a store need remember which calls it has seen."""


@final
class Network:
    """Carries each message as ``fate`` says, one of ``FATES`` or None for one of them by the dice.

    *Is late*: the sender hears of a lost connection, and the message arrives when ``deliver`` is called. *Comes twice*:
    a copy of it arrives then. *Is sent again*: as by a client that has lost the first answer, and hears the second.
    """

    def __init__(self, dice: random.Random) -> None:
        self.fate: str | None = FATES[0]
        self._dice = dice
        self._late: list[Callable[[], Awaitable[object]]] = []

    async def carry(self, send: Callable[[], Awaitable[T]]) -> T:
        """The answer to a message, which ``send`` brings to the server; raises ``ConnectionError`` if none comes."""
        fate = self.fate or self._dice.choice(FATES + FATES[:1] * 4)
        if fate in ("is late", "comes twice"):
            self._late.append(send)
        if fate in ("is late", "is lost"):
            raise ConnectionError("the message was lost")
        if fate == "is sent again":
            await send()
        answer = await send()
        if fate == "is answered to nobody":
            raise ConnectionError("the answer was lost")
        return answer

    async def deliver(self, at_most: int | None = None) -> None:
        """Let what is late arrive, in any order, and perhaps twice."""
        for _ in range(len(self._late) if at_most is None else min(at_most, len(self._late))):
            send = self._late.pop(self._dice.randrange(len(self._late)))
            await send()
            if self._dice.random() < 0.3:
                await send()


class NetworkContract:
    """What a store on another machine must do when calls are lost, late, doubled and reordered."""

    def open_far_store(
        self, clock: Callable[[], int], network: Network
    ) -> AbstractAsyncContextManager[QuotaStore] | None:
        """A store each of whose messages to its server goes through ``network.carry``; None if it has no network.

        The place is that of ``open_store``. The server's time is what the clock says when a message arrives.
        """
        del clock, network
        return None

    def check_far(self, test: Callable[[Far], Awaitable[None]], *, seed: int = 0) -> None:
        """Run ``test`` with two stores of one place, as two processes have them."""

        async def main() -> None:
            clock, dice = ManualClock(1_000_000 + seed * ENOUGH_US), random.Random(seed)
            network = Network(dice)
            async with AsyncExitStack() as closing:
                stores: list[QuotaStore] = []
                for _ in range(2):
                    if (opening := self.open_far_store(clock, network)) is None:
                        return
                    stores.append(await closing.enter_async_context(opening))
                await test(Far(stores, clock, network, dice, f"far {seed}"))

        asyncio.run(main())

    def test_a_call_that_arrives_after_its_repetition_was_granted_takes_nothing_away(self) -> None:
        """Not even if it would be refused by now: for bulk, which has fewer tokens, or in a pause."""

        async def test(far: Far) -> None:
            store = far.stores[0]
            for late, pause_us in ((BULK, 0), (LAYERS, 100), (BULK, 100)):
                for _ in range(LAYERS[0].requests - 2):
                    assert isinstance(await store.take(far.key_id, LAYERS, HOLD_US), int)
                far.network.fate = "is late"
                with contextlib.suppress(QuotaStoreError):
                    await store.take(far.key_id, late, HOLD_US)
                far.network.fate = "arrives"
                for _ in range(2):
                    assert isinstance(await store.take(far.key_id, LAYERS, HOLD_US), int)
                await store.pause(far.key_id, pause_us)
                await far.network.deliver()
                for other in far.stores:
                    assert isinstance(await other.take(far.key_id, LAYERS, HOLD_US), Wait), "all tokens are out"
                far.clock.us += HOLD_US - 1
                (usage, _), _ = await store.usage(far.key_id, LAYERS)
                assert usage.used == LAYERS[0].requests
                far.clock.us += ENOUGH_US

        self.check_far(test)

    def test_a_grant_that_nobody_heard_of_is_let_go_with_the_next_call(self) -> None:
        """Whoever makes it: several may have been lost."""

        async def test(far: Far) -> None:
            store, three = far.stores[0], (Layer(3, 100),)
            far.network.fate = "is answered to nobody"
            for _ in range(3):
                with contextlib.suppress(QuotaStoreError):
                    await store.take(far.key_id, three, HOLD_US)
            far.network.fate = "arrives"
            assert isinstance(await store.take(far.key_id, three, HOLD_US), int)
            (usage,), _ = await store.usage(far.key_id, three)
            assert usage.used == 1

        self.check_far(test)

    def test_a_copy_of_a_call_whose_request_has_ended_changes_nothing(self) -> None:
        """Be it settled, given back, renewed or lapsed, or was it refused."""

        async def test(far: Far) -> None:
            store, nine, one = far.stores[0], (Layer(9, 1_000),), (Layer(1, 1_000),)
            far.network.fate = "comes twice"
            requests = [await store.take(far.key_id, nine, HOLD_US) for _ in range(4)]
            settled, given_back, renewing, _ = [request for request in requests if isinstance(request, int)]
            assert isinstance(await store.take(far.key_id, one, HOLD_US), Wait)
            await store.settle(far.key_id, settled)
            await store.give_back(far.key_id, given_back)
            renewed = await store.renew(far.key_id, renewing, nine, HOLD_US)
            assert isinstance(renewed, int)
            far.clock.us += HOLD_US - 1
            await store.settle(far.key_id, renewed)
            far.clock.us += 1
            far.network.fate = "arrives"
            assert (await store.usage(far.key_id, nine))[0][0].used == 3
            await far.network.deliver()
            assert (await store.usage(far.key_id, nine))[0][0].used == 3

        self.check_far(test)

    def test_a_call_that_is_sent_again_takes_one_token_and_is_granted_it(self) -> None:
        """It is the last one, so the second time it is free no more."""

        async def test(far: Far) -> None:
            store, one = far.stores[0], (Layer(1, 100),)
            far.network.fate = "is sent again"
            request = await store.take(far.key_id, one, HOLD_US)
            assert isinstance(request, int)
            renewed = await store.renew(far.key_id, request, one, HOLD_US)
            assert isinstance(renewed, int)
            assert isinstance(await store.take(far.key_id, one, HOLD_US), Wait)
            await store.settle(far.key_id, renewed)
            assert (await store.usage(far.key_id, one))[0][0] == (1, 100)

        self.check_far(test)

    def test_a_pause_that_arrives_twice_is_one_pause(self) -> None:
        """The second time it is over, or a part of it is."""

        async def test(far: Far) -> None:
            store, one = far.stores[0], (Layer(1, 100),)
            for later_us in (40, 100):
                far.network.fate = "comes twice"
                await store.pause(far.key_id, 100)
                far.network.fate = "arrives"
                far.clock.us += later_us
                await far.network.deliver()
                assert (await store.usage(far.key_id, one))[1] == 100 - later_us
                far.clock.us += 1_000

        self.check_far(test)

    def test_whatever_becomes_of_calls_no_window_sees_more_than_its_limit(self) -> None:
        """And in the end every token comes back."""
        for seed in range(40):
            self.check_far(lambda far: far.wander(60), seed=seed)


@dataclass(eq=False)
class Heard:
    """A grant that its client knows of: the request may arrive from then until its end."""

    number: int
    first_us: int
    last_us: int


@final
class Far:
    """Two stores of one place behind a network, and a judge who counts what their clients believe to be granted."""

    def __init__(
        self, stores: Sequence[QuotaStore], clock: ManualClock, network: Network, dice: random.Random, key_id: str
    ) -> None:
        self.stores, self.clock, self.network, self.dice, self.key_id = stores, clock, network, dice, key_id
        self.granted: list[Heard] = []

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
        """No token is missing that a client knows of."""
        fate, self.network.fate = self.network.fate, "arrives"
        usage, _ = await self.dice.choice(self.stores).usage(self.key_id, LAYERS)
        for layer, each in zip(LAYERS, usage, strict=True):
            assert each.used >= sum(heard.last_us + layer.window_us > self.clock.us for heard in self.granted)
        self.network.fate = fate

    async def recover(self) -> None:
        """A network that is well again has brought everything, and all that was held has come back."""
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
            self.granted.append(Heard(taken, self.clock.us, self.clock.us + hold_us))

    async def settle(self) -> None:
        """Its answer is known, whether or not the store hears of it."""
        if (heard := self.one()) is not None:
            heard.last_us = min(heard.last_us, self.clock.us)
            await self.dice.choice(self.stores).settle(self.key_id, heard.number)

    async def give_back(self) -> None:
        """It never left, whether or not the store hears of it."""
        if (heard := self.one()) is not None:
            self.granted.remove(heard)
            await self.dice.choice(self.stores).give_back(self.key_id, heard.number)

    async def pause(self) -> None:
        """Pause for a while."""
        await self.dice.choice(self.stores).pause(self.key_id, self.dice.randint(0, 50))

    def one(self, chance: float = 1.0) -> Heard | None:
        """One of those that may still arrive."""
        alive = [heard for heard in self.granted if heard.last_us > self.clock.us]
        return self.dice.choice(alive) if alive and self.dice.random() < chance else None
