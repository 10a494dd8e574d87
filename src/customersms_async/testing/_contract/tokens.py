"""The tokens of a request: taken, held, settled, given back, lapsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.layers import Layer, Usage, Wait
from .store import HOLD_US, ONE, StoreContract, taken

if TYPE_CHECKING:
    from ...quota import QuotaStore
    from ..clock import ManualClock


class TokenContract(StoreContract):
    """The life of one request's tokens, from the grant to the moment at which they are back."""

    def test_a_token_comes_back_exactly_one_window_after_its_request_settled(self) -> None:
        """A token is free not a microsecond before that, and not one later."""

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
        """Asking again when such a wait is over is never late."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            request = await taken(store)
            clock.us += 30
            assert await store.take("key", ONE, HOLD_US) == Wait(100)
            await store.settle("key", request)
            clock.us += 60
            assert await store.take("key", ONE, HOLD_US) == Wait(40)

        self.check(test)

    def test_a_request_without_an_answer_lapses_at_its_own_time(self) -> None:
        """A request lapses however late anyone looks, and nobody sweeps."""

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
        """Requests that lapse count from their lapses, not in the order of their grants."""

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
        """A request that is settled or given back twice, late, or without having been, changes nothing."""

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
        """Tokens come back in every layer, and only once."""

        async def test(store: QuotaStore, clock: ManualClock) -> None:
            first = await taken(store, (Layer(2, 100), Layer(2, 1_000)))
            second = await taken(store, (Layer(2, 100), Layer(2, 1_000)))
            assert first != second
            await store.give_back("key", first)
            await store.give_back("key", first)
            usage, _ = await store.usage("key", (Layer(2, 100), Layer(2, 1_000)))
            assert usage == (Usage(1, 100), Usage(1, 1_000))

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
        """A pause is reported, and ends by itself."""

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
