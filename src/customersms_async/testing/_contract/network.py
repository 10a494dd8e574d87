"""Calls to a store on another machine that are lost, late, doubled and reordered."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..._core.layers import Layer, Wait
from ...errors import QuotaStoreError
from .far_run import ENOUGH_US, run_far
from .far_stores import BULK, HOLD_US, LAYERS, FarStores
from .store import StoreContract

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from ...quota import QuotaStore
    from ..network import Network


class NetworkContract(StoreContract):
    """A store on another machine exceeds no limit when calls are lost, late, doubled and reordered."""

    def open_far_store(
        self, clock: Callable[[], int], network: Network
    ) -> AbstractAsyncContextManager[QuotaStore] | None:
        """A store each of whose messages to its server goes through ``network.carry``; None if it has no network.

        The place is that of ``open_store``. The server's time is what the clock says when a message arrives.
        """
        del clock, network
        return None

    def check_far(self, test: Callable[[FarStores], Awaitable[None]], *, seed: int = 0) -> None:
        """Run ``test`` with two stores of one place, as two processes have them.

        ``seed`` is a number from which the network's dice come.

        Raises:
            AssertionError: where a promise is broken.
        """
        run_far(
            self.open_far_store,
            lambda stores, clock, network, dice: test(FarStores(stores, clock, network, dice, f"far {seed}")),
            seed,
        )

    def test_a_call_that_arrives_after_its_repetition_was_granted_takes_nothing_away(self) -> None:
        """A late call is ignored even where it would be refused by now: for bulk, or in a pause."""

        async def test(far: FarStores) -> None:
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
        """The next call may take or renew, and several grants may have been lost before it."""

        async def test(far: FarStores) -> None:
            store, three = far.stores[0], (Layer(3, 100),)
            far.network.fate = "is answered to nobody"
            for _ in range(3):
                with contextlib.suppress(QuotaStoreError):
                    await store.take(far.key_id, three, HOLD_US)
            far.network.fate = "arrives"
            request = await store.take(far.key_id, three, HOLD_US)
            assert isinstance(request, int)
            (usage,), _ = await store.usage(far.key_id, three)
            assert usage.used == 1
            far.network.fate = "is answered to nobody"
            with contextlib.suppress(QuotaStoreError):
                await store.take(far.key_id, three, HOLD_US)
            far.network.fate = "arrives"
            assert isinstance(await store.renew(far.key_id, request, three, HOLD_US), int)
            (usage,), _ = await store.usage(far.key_id, three)
            assert usage.used == 1

        self.check_far(test)

    def test_a_copy_of_a_call_whose_request_has_ended_changes_nothing(self) -> None:
        """A copy is ignored whether its request was settled, given back, renewed or refused, or has lapsed."""

        async def test(far: FarStores) -> None:
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
        """The token is the last one, and no longer free when the call comes a second time."""

        async def test(far: FarStores) -> None:
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
        """A pause that comes again when it is over, wholly or in part, does not begin anew."""

        async def test(far: FarStores) -> None:
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
        """No window has too many requests that may arrive, and in the end every token comes back."""
        for seed in range(40):
            self.check_far(lambda far: far.wander(60), seed=seed)
