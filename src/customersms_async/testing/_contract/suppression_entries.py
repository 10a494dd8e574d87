"""The entries of a suppression list: when, why and by whom a number was added or removed."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, InvalidRecipientError
from ...suppression.entries import LONGEST, EntryKind, SuppressionEntry
from .suppression_store import ANN, BEN, CARA, SuppressionTest

if TYPE_CHECKING:
    from ..clock import ManualClock

ADDED, REMOVED = EntryKind.ADDED, EntryKind.REMOVED


class SuppressionEntryContract(SuppressionTest):
    """A store that keeps entries: nothing that was said is ever deleted."""

    def test_each_change_is_an_entry_and_what_changes_nothing_is_none(self) -> None:
        """In the order in which they were made, with the time, the words, and how many numbers changed."""

        async def test(store: Any, clock: ManualClock) -> None:
            begin = clock.us
            assert await store.add([CARA, ANN, CARA], why="said so", by="Ben") == 2
            clock.us += 1_000_001
            assert await store.add([ANN, BEN], why="a list") == 1
            clock.us -= 5_000_000  # a wall clock may be put back; the order stays
            assert await store.remove([CARA, "+390612345678"], by="Cara") == 1
            at = [datetime.fromtimestamp((begin + off) // 1_000_000, UTC) for off in (0, 1_000_001, -3_999_999)]
            at[1] = at[1].replace(microsecond=1)
            at[2] = at[2].replace(microsecond=1)
            first = [SuppressionEntry(phone, at[0], ADDED, "said so", "Ben") for phone in (CARA, ANN)]
            last = SuppressionEntry(CARA, at[2], REMOVED, "", "Cara")
            everything = [*first, SuppressionEntry(BEN, at[1], ADDED, "a list"), last]
            assert list(await store.entries()) == everything
            assert list(await store.entries(CARA)) == [first[0], last]
            assert list(await store.entries("+390612345678")) == []

        if self.keeps_entries:
            self.check(test)

    def test_numbers_are_judged_before_anything_changes(self) -> None:
        """One that is none leaves all the others out; how a number is written makes no difference."""

        async def test(store: Any, clock: ManualClock) -> None:
            for change in (store.add, store.remove):
                for wrong in ([ANN, "nobody"], "212 555 1234", [ANN, ""], [ANN, None]):
                    try:
                        await change(wrong)
                    except InvalidRecipientError:
                        continue
                    raise AssertionError(f"{wrong!r} was taken")
            assert list(await store.entries()) == []
            assert await store.add("+1 (212) 555-1234") == 1
            assert await store.suppressed([ANN]) == {ANN}
            assert await store.add(iter(["+44 (0)20 7183 8750"])) == 1
            assert await store.suppressed([BEN]) == {BEN}
            assert await store.remove([]) == 0
            assert [entry.phone for entry in await store.entries("+1 212 555 1234")] == [ANN]

        if self.keeps_entries:
            self.check(test)

    def test_words_that_can_t_be_kept_are_refused(self) -> None:
        """What can be kept comes back as it was."""

        async def test(store: Any, clock: ManualClock) -> None:
            for why, by in (("\ud800", ""), ("", "x" * (LONGEST + 1)), (None, ""), ("", 5)):
                try:
                    await store.add(ANN, why=why, by=by)
                except ConfigurationError:
                    continue
                raise AssertionError(f"{why!r} and {by!r} were taken")
            odd = "\0\x1b[2J'; -- ✋" + "ü" * 900
            await store.add(ANN, why=odd, by=odd)
            (entry,) = await store.entries(ANN)
            assert (entry.why, entry.by) == (odd, odd)

        if self.keeps_entries:
            self.check(test)

    def test_a_store_answers_as_a_list_of_entries_does(self) -> None:
        """Three hundred calls about few numbers, so that they meet."""

        async def test(store: Any, clock: ManualClock) -> None:
            draw, said = random.Random(11), list[tuple[str, EntryKind]]()
            phones = [f"+1212555000{number}" for number in range(7)]
            for _ in range(300):
                clock.us += draw.choice((0, 1, 1_000_000))
                asked = draw.sample(phones, draw.randrange(5))
                now = dict(said)
                if draw.random() < 0.4:
                    expected = {phone for phone in asked if now.get(phone) is ADDED}
                    assert await store.suppressed(asked) == expected
                    continue
                kind = draw.choice((ADDED, REMOVED))
                changed = [phone for phone in asked if (now.get(phone) is ADDED) is not (kind is ADDED)]
                call = store.add if kind is ADDED else store.remove
                assert await call(asked) == len(changed)
                said += [(phone, kind) for phone in changed]
            assert [(entry.phone, entry.kind) for entry in await store.entries()] == said

        if self.keeps_entries:
            self.check(test)
