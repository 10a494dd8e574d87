"""Several limits, clients and keys: what each of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.buckets import Buckets
from ..._core.layers import Layer, Usage, Wait
from .store import HOLD_US, ONE, StoreContract, taken

if TYPE_CHECKING:
    from ...quota import QuotaStore
    from ..clock import ManualClock


class LimitContract(StoreContract):
    """Several limits, clients with limits of their own, and several keys: who counts what."""

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

    def test_keys_have_tokens_of_their_own(self) -> None:
        """Nothing that one key uses, pauses or gives back concerns another."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store, key_id="one")
            await taken(store, key_id="two")
            await store.give_back("two", request + 1_000_000)
            assert isinstance(await store.take("one", ONE, HOLD_US), Wait)
            assert isinstance(await store.take("two", ONE, HOLD_US), Wait)
            assert await store.usage("three", ONE) == ((Usage(0, 0),), 0)

        self.check(test)

    def test_a_forecast_follows_the_log_then_itself(self) -> None:
        """A forecast is made as if every request held were answered now, and every one granted at once."""

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
        """Three layers are full, each in its turn: the documented limits at a hundredth of their size."""

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
