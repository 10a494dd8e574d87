"""The life of one text that is counted, and of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.caps import CapHit
from .cap_store import HOLD_US, ONE, SPACE, TWO, CapStoreBase, answered, counted, scope, text, wait_us

if TYPE_CHECKING:
    from ..clock import ManualClock
    from .cap_store import CappingStore


class CapTextContract(CapStoreBase):
    """From the moment that a text is let through to that at which its windows are over, alone and in a batch."""

    def test_a_cap_has_room_exactly_one_window_after_the_answer_to_its_text(self) -> None:
        """Not a microsecond before that, and not one later."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first = text(ONE)
            await counted(store, first)
            clock.us += 50
            await answered(store, first)
            assert list(await store.take_caps(SPACE, [text(ONE)], HOLD_US)) == [CapHit(0, 0, 100)]
            clock.us += 99
            assert list(await store.take_caps(SPACE, [text(ONE)], HOLD_US)) == [CapHit(0, 0, 1)]
            clock.us += 1
            await counted(store, text(ONE))

        self.check(test)

    def test_a_cap_s_wait_is_as_if_every_text_were_answered_now(self) -> None:
        """Asking again when such a wait is over is never late."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first, second = text(TWO), text(TWO)
            await counted(store, first)
            clock.us += 10
            await counted(store, second)
            clock.us += 20
            assert await wait_us(store, TWO) == 100
            await answered(store, second)
            clock.us += 40
            assert await wait_us(store, TWO) == 60
            await answered(store, first)
            assert await wait_us(store, TWO) == 60

        self.check(test)

    def test_a_text_without_an_answer_counts_from_its_lapse(self) -> None:
        """A text lapses however late anyone looks, and nobody sweeps."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            await counted(store, text(ONE))
            clock.us += HOLD_US + 99
            assert await wait_us(store, ONE) == 1
            clock.us += 1
            await counted(store, text(ONE))
            clock.us += 10_000
            await counted(store, text(ONE))

        self.check(test)

    def test_an_answer_to_a_text_that_lapsed_changes_nothing(self) -> None:
        """A text of which one hears twice, late, or without its having been counted, changes nothing."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first, unknown = text(ONE), text(ONE)
            await store.end_caps(SPACE, [unknown], [])
            await counted(store, first)
            clock.us += HOLD_US + 50
            await store.end_caps(SPACE, [first], [])
            await store.end_caps(SPACE, [], [first, text(ONE)])
            assert await wait_us(store, ONE) == 50
            clock.us += 50
            second = text(ONE)
            await counted(store, second)
            await answered(store, second)
            clock.us += 30
            await answered(store, second)
            await store.end_caps(SPACE, [], [second])
            assert await wait_us(store, ONE) == 70

        self.check(test)

    def test_a_text_that_never_left_counts_no_more_in_any_scope(self) -> None:
        """There is room at once, and only once."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first, second = text(ONE, TWO), text(TWO)
            await counted(store, first, second)
            for _ in range(2):
                await store.end_caps(SPACE, [], [first])
            await counted(store, text(ONE, TWO))
            assert await wait_us(store, TWO) == 100

        self.check(test)

    def test_some_of_a_batch_are_answered_and_some_never_left(self) -> None:
        """One call says both."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first, second = text(TWO), text(TWO)
            await counted(store, first, second)
            await store.end_caps(SPACE, [first], [second])
            clock.us += 10
            await counted(store, text(TWO))
            assert await wait_us(store, TWO) == 90

        self.check(test)

    def test_all_of_a_batch_are_counted_or_none(self) -> None:
        """Where one has no room, the room of the others stays as it was."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            await counted(store, text(ONE))
            found = await store.take_caps(SPACE, [text(TWO), text(ONE), text(TWO)], HOLD_US)
            assert list(found) == [None, CapHit(0, 0, 100), None]
            await counted(store, text(TWO), text(TWO))

        self.check(test)

    def test_where_there_is_room_for_some_the_first_in_order_have_it(self) -> None:
        """What has no room of its own takes none from those behind it."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            total = scope("total", (3, 1_000))
            await counted(store, text(ONE))
            batch = [text(TWO, total), text(ONE, total), text(TWO, total), text(total), text(TWO, total), text(total)]
            found = list(await store.look_at_caps(SPACE, batch))
            assert found == [None, CapHit(0, 0, 100), None, None, CapHit(1, 0, 1_000), CapHit(0, 0, 1_000)]
            await counted(store, batch[0], batch[2], batch[3])

        self.check(test)

    def test_the_cap_with_the_longest_wait_is_told(self) -> None:
        """Its scope among the text's own, and its layer there."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            number, total = scope("number", (1, 30), (3, 300), (9, 9_000)), scope("total", (4, 200))
            for _ in range(3):
                first = text(number, total)
                await counted(store, first)
                await answered(store, first)
                clock.us += 40
            assert list(await store.look_at_caps(SPACE, [text(total, number)])) == [CapHit(1, 1, 180)]
            await counted(store, text(total))
            assert list(await store.look_at_caps(SPACE, [text(number, total)])) == [CapHit(0, 1, 180)]
            clock.us += 150
            assert list(await store.look_at_caps(SPACE, [text(number, total)])) == [CapHit(0, 1, 30)]
            short = scope("total", (1, 200))
            assert list(await store.look_at_caps(SPACE, [text(number, short)])) == [CapHit(1, 0, 200)]

        self.check(test)

    def test_several_texts_of_a_batch_may_count_in_one_scope(self) -> None:
        """Each of them counts, and the room of several caps is taken by all."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            number = scope("number", (3, 100), (4, 300))
            found = await store.take_caps(SPACE, [text(number) for _ in range(5)], HOLD_US)
            assert list(found) == [None] * 3 + [CapHit(0, 0, 100), CapHit(0, 0, 100)]
            batch = [text(number) for _ in range(3)]
            await counted(store, *batch)
            await answered(store, *batch)
            clock.us += 100
            found = await store.take_caps(SPACE, [text(number) for _ in range(2)], HOLD_US)
            assert list(found) == [None, CapHit(0, 1, 200)]

        self.check(test)

    def test_names_are_counted_apart(self) -> None:
        """What counts under one name takes no room from the other, whatever its scopes are called."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            first = text(ONE)
            await counted(store, first)
            await counted(store, text(ONE), space=b"another name's")
            await store.end_caps(b"another name's", [], [first])
            assert await wait_us(store, ONE) == 100

        self.check(test)

    def test_texts_that_count_in_nothing_have_room(self) -> None:
        """As of a number that no prefix fits; and a batch of none is one that has room."""

        async def test(store: CappingStore, clock: ManualClock) -> None:
            nothing = text()
            await counted(store)
            await counted(store, nothing, text(ONE))
            await store.end_caps(SPACE, [nothing], [])
            assert list(await store.look_at_caps(SPACE, [])) == []

        self.check(test)
