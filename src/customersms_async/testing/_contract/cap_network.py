"""Calls about caps to a store on another machine that are lost, late, doubled and reordered."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from ..._core.caps import CapHit, CappedText, CapScope
from ...errors import QuotaStoreError
from .cap_store import HOLD_US, SPACE, CapStoreBase, scope, text, wait_us
from .far_run import ENOUGH_US, run_far

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from ..clock import ManualClock
    from ..network import Network
    from .cap_store import CappingStore

ONE_IN_1000 = scope("one", (1, 1_000))
NINE_IN_1000 = scope("nine", (9, 1_000))
LAYERS = ((3, 60), (5, 200))


class CapNetworkContract(CapStoreBase):
    """A store on another machine lets no cap be exceeded when calls are lost, late, doubled and reordered."""

    def open_far_store(
        self, clock: Callable[[], int], network: Network
    ) -> AbstractAsyncContextManager[CappingStore] | None:
        """A store each of whose messages to its server goes through ``network.carry``; None if it has no network.

        The place is that of ``open_store``. The server's time is what the clock says when a message arrives.
        """
        del clock, network
        return None

    def check_far(self, test: Callable[[FarCaps], Awaitable[None]], *, seed: int = 0) -> None:
        """Run ``test`` with two stores of one place, as two processes have them.

        ``seed`` is a number from which the network's dice come.

        Raises:
            AssertionError: where a promise is broken.
        """
        run_far(self.open_far_store, lambda *parts: test(FarCaps(*parts)), seed)

    def test_a_take_that_is_sent_again_counts_its_texts_once_and_lets_them_through(self) -> None:
        """The room is the last, and no longer there when the call comes a second time."""

        async def test(far: FarCaps) -> None:
            first = text(ONE_IN_1000, NINE_IN_1000)
            far.network.fate = "is sent again"
            assert await far.take(first) == [None]
            assert await far.take(text(ONE_IN_1000)) == [CapHit(0, 0, 1_000)]
            await far.stores[1].end_caps(SPACE, [], [first])
            assert await far.used(NINE_IN_1000) == 0

        self.check_far(test)

    def test_a_copy_of_a_take_whose_texts_have_ended_counts_nothing(self) -> None:
        """Whether they were answered or given back, have come again or lapsed, or there was no room for them."""

        async def test(far: FarCaps) -> None:
            far.network.fate = "comes twice"
            answered, given_back, lapsed = (text(NINE_IN_1000) for _ in range(3))
            again = [text(NINE_IN_1000, again=b"stable") for _ in range(2)]
            for each in (answered, given_back, lapsed, *again):
                assert await far.take(each) == [None]
            assert await far.take(*(text(NINE_IN_1000) for _ in range(6))) != [None] * 6
            await far.stores[1].end_caps(SPACE, [answered], [given_back])
            far.clock.us += HOLD_US
            far.network.fate = "arrives"
            for _ in range(2):
                assert await far.used(NINE_IN_1000) == 3
                await far.network.deliver()
            far.clock.us += 999
            assert await far.used(NINE_IN_1000) == 2, "what was heard late counts no longer for it"
            far.clock.us += 1
            assert await far.used(NINE_IN_1000) == 0

        self.check_far(test)

    def test_a_copy_of_a_take_counts_nothing_when_its_windows_are_long_over(self) -> None:
        """Nor does it where others have been counted in the same scope since."""

        async def test(far: FarCaps) -> None:
            brief = scope("brief", (1, 100))
            first, second = text(brief), text(brief)
            far.network.fate = "comes twice"
            await far.take(first)
            far.network.fate = "arrives"
            await far.stores[0].end_caps(SPACE, [first], [])
            far.clock.us += 60_000_000
            assert await far.take(second) == [None]
            await far.stores[0].end_caps(SPACE, [second], [])
            far.clock.us += 100
            await far.network.deliver()
            assert await far.used(brief) == 0

        self.check_far(test)

    def test_a_copy_of_an_earlier_try_s_take_takes_no_place_of_the_new_one(self) -> None:
        """Though nobody had heard of the earlier one's end."""

        async def test(far: FarCaps) -> None:
            earlier, new = (text(ONE_IN_1000, again=b"stable") for _ in range(2))
            far.network.fate = "comes twice"
            await far.take(earlier)
            far.network.fate = "arrives"
            assert await far.take(new) == [None]
            await far.network.deliver()
            await far.stores[0].end_caps(SPACE, [new], [])
            far.clock.us += 10
            assert await wait_us(far.stores[1], ONE_IN_1000) == 990

        self.check_far(test)

    def test_a_take_that_comes_after_its_text_was_given_back_counts_nothing(self) -> None:
        """As of a client that had no answer in time, sent nothing, and said so."""

        async def test(far: FarCaps) -> None:
            first = text(ONE_IN_1000)
            far.network.fate = "is late"
            with contextlib.suppress(QuotaStoreError):
                await far.take(first)
            far.network.fate = "arrives"
            await far.stores[0].end_caps(SPACE, [], [first])
            await far.network.deliver()
            assert await far.used(ONE_IN_1000) == 0

        self.check_far(test)

    def test_what_comes_late_of_an_earlier_try_changes_nothing_for_the_new_one(self) -> None:
        """Neither its answer, nor that it never left, nor a copy of its take."""

        async def test(far: FarCaps) -> None:
            earlier, new = (text(ONE_IN_1000, again=b"stable") for _ in range(2))
            far.network.fate = "comes twice"
            await far.take(earlier)
            await far.stores[0].end_caps(SPACE, [], [earlier])
            await far.stores[0].end_caps(SPACE, [earlier], [])
            far.network.fate = "arrives"
            assert await far.take(new) == [None]
            await far.network.deliver()
            far.clock.us += HOLD_US + 999
            assert await wait_us(far.stores[1], ONE_IN_1000) == 1

        self.check_far(test)

    def test_a_text_whose_take_nobody_heard_of_lapses_and_counts(self) -> None:
        """The text may have been let through."""

        async def test(far: FarCaps) -> None:
            far.network.fate = "is answered to nobody"
            with contextlib.suppress(QuotaStoreError):
                await far.take(text(ONE_IN_1000))
            far.network.fate = "arrives"
            assert await far.take(text(ONE_IN_1000)) == [CapHit(0, 0, 1_000)]
            far.clock.us += HOLD_US + 999
            assert await wait_us(far.stores[0], ONE_IN_1000) == 1
            far.clock.us += 1
            assert await far.take(text(ONE_IN_1000)) == [None]

        self.check_far(test)

    def test_whatever_becomes_of_calls_no_window_sees_more_texts_than_its_cap(self) -> None:
        """No window has too many texts that may be sent, and in the end there is room again."""
        for seed in range(40):
            self.check_far(lambda far: far.wander(60), seed=seed)


@dataclass(eq=False)
class HeardText:
    """A try that its client knows to be let through: it may be sent from then until its end."""

    text: CappedText
    first_us: int
    last_us: int


@final
class FarCaps:
    """Two stores of one place behind a network, and a judge of what their clients believe to be let through."""

    def __init__(
        self, stores: Sequence[CappingStore], clock: ManualClock, network: Network, dice: random.Random
    ) -> None:
        self.stores, self.clock, self.network, self.dice = stores, clock, network, dice
        self.heard: list[HeardText] = []
        self.scope = scope(f"far {secrets.token_hex(4)}", *LAYERS)

    async def take(self, *texts: CappedText) -> list[CapHit | None]:
        """Have these counted, by the first store."""
        return list(await self.stores[0].take_caps(SPACE, texts, HOLD_US))

    async def used(self, of: CapScope) -> int:
        """How many texts count in this scope, which has one layer."""
        found = await self.stores[1].look_at_caps(SPACE, [text(of) for _ in range(20)])
        return of.layers[0].requests - sum(hit is None for hit in found)

    async def wander(self, calls: int) -> None:
        """Make so many random calls over a bad network, judge them, and see that all is well again in the end."""
        self.network.fate = None
        for _ in range(calls):
            self.clock.us += self.dice.choice((0, 0, 0, 1, 7, 30, 90))
            await self.network.deliver(self.dice.choice((0, 0, 1, 3)))
            with contextlib.suppress(QuotaStoreError):
                await self.dice.choice((self._take, self._take, self._take, self._end))()
        for most, window_us in LAYERS:
            for each in self.heard:  # the fullest window starts with some text's last moment
                start_us = each.last_us
                able = [h for h in self.heard if h.first_us < start_us + window_us and h.last_us >= start_us]
                assert len(able) <= most
        await self._recover()

    async def _take(self) -> None:
        """Try some texts, one of which may come again: the judge forgets its earlier try, as the store may have."""
        batch = [text(self.scope) for _ in range(self.dice.choice((1, 1, 2)))]
        if self.dice.random() < 0.3:
            batch.append(text(self.scope, again=self.scope.key[-1:] + bytes([self.dice.randrange(2)])))
        again = [each.again for each in batch if each.again]
        self.heard = [each for each in self.heard if each.text.again not in again]
        hold_us = self.dice.randint(1, 90)
        if not any(await self.dice.choice(self.stores).take_caps(SPACE, batch, hold_us)):
            self.heard += [HeardText(each, self.clock.us, self.clock.us + hold_us) for each in batch]

    async def _end(self) -> None:
        """Know what became of some texts, whether or not the store hears of it."""
        alive = [each for each in self.heard if each.last_us > self.clock.us]
        ended = self.dice.sample(alive, min(len(alive), self.dice.randint(1, 3)))
        answered, not_sent = ended[:1], ended[1:]
        for each in answered:
            each.last_us = self.clock.us
        self.heard = [each for each in self.heard if each not in not_sent]
        await self.dice.choice(self.stores).end_caps(
            SPACE, [each.text for each in answered], [each.text for each in not_sent]
        )

    async def _recover(self) -> None:
        """See that there is room for all once the network is well again and has brought everything."""
        self.network.fate = "arrives"
        await self.network.deliver()
        self.clock.us += ENOUGH_US
        for store in self.stores:
            found = await store.look_at_caps(SPACE, [text(self.scope) for _ in range(4)])
            assert list(found) == [None] * 3 + [CapHit(0, 0, 60)]
