"""``RedisIdempotency`` on a real server: the contract, the settings that it needs, lost answers, what it keeps."""

from __future__ import annotations

import asyncio
import pickle
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from customersms_async import AsyncClient, ConfigurationError, IdempotencyStoreError, RedisIdempotency
from customersms_async._core.idempotency_hashes import CLAIM_BYTES, sealed
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.idempotency_states import KeyEvent, KeyState
from customersms_async.idempotency.protocol import ClaimEnd
from customersms_async.models import Outcome, Status
from customersms_async.testing import IdempotencyStoreContract, ManualClock
from support.real_time import PATIENCE
from support.redis_servers import proxy, redis_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox
    from support.redis_servers import RedisServer

KEY = b"the key of 16 by"
ASKED = [(KEY, b"its content")]
DURABLE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")


class TestRedisIdempotency(IdempotencyStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, shared_redis: RedisServer) -> None:
        self.url = shared_redis.url
        self.prefix = f"test:{secrets.token_hex(8)}:"

    def open_store(self, clock: Callable[[], int], keep: float) -> RedisIdempotency:
        return RedisIdempotency(self.url, self.prefix, clock=clock, keep=keep, timeout=PATIENCE, volatile=True)


@pytest.fixture
def prefix() -> str:
    return f"test:{secrets.token_hex(8)}:"


def of(server: RedisServer, prefix: str) -> RedisIdempotency:
    return RedisIdempotency(server.url, prefix, volatile=True, timeout=PATIENCE)


async def test_a_server_that_may_forget_is_refused_unless_that_is_accepted(tmp_path: Path) -> None:
    with redis_server(tmp_path, *DURABLE) as server:
        async with Redis.from_url(server.url) as bare, RedisIdempotency(server.url, timeout=PATIENCE) as store:
            assert await store.look([KEY]) == [None]
            for name, value, good in (
                ("appendfsync", "everysec", "always"),
                ("no-appendfsync-on-rewrite", "yes", "no"),
                ("appendonly", "no", "yes"),
                ("maxmemory-policy", "allkeys-lru", "noeviction"),
            ):
                await bare.config_set(name, value)
                fresh = RedisIdempotency(server.url, timeout=PATIENCE)
                with pytest.raises(IdempotencyStoreError, match=f"{name} {value}.*volatile=True") as caught:
                    await fresh.claim(Claim(b"claim", 1), ASKED)
                assert not caught.value.temporary
                await fresh.aclose()
                async with RedisIdempotency(server.url, volatile=True, timeout=PATIENCE) as volatile:
                    assert await volatile.look([KEY]) == [None]
                await bare.config_set(name, good)
            command: Any = bare.execute_command
            await command("ACL", "SETUSER", "default", "-config")
            async with RedisIdempotency(server.url, timeout=PATIENCE) as fresh:
                with pytest.raises(IdempotencyStoreError, match="does not tell its settings"):
                    await fresh.look([KEY])


async def test_what_was_acknowledged_is_there_after_a_kill_and_a_server_out_of_reach_may_be_back(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path, *DURABLE) as server:
        async with RedisIdempotency(server.url, timeout=PATIENCE) as store:
            assert await store.claim(Claim(b"claim", 10**8), ASKED) == [None]
            server.stop()
            with pytest.raises(IdempotencyStoreError, match="keys' Redis server can't be used") as caught:
                await store.look([KEY])
            assert caught.value.temporary
            server.start()
            (found,) = await store.look([KEY])
            assert found is not None
            assert (found.state, found.claim) == (KeyState.CLAIMED, b"claim")


async def test_a_server_that_begins_anew_and_may_forget_is_refused_though_nobody_met_it_out_of_reach(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as server:  # not on the disk at once, as comes second on the command line
        server.stop()
        server.start("--appendfsync", "always")
        async with RedisIdempotency(server.url, timeout=PATIENCE) as store:
            assert await store.claim(Claim(b"claim", 10**8), ASKED) == [None]
            server.stop()
            server.start()
            async with RedisIdempotency(server.url, volatile=True, timeout=PATIENCE) as volatile:
                await volatile.look([KEY])  # whoever takes any server says nothing for the others
            for _ in range(2):
                with pytest.raises(IdempotencyStoreError, match=r"appendfsync no\b.*volatile=True"):
                    await store.claim(Claim(b"other", 10**8), [(b"another key of 16", b"its content")])
            server.stop()
            server.start("--appendfsync", "always")
            (found,) = await store.look([KEY])
            assert found is not None
            assert found.claim == b"claim"


async def test_a_lost_answer_costs_no_key(shared_redis: RedisServer, prefix: str) -> None:
    async with proxy(shared_redis.port) as between:
        store = RedisIdempotency(between.url, prefix, volatile=True, timeout=PATIENCE)
        await store.look([KEY])
        lost: list[bytes] = []

        def once(question: bytes) -> bool:
            lost.append(question)
            return len(lost) == 1

        between.loses = once
        assert await store.claim(Claim(b"claim", 10**8), ASKED) == [None], "it was asked twice"
        assert len(lost) > 1
        await store.aclose()


async def test_a_claim_that_comes_after_it_was_given_back_holds_nothing(shared_redis: RedisServer, prefix: str) -> None:
    async with proxy(shared_redis.port) as between, of(shared_redis, prefix) as near:
        store = RedisIdempotency(between.url, prefix, volatile=True, timeout=PATIENCE)
        await store.look([KEY])
        between.delays = bool
        with pytest.raises(IdempotencyStoreError):
            await store.claim(Claim(b"claim", 10**8), ASKED)
        await near.end(b"claim", [ClaimEnd(KEY, KeyEvent.UNSENT)])
        await between.deliver()
        assert await near.look([KEY]) == [None]
        await store.aclose()


async def test_the_script_is_loaded_again_by_a_server_that_has_lost_it(shared_redis: RedisServer, prefix: str) -> None:
    async with of(shared_redis, prefix) as store, Redis.from_url(shared_redis.url) as bare:
        await store.look([KEY])
        await bare.script_flush()
        assert await store.look([KEY]) == [None]


async def test_keys_expire_by_themselves_and_take_less_than_three_hundred_bytes(
    shared_redis: RedisServer, prefix: str
) -> None:
    async with RedisIdempotency(shared_redis.url, prefix, keep=60, volatile=True, timeout=PATIENCE) as store:
        key, claim = store.hashes.of_send("order-17", "+12125551234", "Hello"), bytes(CLAIM_BYTES)
        outcome = Outcome(0, "+12125551234", Status.ACCEPTED, "msg_00000001")
        await store.claim(Claim(claim, 30_000_000, "01234567"), [(key.key, key.content)])
        await store.end(claim, [ClaimEnd(key.key, KeyEvent.ACCEPTED, sealed(outcome, 200, key, claim))])
        async with Redis.from_url(shared_redis.url) as bare:
            names = [name async for name in bare.scan_iter(f"{prefix}*")]
            assert len(names) == 2, "its key, and the time; nothing is open"
            for name in names:
                assert 0 < await bare.pttl(name) <= 3_700_000
                value = await bare.get(name)
                assert b"12125551234" not in name + value
                assert (await bare.memory_usage(name) or 0) < 240, "and some 60 for its time to live"


async def test_what_was_never_answered_leaves_the_list_when_it_is_forgotten(
    shared_redis: RedisServer, prefix: str
) -> None:
    clock = ManualClock(10**12)
    async with (
        RedisIdempotency(shared_redis.url, prefix, keep=60, volatile=True, timeout=PATIENCE, clock=clock) as store,
        Redis.from_url(shared_redis.url) as bare,
    ):
        for number in range(3):
            await store.claim(Claim(b"claim %d" % number, 30_000_000), [(b"key %d" % number, b"content")])
            clock.us += 86_500_000_000
        (name,) = [name async for name in bare.scan_iter(f"{prefix}*open")]
        assert await bare.zcard(name) == 1
        assert await bare.pttl(name) > 0
        assert await store.unknown() == []


async def test_two_clients_share_its_keys(
    sandbox: Sandbox, make_client: Callable[..., AsyncClient], shared_redis: RedisServer, prefix: str
) -> None:
    async with of(shared_redis, prefix) as one, of(shared_redis, prefix) as other:
        clients = [make_client(idempotency=store) for store in (one, other)]
        outcomes = await asyncio.gather(*(c.send("+12125551234", "Hello", idempotency_key="k") for c in clients * 3))
        assert sandbox.requests == 1
        assert len({o.message_id for o in outcomes}) == 1


async def test_it_comes_back_from_a_pickle_with_all_its_options(shared_redis: RedisServer, prefix: str) -> None:
    store = RedisIdempotency(shared_redis.url, prefix, volatile=True, secret="a secret", keep=60).namespaced("one")
    key = store.hashes.of_send("key", "+12125551234", "Hello")
    await store.claim(Claim(b"claim", 10**8), [(key.key, key.content)])
    again = pickle.loads(pickle.dumps(store))  # noqa: S301 - made here
    assert (await again.look([again.hashes.key_of_send("key")]))[0] is not None
    assert "a secret" not in repr(store)
    await store.aclose()
    await again.aclose()
    async with Redis.from_url(shared_redis.url) as client:
        with pytest.raises(TypeError, match="use a URL"):
            pickle.dumps(RedisIdempotency(client, prefix))


async def test_what_can_t_be_used_is_refused_when_it_is_made(shared_redis: RedisServer) -> None:
    with pytest.raises(ConfigurationError, match="RedisIdempotency can't read its URL"):
        RedisIdempotency("http://cache")
    with pytest.raises(ConfigurationError, match="must not contain"):
        RedisIdempotency(shared_redis.url, "{app}")
    async with Redis.from_url(shared_redis.url, decode_responses=True) as client:
        servers: list[Any] = [client, *(f"{shared_redis.url}?decode_responses={said}" for said in ("True", "no", "0"))]
        for server in servers:
            with pytest.raises(ConfigurationError, match="does not decode"):
                RedisIdempotency(server)
