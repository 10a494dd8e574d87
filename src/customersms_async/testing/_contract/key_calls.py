"""The calls of a store of idempotency keys, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.idempotency_record import SPENT_US, UNSENT_AFTER_US, Claim, KeySeen
from ..._core.idempotency_states import KeyEvent, KeyState
from ...idempotency.protocol import ClaimEnd, UnknownKey
from .key_store import ANOTHER, ASKED, KEEP, KEY, LAPSE_US, LENGTH_US, ONE, OTHER, KeyStoreContract

if TYPE_CHECKING:
    from ...idempotency.protocol import IdempotencyStore
    from ..clock import ManualClock


class KeyCallContract(KeyStoreContract):
    """The life of one key, from its claim to when it is forgotten."""

    def test_a_key_is_claimed_once_and_seen_with_what_is_left_of_its_claim(self) -> None:
        """Another claim gets nothing, and is told who has the key."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            assert list(await store.look([KEY, ANOTHER])) == [None, None]
            assert list(await store.claim(ONE, ASKED)) == [None]
            clock.us += 10
            held = KeySeen(KeyState.CLAIMED, ONE.claim, b"its content", b"", LAPSE_US - 10)
            assert list(await store.look([ANOTHER, KEY])) == [None, held]
            assert list(await store.claim(OTHER, ASKED)) == [held]

        self.check(test)

    def test_a_batch_gets_all_of_its_keys_or_none(self) -> None:
        """A key that was free stays so where another was not."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            await store.claim(ONE, ASKED)
            found = await store.claim(OTHER, [(ANOTHER, b"b"), *ASKED])
            assert [one is None for one in found] == [True, False]
            assert list(await store.look([ANOTHER])) == [None]
            many = [(bytes([n]) * 16, b"content") for n in range(100)]
            assert list(await store.claim(OTHER, many)) == [None] * 100
            await store.end(OTHER.claim, [ClaimEnd(key, KeyEvent.ACCEPTED, b"words") for key, _ in many])
            assert {seen.state for seen in await store.look([key for key, _ in many]) if seen} == {KeyState.ACCEPTED}

        self.check(test)

    def test_a_claim_lapses_five_seconds_past_its_deadline_and_a_late_answer_of_its_own_counts(self) -> None:
        """Another claim's answer changes nothing."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            await store.claim(ONE, ASKED)
            clock.us += LAPSE_US - 1
            assert (await store.look([KEY]))[0] == KeySeen(KeyState.CLAIMED, ONE.claim, b"its content", b"", 1)
            clock.us += 1
            lapsed = KeySeen(KeyState.INTERRUPTED, ONE.claim, b"its content")
            assert list(await store.look([KEY])) == [lapsed]
            assert list(await store.claim(OTHER, ASKED)) == [lapsed]
            await store.end(OTHER.claim, [ClaimEnd(KEY, KeyEvent.UNSENT)])
            assert list(await store.look([KEY])) == [lapsed]
            await store.end(ONE.claim, [ClaimEnd(KEY, KeyEvent.REJECTED, bytes(range(256)) * 4)])
            rejected = KeySeen(KeyState.REJECTED, ONE.claim, b"its content", bytes(range(256)) * 4)
            assert list(await store.look([KEY])) == [rejected]
            await store.end(ONE.claim, [ClaimEnd(KEY, KeyEvent.ACCEPTED)])
            assert list(await store.look([KEY])) == [rejected], "what is known stays"

        self.check(test)

    def test_what_has_ended_is_kept_to_the_microsecond(self) -> None:
        """From its end, and a lapsed claim from when it lapsed."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            keep_us = round(KEEP * 1e6)
            await store.claim(ONE, ASKED)
            await store.claim(OTHER, [(ANOTHER, b"b")])
            clock.us += 1_000
            await store.end(ONE.claim, [ClaimEnd(KEY, KeyEvent.ACCEPTED, b"words")])
            clock.us += keep_us - 1
            assert (await store.look([KEY]))[0] is not None
            clock.us += 1
            assert list(await store.look([KEY])) == [None]
            assert list(await store.claim(Claim(b"claim-3---", LENGTH_US), [(KEY, b"new content")])) == [None]
            clock.us += LAPSE_US - 1_001
            assert (await store.look([ANOTHER]))[0] is not None
            clock.us += 1
            assert list(await store.look([ANOTHER])) == [None]

        self.check(test)

    def test_a_claim_that_was_given_back_never_holds_a_key_again(self) -> None:
        """A message that comes twice is no new claim; one that comes after it was given back is refused."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            assert list(await store.claim(ONE, ASKED)) == list(await store.claim(ONE, ASKED)) == [None]
            await store.end(ONE.claim, [ClaimEnd(KEY, KeyEvent.UNSENT)])
            assert list(await store.look([KEY])) == [None]
            assert (await store.claim(ONE, ASKED))[0] is not None
            assert list(await store.look([KEY])) == [None]
            await store.end(OTHER.claim, [ClaimEnd(ANOTHER, KeyEvent.UNSENT)])
            assert (await store.claim(OTHER, [(ANOTHER, b"b")]))[0] is not None
            clock.us += SPENT_US - 1
            assert (await store.claim(ONE, ASKED))[0] is not None
            assert list(await store.claim(Claim(b"claim-3---", LENGTH_US), [(KEY, b"new content")])) == [None]

        self.check(test)

    def test_a_person_decides_about_what_may_have_been_sent(self) -> None:
        """Oldest first; as unsent not before ten minutes past its deadline, and for its own claim only."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            await store.claim(ONE, ASKED)
            clock.us += 5
            await store.claim(OTHER, [(ANOTHER, b"b")])
            assert list(await store.unknown()) == []
            await store.end(OTHER.claim, [ClaimEnd(ANOTHER, KeyEvent.UNANSWERED, b"words")])
            clock.us += LAPSE_US - 5
            assert list(await store.unknown()) == [
                UnknownKey(KEY, KeyState.INTERRUPTED, ONE.claim, LAPSE_US, "label"),
                UnknownKey(ANOTHER, KeyState.UNKNOWN, OTHER.claim, LAPSE_US - 5, ""),
            ]
            left_us = LENGTH_US + UNSENT_AFTER_US - LAPSE_US
            assert await store.resolve(KEY, ONE.claim, KeyEvent.FOUND_UNSENT, "me") == left_us
            assert await store.resolve(ANOTHER, OTHER.claim, KeyEvent.FOUND_ACCEPTED, "me") == 0
            assert (await store.look([ANOTHER]))[0] == KeySeen(KeyState.ACCEPTED, OTHER.claim, b"b")
            clock.us += left_us
            for key, claim in ((KEY, OTHER.claim), (ANOTHER, OTHER.claim), (b"no key", ONE.claim)):
                try:
                    await store.resolve(key, claim, KeyEvent.FOUND_UNSENT, "me")
                except LookupError:
                    continue
                raise AssertionError("there is nothing to decide")
            assert await store.resolve(KEY, ONE.claim, KeyEvent.FOUND_UNSENT, "me") == 0
            assert list(await store.look([KEY])) == [None]
            assert list(await store.unknown()) == []
            await store.end(ONE.claim, [ClaimEnd(KEY, KeyEvent.ACCEPTED)])
            assert list(await store.look([KEY])) == [None], "a person has said otherwise"

        self.check(test)

    def test_namespaces_have_keys_of_their_own(self) -> None:
        """Equal keys of two names are two keys, and each lists its own."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            spaces = [
                store,
                store.namespaced("one"),
                store.namespaced("two"),
                store.namespaced("one").namespaced("two"),
            ]
            for number, space in enumerate(spaces):
                assert list(await space.claim(Claim(b"claim-%04d" % number, LENGTH_US), ASKED)) == [None]
            assert (await store.namespaced("two").look([KEY]))[0] == (await spaces[2].look([KEY]))[0]
            clock.us += LAPSE_US
            assert [[one.claim for one in await space.unknown()] for space in spaces] == [
                [b"claim-%04d" % number] for number in range(4)
            ]

        self.check(test)

    def test_a_clock_that_steps_back_stands_still(self) -> None:
        """No claim lasts longer for it than it would, and none ends sooner."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            await store.claim(ONE, ASKED)
            clock.us += 100
            left = (await store.claim(OTHER, ASKED))[0]
            clock.us -= 1_000
            assert (await store.claim(OTHER, ASKED))[0] == left

        self.check(test)

    def test_what_was_claimed_is_there_when_the_store_is_opened_again(self) -> None:
        """Unless nobody else can see it, as in memory."""

        async def test(store: IdempotencyStore, clock: ManualClock) -> None:
            await store.claim(ONE, ASKED)
            async with self.open_store(clock, KEEP) as again:
                assert (await again.look([KEY]))[0] == (await store.look([KEY]))[0]

        self.check(test)
