"""Calls: many at once, cancelled ones, plain ones, and those of several processes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from ..._core.layers import Layer, Usage, Wait
from ...quota.protocol import is_in_process
from ..clock import ManualClock
from .store import HOLD_US, ONE, StoreContract, taken

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ...quota import QuotaStore

T = TypeVar("T")


class CallContract(StoreContract):
    """How calls are made: many at once, by several processes, cancelled, or as plain calls."""

    def test_many_takers_at_once_never_get_more_than_there_is(self) -> None:
        """Every call is one atomic decision."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            results = await asyncio.gather(*(store.take("key", (Layer(20, 100),), HOLD_US) for _ in range(60)))
            requests = [result for result in results if not isinstance(result, Wait)]
            assert len(requests) == len(set(requests)) == 20

        self.check(test)

    def test_a_cancelled_call_took_effect_or_did_not(self) -> None:
        """The store goes on as before, and what was taken for nobody lapses by itself."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            five = (Layer(5, 100),)
            for steps in range(12):
                task = asyncio.ensure_future(store.take("key", five, HOLD_US))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
            await store.usage("key", five)  # whatever is still under way is done before this
            clock.us += HOLD_US + 100
            assert isinstance(await store.take("key", five, HOLD_US), int)

        self.check(test)

    def test_a_store_of_one_process_never_suspends(self) -> None:
        """A store that suspends must not say that it is ``in_process``; one that is says the same by plain calls."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            if not is_in_process(store):
                return
            request = store.take_now("key", ONE, HOLD_US)
            assert isinstance(await at_once(store.take("key", ONE, HOLD_US)), Wait)
            await at_once(store.usage("key", ONE))
            forecast_us = await at_once(store.forecast_us("key", [(ONE, 1)]))
            if hasattr(store, "forecast_now_us"):
                assert store.forecast_now_us("key", [(ONE, 1)]) == forecast_us
            assert isinstance(request, int)
            await at_once(store.settle("key", request))
            await at_once(store.give_back("key", request))
            await at_once(store.pause("key", 1))
            await at_once(store.renew("key", request, ONE, HOLD_US))

        self.check(test)

    def test_processes_that_open_the_same_place_share_its_tokens(self) -> None:
        """Each sees, settles and gives back what another took; what is held outlives the one who took it."""

        async def main() -> None:
            clock, two = ManualClock(), (Layer(2, 100),)
            async with AsyncExitStack() as closing:
                ours = await closing.enter_async_context(self.open_store(clock))
                if ours.in_process:
                    return
                async with self.open_store(clock) as theirs:
                    mine, other = await taken(ours, two), await taken(theirs, two)
                    assert mine != other
                    assert isinstance(await ours.take("key", two, HOLD_US), Wait)
                    await theirs.give_back("key", mine)
                    await taken(theirs, two)
                    await ours.pause("key", 10)
                    assert isinstance(await theirs.take("key", two, HOLD_US), Wait)
                    clock.us += 10
                    await ours.settle("key", other)
                assert (await ours.usage("key", two))[0] == (Usage(2, 100),)
                clock.us += HOLD_US + 89
                assert (await ours.usage("key", two))[0] == (Usage(1, 1),), "the one held lapsed"

        asyncio.run(main())


async def at_once(call: Awaitable[T]) -> T:
    """The answer to a call, in which the event loop must have had no turn."""
    turns: list[None] = []
    turn = asyncio.get_running_loop().call_soon(turns.append, None)
    answer = await call
    turn.cancel()
    assert not turns, "it suspended"
    return answer
