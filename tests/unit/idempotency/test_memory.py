"""``MemoryIdempotency``: the contract, and what is its own: threads, forks, and how little it keeps."""

from __future__ import annotations

import copy
import itertools
import pickle
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from customersms_async import ConfigurationError, MemoryIdempotency
from customersms_async._core.idempotency_hashes import CLAIM_BYTES, HashedKey, KeyHashes, sealed
from customersms_async._core.idempotency_record import Claim, KeyRecord
from customersms_async._core.idempotency_states import KeyEvent, KeyState
from customersms_async.idempotency.protocol import ClaimEnd
from customersms_async.models import Outcome, Status
from customersms_async.testing import IdempotencyStoreContract, ManualClock
from support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from customersms_async.idempotency import IdempotencyStore


class TestMemoryIdempotency(IdempotencyStoreContract):
    store: MemoryIdempotency | None = None

    def open_store(self, clock: Callable[[], int], keep: float) -> AbstractAsyncContextManager[IdempotencyStore]:
        self.store = self.store or MemoryIdempotency(clock=clock, keep=keep)

        @asynccontextmanager
        async def opened(store: MemoryIdempotency) -> AsyncIterator[IdempotencyStore]:
            yield store

        return opened(self.store)


def hashed(number: int) -> HashedKey:
    return KeyHashes(None).of_send(f"order-{number}", "+12125551234", "Hello")


def test_of_many_threads_one_gets_each_key() -> None:
    store, claims, got = MemoryIdempotency(), itertools.count(), list[int]()

    async def work() -> None:
        for number in range(200):
            claim = Claim(b"%10d" % next(claims), 10**7)
            if await store.claim(claim, [(hashed(number).key, b"content")]) == [None]:
                got.append(number)

    in_threads(3, work)
    assert sorted(got) == list(range(200))


async def test_a_kept_key_takes_less_than_three_hundred_bytes_and_is_dropped_when_its_time_is_over() -> None:
    clock = ManualClock(10**12)
    store = MemoryIdempotency(clock=clock)
    outcome = Outcome(0, "+12125551234", Status.ACCEPTED, "msg_00000001")
    for number in range(20_000):
        key, claim = hashed(number), number.to_bytes(CLAIM_BYTES, "big")
        await store.claim(Claim(claim, 30_000_000, "01234567"), [(key.key, key.content)])
        await store.end(claim, [ClaimEnd(key.key, KeyEvent.ACCEPTED, sealed(outcome, 200, key, claim))])
    kept = store._keys
    assert {type(packed) for packed in kept.kept.values()} == {bytes}
    sizes = [sys.getsizeof(kept.kept), sys.getsizeof(kept._order)]
    sizes += [sys.getsizeof(key) + sys.getsizeof(packed) for key, packed in kept.kept.items()]
    assert sum(sizes) / 20_000 < 300
    clock.us += 8 * 86_400_000_000
    for number in range(20_000, 40_000):
        await store.claim(Claim(number.to_bytes(CLAIM_BYTES, "big"), 10**7), [(hashed(number).key, b"")])
    assert len(kept.kept) <= 20_000


async def test_a_key_whose_claim_lapsed_is_packed_in_time() -> None:
    clock = ManualClock(10**12)
    store = MemoryIdempotency(clock=clock)
    for number in range(100):
        await store.claim(Claim(number.to_bytes(CLAIM_BYTES, "big"), 10**7), [(hashed(number).key, b"content")])
    clock.us += 700_000_000
    for number in range(100, 400):
        await store.claim(Claim(number.to_bytes(CLAIM_BYTES, "big"), 10**7), [(hashed(number).key, b"content")])
    kept = [type(store._keys.kept[hashed(number).key]) for number in range(400)]
    assert kept == [bytes] * 100 + [KeyRecord] * 300
    assert len(await store.unknown()) == 100
    seen = await store.look([hashed(0).key, hashed(199).key])
    assert [each and each.state for each in seen] == [KeyState.INTERRUPTED, KeyState.CLAIMED]


async def test_a_key_that_was_given_back_is_dropped_when_no_copy_of_its_claim_may_come() -> None:
    clock = ManualClock(10**12)
    store = MemoryIdempotency(clock=clock)
    for number in range(1_000):
        claim = number.to_bytes(CLAIM_BYTES, "big")
        await store.claim(Claim(claim, 10**7), [(hashed(number).key, b"content")])
        await store.end(claim, [ClaimEnd(hashed(number).key, KeyEvent.UNSENT)])
    clock.us += 600_000_000
    for number in range(1_000, 1_400):
        await store.claim(Claim(number.to_bytes(CLAIM_BYTES, "big"), 10**7), [(hashed(number).key, b"content")])
    assert len(store._keys.kept) == 400


def test_it_stays_in_its_process() -> None:
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="SQLiteIdempotency"):
            way(MemoryIdempotency())


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="keep"):
        MemoryIdempotency(keep=0)
    with pytest.raises(ConfigurationError, match="secret"):
        MemoryIdempotency(secret="")
    with pytest.raises(ConfigurationError, match="namespace"):
        MemoryIdempotency(namespace=5)  # type: ignore[arg-type]
    store = MemoryIdempotency(secret="a secret")
    assert "a secret" not in f"{store!r} {store._keeping!r} {store.hashes!r}"
