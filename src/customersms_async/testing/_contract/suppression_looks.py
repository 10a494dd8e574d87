"""What a client asks of a suppression store: which of these numbers must not be texted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .suppression_store import ANN, BEN, CARA, LONG_AND_SHORT, SuppressionTest

if TYPE_CHECKING:
    from ..clock import ManualClock


class SuppressionLookContract(SuppressionTest):
    """Any store: what is told of a number counts from then on, until something else is told of it."""

    def test_a_number_is_suppressed_from_when_it_is_added_until_it_is_removed(self) -> None:
        """The last that was said counts, however often it changed."""

        async def test(store: Any, clock: ManualClock) -> None:
            assert await store.suppressed([ANN, BEN]) == frozenset()
            await self.add(store, [ANN, CARA])
            assert await store.suppressed([ANN, BEN]) == {ANN}
            await self.add(store, [ANN])
            await self.remove(store, [ANN, BEN])
            assert await store.suppressed([ANN, BEN, CARA]) == {CARA}
            await self.add(store, [ANN])
            assert await store.suppressed([ANN]) == {ANN}

        self.check(test)

    def test_only_numbers_that_were_asked_about_come_back(self) -> None:
        """One question may be about nobody, about one number twice, and about a whole batch."""

        async def test(store: Any, clock: ManualClock) -> None:
            many = [f"+1212555{number:04d}" for number in range(1_000)]
            await self.add(store, many[::3])
            assert await store.suppressed([]) == frozenset()
            assert await store.suppressed([many[0], many[1], many[0]]) == {many[0]}
            assert await store.suppressed(many[:100]) == set(many[:100:3])
            assert await store.suppressed(tuple(many)) == set(many[::3])
            assert isinstance(await store.suppressed(many), frozenset)

        self.check(test)

    def test_no_number_is_taken_for_another(self) -> None:
        """The longest and the shortest, and those that begin or end alike."""

        async def test(store: Any, clock: ManualClock) -> None:
            alike = [CARA[:-1], CARA + "0", CARA[:-1] + "9", "+39" + CARA[3:], ANN[:-1] + "5"]
            await self.add(store, [ANN, CARA, *LONG_AND_SHORT])
            assert await store.suppressed([*alike, ANN, CARA, *LONG_AND_SHORT]) == {ANN, CARA, *LONG_AND_SHORT}

        self.check(test)

    def test_what_was_added_is_there_for_whoever_opens_the_store_next(self) -> None:
        """Also for one who has it open already."""

        async def test(store: Any, clock: ManualClock) -> None:
            async with self.open_store(clock) as other:
                assert await other.suppressed([ANN]) == frozenset()
                await self.add(store, [ANN])
                assert await other.suppressed([ANN]) == {ANN}
            async with self.open_store(clock) as later:
                assert await later.suppressed([ANN, BEN]) == {ANN}
            assert await store.suppressed([ANN]) == {ANN}

        self.check(test)

    def test_questions_and_changes_at_the_same_time_all_count(self) -> None:
        """A store is used by many requests at once."""

        async def test(store: Any, clock: ManualClock) -> None:
            phones = [f"+1212555{number:04d}" for number in range(40)]

            async def said_no(phone: str) -> None:
                await self.add(store, [phone])
                assert await store.suppressed([phone]) == {phone}

            await asyncio.gather(*map(said_no, phones))
            assert await store.suppressed(phones) == set(phones)

        self.check(test)

    def test_a_number_that_can_t_be_dialled_is_on_no_list(self) -> None:
        """A ledger of an earlier version may have one; that is no reason for an error."""

        async def test(store: Any, clock: ManualClock) -> None:
            await self.add(store, [ANN])
            assert await store.suppressed(["+121255512340", ANN]) == {ANN}

        self.check(test)
