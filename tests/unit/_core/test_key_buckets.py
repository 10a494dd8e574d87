"""The buckets of all keys: which of them rest, and that nobody can tell."""

from __future__ import annotations

from customersms_async._core.key_buckets import PAUSE_US, KeyBuckets
from customersms_async._core.layers import Layer, Wait

SECOND = 1_000_000
ONE = (Layer(1, SECOND),)
HOUR = (Layer(2, 3_600 * SECOND),)


def send(keys: KeyBuckets, key_id: str, now_us: int) -> None:
    buckets = keys.of(key_id, now_us)
    request = buckets.take(now_us, ONE, SECOND)
    assert isinstance(request, int)
    buckets.settle(now_us, request)


def keys_that_have_sent(count: int) -> KeyBuckets:
    keys = KeyBuckets()
    for number in range(count):
        send(keys, f"key {number}", number)
    return keys


def test_keys_rest_when_others_are_used_after_their_longest_window() -> None:
    keys = keys_that_have_sent(1_000)
    assert len(keys.awake) == 1_000
    keys.of("key 0", SECOND // 2)
    assert len(keys.awake) == 1_000, "it is awake, and no sweep is due"
    now_us = SECOND + PAUSE_US
    for _ in range(20):
        assert now_us >= keys.due_us
        keys.sweep(now_us)
        if not keys.awake:
            break
    assert not keys.awake
    assert now_us < keys.due_us + PAUSE_US


def test_a_sweep_looks_at_a_few_keys_only() -> None:
    keys = keys_that_have_sent(1_000)
    keys.sweep(10 * SECOND)
    assert 900 < len(keys.awake) < 1_000


def test_a_key_that_rested_goes_on_as_it_was() -> None:
    keys = keys_that_have_sent(1)
    keys.sweep(10 * SECOND)
    assert not keys.awake
    send(keys, "key 0", 10 * SECOND)
    assert isinstance(keys.of("key 0", 20 * SECOND).take(20 * SECOND, HOUR, SECOND), Wait), "both are known"


def test_a_key_in_use_stays_awake_and_waking_one_sweeps_too() -> None:
    keys = KeyBuckets()
    held = keys.of("held", 0)
    assert held.take(0, ONE, 100 * SECOND) == 1
    send(keys, "sent", 0)
    keys.of("new", 10 * SECOND)
    assert set(keys.awake) == {"held", "new"}
    assert keys.of("held", 10 * SECOND) is held


def test_a_key_that_was_only_looked_at_leaves_nothing() -> None:
    keys = KeyBuckets()
    keys.of("looked at", 0).usage(0, ONE)
    keys.sweep(10 * SECOND)
    assert (keys.awake, keys._at_rest) == ({}, {})


def test_what_is_told_of_long_limits_is_told_after_a_rest_too() -> None:
    told: list[None] = []
    keys, day = KeyBuckets(lambda: told.append(None)), 86_400 * SECOND
    send(keys, "key", 0)
    keys.sweep(2 * day)
    assert not keys.awake
    buckets = keys.of("key", 2 * day)
    send(keys, "key", 2 * day)
    assert buckets.usage(2 * day, (Layer(9, 30 * day),))[0].used == 2
    assert len(told) == 1
