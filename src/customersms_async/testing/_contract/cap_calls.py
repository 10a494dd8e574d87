"""Calls about caps: texts that come again, other windows, many at once, cancelled ones, several processes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ..._core.caps import CapHit
from ..clock import ManualClock
from .calls import at_once
from .cap_store import HOLD_US, ONE, SPACE, TWO, CapStoreBase, answered, counted, room, scope, text, wait_us

if TYPE_CHECKING:
    from .cap_store import CappingStore

TEN = scope("ten", (10, 1_000))


class CapCallContract(CapStoreBase):
    """What calls of several clients, or of one that tries again, do to each other."""

    def test_a_text_that_comes_again_does_not_count_what_it_counted_for_before(self) -> None:
        """In none of its scopes, be it answered, lapsed or still held; a look knows that, too, and takes nothing."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            total = scope("total", (1, 400))
            tries = [text(ONE, total, again=b"stable") for _ in range(4)]
            await counted(store, tries[0])
            await answered(store, tries[0])
            for late_us, each in zip((10, 10, HOLD_US + 20), tries[1:], strict=True):
                clock.us += late_us
                assert list(await store.look_at_caps(SPACE, [each])) == [None]
                assert await wait_us(store, ONE) > 0
                assert await wait_us(store, total) > 0
                assert list(await store.look_at_caps(SPACE, [text(ONE, again=b"other")])) != [None]
                await counted(store, each)
            await answered(store, tries[3])
            assert await wait_us(store, total) == 400
            clock.us += 100
            await counted(store, text(ONE))

        self.check(test)

    def test_what_a_text_counted_for_before_still_counts_where_it_is_not_let_through_anew(self) -> None:
        """As when another text of its batch hits a cap, or another one's count leaves no room for it."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first = text(ONE, TWO, again=b"stable")
            await counted(store, first, text(TWO))
            clock.us += 10
            batch = [text(ONE, TWO, again=b"stable"), text(TWO)]
            assert list(await store.take_caps(SPACE, batch, HOLD_US)) == [None, CapHit(0, 0, 100)]
            await answered(store, first)
            clock.us += 60
            assert await wait_us(store, ONE) == 40
            assert list(await store.take_caps(SPACE, batch, HOLD_US)) == [None, CapHit(0, 0, 100)]
            assert await wait_us(store, ONE) == 40
            await counted(store, batch[0])
            assert await wait_us(store, ONE) == 100

        self.check(test)

    def test_what_is_heard_of_an_earlier_try_changes_nothing_for_the_new_one(self) -> None:
        """The earlier try was let go when the text came again. A text that lapses when it would have stays, too."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            earlier, new = text(ONE, TWO, again=b"stable"), text(ONE, TWO, again=b"stable")
            await counted(store, earlier, text(TWO))
            await counted(store, new)
            await store.end_caps(SPACE, [earlier], [])
            await store.end_caps(SPACE, [], [earlier])
            assert await room(store, TWO) == 0
            clock.us += HOLD_US + 99
            assert await wait_us(store, ONE) == 1
            assert await wait_us(store, TWO) == 1

        self.check(test)

    def test_a_text_that_comes_again_lets_nothing_of_others_go(self) -> None:
        """Others may have been let through at that moment, and in a scope in which its earlier try did not count."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            await counted(store, text(ONE, again=b"stable"), text(TWO), text(TWO))
            found = await store.take_caps(SPACE, [text(ONE, TWO, again=b"stable")], HOLD_US)
            assert list(found) == [CapHit(1, 0, 100)]
            assert await room(store, TWO) == 0

        self.check(test)

    def test_a_text_that_came_again_and_never_left_counts_no_more(self) -> None:
        """Neither the new try nor the earlier one; and it may come again."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            for _ in range(3):
                last = text(ONE, again=b"stable")
                await counted(store, last)
            await store.end_caps(SPACE, [], [last])
            await counted(store, text(ONE))

        self.check(test)

    def test_a_client_with_a_shorter_window_drops_nothing_that_another_s_longer_one_needs(self) -> None:
        """Each is judged by its own caps, over the texts of all; a look is enough to ask for a window."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            minute_us = 60_000_000
            short, long = scope("number", (1, 10)), scope("number", (40, 100 * minute_us))
            assert await wait_us(store, long) == 0
            for _ in range(40):
                first = text(short)
                await counted(store, first)
                await answered(store, first)
                clock.us += minute_us
            assert await wait_us(store, long) == 60 * minute_us

        self.check(test)

    def test_no_time_is_dropped_a_microsecond_before_its_window_is_over(self) -> None:
        """Neither in the scope of a text, nor in others that are looked at with it."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            hour_us = 3_600_000_000
            three, one = scope("three", (3, hour_us)), [scope(f"{number}", (1, hour_us)) for number in range(30)]
            await counted(store, text(three), *map(text, one), hold_us=1)
            clock.us += 10
            await counted(store, text(three), hold_us=1)
            clock.us += hour_us - 10
            await counted(store, text(three), *(text(scope("other", (100, 1))) for _ in range(100)), hold_us=1)
            assert await wait_us(store, three) == 1
            assert [await wait_us(store, each) for each in one] == [1] * 30

        self.check(test)

    def test_times_are_kept_for_as_long_as_a_window_reaches_them(self) -> None:
        """However many there are, and whatever goes meanwhile."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            total = scope("total", (100, 990_000))
            for number in range(300):
                own = scope(f"{number}", (1, 50))
                await counted(store, text(own, total))
                clock.us += 10_000
                assert await wait_us(store, own) == 0
            await counted(store, text(total))
            assert await wait_us(store, total) == HOLD_US

        self.check(test)

    def test_a_clock_that_steps_back_makes_no_room(self) -> None:
        """Time stands still, in looks too, until the clock is where it was."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first = text(ONE)
            await counted(store, first)
            clock.us += 10
            await answered(store, first)
            clock.us -= 1_000
            assert await wait_us(store, ONE) == 100
            second = text(TWO)
            await counted(store, second)
            await answered(store, second)
            clock.us += 1_030
            assert await wait_us(store, ONE) == 70
            clock.us += 70
            await counted(store, text(ONE), text(TWO), text(TWO))

        self.check(test)

    def test_many_who_ask_at_once_never_get_more_room_than_there_is(self) -> None:
        """Every call is one atomic decision over its batch."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            calls = (store.take_caps(SPACE, [text(TEN), text(TEN)], HOLD_US) for _ in range(30))
            found = await asyncio.gather(*calls)
            assert sum(not any(hits) for hits in found) == 5

        self.check(test)

    def test_a_cancelled_call_about_caps_took_effect_or_did_not(self) -> None:
        """The store goes on as before, and what was counted for nobody lapses by itself."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            for steps in range(12):
                task = asyncio.ensure_future(store.take_caps(SPACE, [text(TEN)], HOLD_US))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
            await room(store, TEN)  # whatever is still under way is done before this
            clock.us += HOLD_US + 1_000
            await counted(store, *(text(TEN) for _ in range(10)))

        self.check(test)

    def test_a_store_of_one_process_never_suspends_over_caps(self) -> None:
        """A send that no cap stops takes no turn of the event loop for it."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            if store.in_process:
                one = text(TEN)
                await at_once(store.look_at_caps(SPACE, [one]))
                await at_once(store.take_caps(SPACE, [one], HOLD_US))
                await at_once(store.end_caps(SPACE, [one], []))

        self.check(test)

    def test_processes_that_open_the_same_place_share_what_counts(self) -> None:
        """Each sees, answers and gives back what another had counted, which outlives that one."""

        async def main() -> None:
            clock = ManualClock()
            async with AsyncExitStack() as closing:
                ours = await closing.enter_async_context(self.open_store(clock))
                if ours.in_process:
                    return
                async with self.open_store(clock) as theirs:
                    mine, other, again = text(TWO), text(TWO), text(ONE, again=b"stable")
                    await counted(ours, mine, again)
                    await counted(theirs, other, text(ONE, again=b"stable"))
                    assert await room(ours, TWO) == 0
                    await theirs.end_caps(SPACE, [other], [mine])
                    await counted(ours, text(TWO))
                clock.us += 50
                assert await wait_us(ours, TWO) == 50
                clock.us += HOLD_US
                assert await room(ours, TWO) == 1, "the one held lapsed"
                assert await wait_us(ours, ONE) == 50

        asyncio.run(main())
