"""What every quota store must do: a test class to inherit, for the stores of this package and for your own.

::

    class TestMyStore(QuotaStoreContract):
        @pytest.fixture(autouse=True)
        def place(self, tmp_path):
            self.path = tmp_path / "tokens"

        def open_store(self, clock):
            return MyStore(self.path, clock=clock)  # an async context manager

A store that talks to a server over a network gives ``open_far_store`` too, whose messages are carried by a ``Network``
that loses, delays, doubles and reorders them::

        def open_far_store(self, clock, network):
            return MyStore(self.path, clock=clock, ask=lambda message: network.carry(lambda: server.ask(message)))

The tests are plain functions that run an event loop of their own, so no plugin is needed. The store's time must be
injectable: exactness can't be seen on a clock that runs.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from .._core.buckets import Buckets
from .._core.layers import Layer, Usage, Wait
from .forking import ForkContract
from .network import NetworkContract
from .walk import ManualClock, Walk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from contextlib import AbstractAsyncContextManager

    from ..quota import QuotaStore

HOLD_US = 500
ONE = (Layer(1, 100),)


class QuotaStoreContract(NetworkContract, ForkContract):
    """Every promise of ``QuotaStore`` as a test, and random schedules against the pure rule, ``Buckets``.

    ``open_store`` is needed; ``open_far_store`` where there is a network.
    """

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[QuotaStore]:
        """A store on this clock. Within one test, all calls must open the same place, which is empty at first."""
        raise NotImplementedError

    def check(self, test: Callable[[QuotaStore, ManualClock], Coroutine[Any, Any, None]]) -> None:
        """Run ``test`` with a store that was just opened."""

        async def main() -> None:
            clock = ManualClock()
            async with self.open_store(clock) as store:
                await test(store, clock)

        asyncio.run(main())

    def test_a_token_comes_back_exactly_one_window_after_its_request_settled(self) -> None:
        """Not a microsecond before, and not one later."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store)
            clock.us += 50
            await store.settle("key", request)
            assert await store.take("key", ONE, HOLD_US) == Wait(100)
            clock.us += 99
            assert await store.take("key", ONE, HOLD_US) == Wait(1)
            clock.us += 1
            await taken(store)

        self.check(test)

    def test_a_wait_is_as_if_every_request_held_were_answered_now(self) -> None:
        """So that asking again when it is over is never late."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store)
            clock.us += 30
            assert await store.take("key", ONE, HOLD_US) == Wait(100)
            await store.settle("key", request)
            clock.us += 60
            assert await store.take("key", ONE, HOLD_US) == Wait(40)

        self.check(test)

    def test_a_request_without_an_answer_lapses_at_its_own_time(self) -> None:
        """However late anyone looks, and whoever took it: nobody sweeps."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            await taken(store)
            clock.us += 599
            assert await store.take("key", ONE, HOLD_US) == Wait(1)
            clock.us += 1
            await taken(store)
            clock.us += 10_000
            await taken(store)

        self.check(test)

    def test_lapses_settle_in_the_order_of_their_times(self) -> None:
        """Not in the order of their grants."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            three = (Layer(3, 100),)
            for hold_us in (50, 10, 30):
                await taken(store, three, hold_us)
            clock.us += 60
            for wait_us, hold_us in ((50, 1), (20, 1), (20, 1)):
                assert await store.take("key", three, hold_us) == Wait(wait_us)
                clock.us += wait_us
                await taken(store, three, hold_us)

        self.check(test)

    def test_an_answer_after_the_lapse_changes_nothing(self) -> None:
        """Nor does anything that is said of a request twice, or of one that never was."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store)
            clock.us += HOLD_US + 50
            await store.settle("key", request)
            await store.give_back("key", request)
            await store.settle("key", 123_456_789)
            await store.give_back("key", 987_654_321)
            clock.us += 49
            assert await store.take("key", ONE, HOLD_US) == Wait(1)
            clock.us += 1
            await taken(store)

        self.check(test)

    def test_a_request_that_never_left_gives_its_tokens_back_at_once(self) -> None:
        """In every layer, and only once."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            first = await taken(store, (Layer(2, 100), Layer(2, 1_000)))
            second = await taken(store, (Layer(2, 100), Layer(2, 1_000)))
            assert first != second
            await store.give_back("key", first)
            await store.give_back("key", first)
            usage, _ = await store.usage("key", (Layer(2, 100), Layer(2, 1_000)))
            assert usage == (Usage(1, 100), Usage(1, 1_000))

        self.check(test)

    def test_a_request_takes_a_token_of_every_layer_or_of_none(self) -> None:
        """A layer that is full keeps the others from losing one."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            minute, hour = (Layer(2, 60),), (Layer(2, 60), Layer(1, 3_600))
            await store.settle("key", await taken(store, hour))
            assert await store.take("key", hour, HOLD_US) == Wait(3_600)
            assert (await store.usage("key", hour))[0] == (Usage(1, 60), Usage(1, 3_600))
            await taken(store, minute)

        self.check(test)

    def test_clients_with_other_limits_share_the_log(self) -> None:
        """Each is judged by its own limits, over the requests of all."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            wide, narrow = (Layer(10, 100),), (Layer(4, 100),)
            requests = [await taken(store, wide) for _ in range(6)]
            assert await store.take("key", narrow, HOLD_US) == Wait(100)
            for request in requests:
                clock.us += 1
                await store.settle("key", request)
            assert await store.take("key", narrow, HOLD_US) == Wait(97), "when four of the ten are left"
            await taken(store, wide)

        self.check(test)

    def test_renewing_gives_back_and_takes_in_one_step(self) -> None:
        """After a wait, the request has lost its tokens."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store)
            clock.us += 10
            renewed = await store.renew("key", request, ONE, HOLD_US)
            assert isinstance(renewed, int)
            clock.us += HOLD_US + 95
            assert await store.take("key", ONE, HOLD_US) == Wait(5), "it lapses from its renewal"
            await store.pause("key", 1_000)
            assert isinstance(await store.renew("key", renewed, ONE, HOLD_US), Wait)
            assert (await store.usage("key", ONE))[1] == 1_000

        self.check(test)

    def test_a_pause_holds_everyone_and_the_later_end_of_two_counts(self) -> None:
        """It is reported, and it ends by itself."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            await store.pause("key", 500)
            clock.us += 100
            await store.pause("key", 10)
            assert await store.take("key", ONE, HOLD_US) == Wait(400)
            assert await store.usage("key", ONE) == ((Usage(0, 0),), 400)
            assert await store.forecast_us("key", [(ONE, 1)]) == 400
            await taken(store, key_id="another key")
            clock.us += 400
            assert (await store.usage("key", ONE))[1] == 0
            await taken(store)

        self.check(test)

    def test_a_clock_that_steps_back_stands_still(self) -> None:
        """No token is free early, and the wait is counted from the latest time seen."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store)
            clock.us += 10
            await store.settle("key", request)
            clock.us -= 1_000
            assert await store.take("key", ONE, HOLD_US) == Wait(100)
            assert (await store.usage("key", ONE))[0] == (Usage(1, 100),)

        self.check(test)

    def test_keys_have_tokens_of_their_own(self) -> None:
        """What one key uses, pauses or gives back is nothing to another."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store, key_id="one")
            await taken(store, key_id="two")
            await store.give_back("two", request + 1_000_000)
            assert isinstance(await store.take("one", ONE, HOLD_US), Wait)
            assert isinstance(await store.take("two", ONE, HOLD_US), Wait)
            assert await store.usage("three", ONE) == ((Usage(0, 0),), 0)

        self.check(test)

    def test_a_forecast_follows_the_log_then_itself(self) -> None:
        """As if every request held were answered now, and every one granted at once."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            three = (Layer(3, 100),)
            assert await store.forecast_us("key", []) == 0
            for _ in range(2):
                await store.settle("key", await taken(store, three))
                clock.us += 10
            await taken(store, three)
            clock.us += 30
            waits_us = [await store.forecast_us("key", [(three, count)]) for count in range(8)]
            assert waits_us == [0, 50, 60, 100, 150, 160, 200, 250]

        self.check(test)

    def test_long_windows_with_many_requests(self) -> None:
        """The documented shape, a hundredth of its size: three layers, each of them full in its turn."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            layers = (Layer(10, 60_000), Layer(50, 360_000), Layer(120, 2_000_000))
            begin_us, rule = clock.us, Buckets()
            for _ in range(150):
                while isinstance(granted := await store.take("key", layers, HOLD_US), Wait):
                    assert rule.take(clock.us, layers, HOLD_US) == granted
                    clock.us += granted.wait_us
                mirrored = rule.take(clock.us, layers, HOLD_US)
                assert isinstance(mirrored, int)
                await store.settle("key", granted)
                rule.settle(clock.us, mirrored)
            assert clock.us - begin_us == 2_000_000 + 120_000

        self.check(test)

    def test_a_limit_that_is_first_used_later_knows_what_was_sent_before(self) -> None:
        """Long after, too, and over two requests in a minute it is at most a minute late."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            minute, day = 60_000_000, 86_417_280_000
            hour, hours = (Layer(100, 60 * minute),), (Layer(100, 60 * minute), Layer(50, 180 * minute))
            begin_us, rule = clock.us, Buckets()
            for _ in range(60):
                mirrored = rule.take(clock.us, hour, HOLD_US)
                assert isinstance(mirrored, int)
                rule.settle(clock.us, mirrored)
                await store.settle("key", await taken(store, hour))
                clock.us += minute // 2
            clock.us = begin_us + 120 * minute
            (usage,), _ = await store.usage("key", hours[1:])
            assert (usage,) == rule.usage(clock.us, hours[1:])
            assert usage.used == 60
            assert 60 * minute <= usage.next_us < 61 * minute
            waits = await store.take("key", hours, HOLD_US)
            assert waits == rule.take(clock.us, hours, HOLD_US)
            assert isinstance(waits, Wait)
            assert 65 * minute <= waits.wait_us < 66 * minute, "when the eleventh is out of the window"
            assert await store.forecast_us("key", [(hours, 1)]) == waits.wait_us
            clock.us += waits.wait_us
            await store.settle("key", await taken(store, hours))
            assert (await store.usage("key", (Layer(100, day),)))[0][0].used == 61

        self.check(test)

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
        """Only such a store may say that it is one."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            if not store.in_process:
                return
            request = store.take_now("key", ONE, HOLD_US)  # type: ignore[attr-defined]  # as it is in_process
            assert isinstance(at_once(store.take("key", ONE, HOLD_US)), Wait)
            at_once(store.usage("key", ONE))
            at_once(store.forecast_us("key", [(ONE, 1)]))
            at_once(store.settle("key", request))
            at_once(store.give_back("key", request))
            at_once(store.pause("key", 1))
            at_once(store.renew("key", request, ONE, HOLD_US))

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

    def test_random_schedules_agree_with_the_rule_step_by_step(self) -> None:
        """Every answer equals that of ``Buckets`` after the same calls at the same times, steps back included."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            for seed in range(40):
                clock.us += 30_000_000_000_000  # a year: later than any time that the store has seen
                await Walk(store, clock, random.Random(seed)).run(60)

        self.check(test)


async def taken(
    store: QuotaStore, layers: Sequence[Layer] = ONE, hold_us: int = HOLD_US, *, key_id: str = "key"
) -> int:
    """The request, which must have been granted."""
    granted = await store.take(key_id, layers, hold_us)
    assert isinstance(granted, int), granted
    return granted


def at_once(call: Awaitable[Any]) -> Any:
    """What the call gives; it must not suspend."""
    steps = call.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise AssertionError("it suspended")
