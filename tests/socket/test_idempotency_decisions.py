"""A person looks at texts of unknown fate, and decides: ``client.idempotency``."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from customersms_async import (
    AsyncClient,
    ConfigurationError,
    MemoryIdempotency,
    OutcomeUnknownError,
    RedisIdempotency,
    Status,
)
from customersms_async._core.idempotency_hashes import KeyHashes, shown_claim
from customersms_async._core.idempotency_record import Claim
from customersms_async.idempotency import ShownKey
from customersms_async.sandbox import Fault, Sandbox
from customersms_async.sandbox.magic import number
from customersms_async.testing import ManualClock
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from support.redis_servers import RedisServer

MakeClient = Callable[..., AsyncClient]
PHONE, TEXT, KEY = "+12125551234", "Your parcel is here", "order-17/shipped"
CLAIM = b"0123456789"
ID = shown_claim(CLAIM, KeyHashes(None).key_of_send(KEY))
NOBODYS = shown_claim(b"9876543210", b"another key")
MINUTE_US = 60_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(10**12)


@pytest.fixture
async def client(make_client: MakeClient, clock: ManualClock) -> AsyncClient:
    """A client whose key somebody claimed who died then."""
    store = MemoryIdempotency(clock=clock)
    hashed = store.hashes.of_send(KEY, PHONE, TEXT)
    await store.claim(Claim(CLAIM, 30_000_000, "01234567"), [(hashed.key, hashed.content)])
    clock.us += MINUTE_US
    return make_client(idempotency=store)


async def test_what_is_unknown_is_listed_with_its_claim_its_time_and_its_label(client: AsyncClient) -> None:
    (one,) = await client.idempotency.unknown()
    assert (one.id, one.label) == (ID, "01234567")
    assert abs(datetime.now(UTC) - timedelta(minutes=1) - one.time) < timedelta(seconds=30)
    with pytest.raises(OutcomeUnknownError, match=ID):
        await client.send(PHONE, TEXT, idempotency_key=KEY)


@pytest.mark.parametrize("named", [KEY, ID])
async def test_found_accepted_it_is_accepted_for_everyone(client: AsyncClient, sandbox: Sandbox, named: str) -> None:
    assert await client.idempotency.show(named) == ShownKey("interrupted", ID)
    assert await client.idempotency.resolve(named, as_="accepted", by="Ann") == ID
    outcome = await client.send(PHONE, TEXT, idempotency_key=KEY)
    assert (outcome.status, outcome.message_id, outcome.replayed) == (Status.ACCEPTED, None, True)
    assert await client.idempotency.unknown() == ()
    assert await client.idempotency.show(KEY) == ShownKey("accepted", ID)
    assert sandbox.requests == 0


@pytest.mark.parametrize("named", [KEY, ID])
async def test_found_unsent_it_is_sent_by_the_next_call_but_not_before_ten_minutes_have_passed(
    client: AsyncClient, clock: ManualClock, sandbox: Sandbox, named: str
) -> None:
    with pytest.raises(ConfigurationError, match="in 570 s or later"):
        await client.idempotency.resolve(named, as_="unsent", by="Ann")
    clock.us += 10 * MINUTE_US
    assert await client.idempotency.resolve(named, as_=Status.UNSENT, by="Ann") == ID
    assert await client.idempotency.show(KEY) == ShownKey("free")
    assert not (await client.send(PHONE, TEXT, idempotency_key=KEY)).replayed
    assert sandbox.requests == 1


async def test_the_api_key_is_named_as_the_client_names_it_and_as_long_as_a_store_can_keep(
    make_client: MakeClient, shared_redis: RedisServer
) -> None:
    phone, namespace = number(Fault.EMPTY_BODY), secrets.token_hex(8)
    async with RedisIdempotency(shared_redis.url, volatile=True, namespace=namespace, timeout=PATIENCE) as store:
        for label in ("tenant-42", "\N{HONEYBEE}" * 64):
            client = make_client(idempotency=store, label=label)
            with pytest.raises(OutcomeUnknownError, match=f"key {label}"):
                await client.send(phone, TEXT, idempotency_key=label)
        assert [one.label for one in await client.idempotency.unknown()] == ["tenant-42", "\N{HONEYBEE}" * 60]


async def test_a_key_of_many_is_found_with_its_number(client: AsyncClient, clock: ManualClock) -> None:
    phone = number(Fault.EMPTY_BODY)
    await client.send_many([phone], TEXT, idempotency_key="many")
    keys = client.idempotency
    assert (await keys.show("many", phone=phone)).state == "unknown"
    assert (await keys.show("many")).state == "free"
    await keys.resolve("many", phone=phone, as_="accepted", by="Ann")
    assert (await client.send_many([phone], TEXT, idempotency_key="many")).accepted == 1


async def test_a_person_decides_about_one_number_of_a_request_and_about_no_other(
    make_client: MakeClient, clock: ManualClock, sandbox: Sandbox
) -> None:
    phones = [f"+1212555100{n}" for n in range(3)]
    client = make_client(idempotency=MemoryIdempotency(clock=clock), max_retries=0)
    sandbox.misbehave([Fault.JSON_CUT])
    await client.send_many(phones, TEXT, idempotency_key="many")
    keys = client.idempotency
    shown = [(await keys.show("many", phone=phone)).id for phone in phones]
    assert len(set(shown)) == 3
    assert {one.id for one in await keys.unknown()} == set(shown)
    clock.us += 20 * MINUTE_US
    with pytest.raises(ConfigurationError, match="give it without phone"):
        await keys.resolve(str(shown[0]), as_="unsent", by="Ann", phone=phones[1])
    await keys.resolve(str(shown[2]), as_="unsent", by="Ann")
    await keys.resolve(str(shown[1]), as_="accepted", by="Ann")
    report = await client.send_many(phones, TEXT, idempotency_key="many")
    assert [(o.status, o.replayed) for o in report.outcomes] == [
        (Status.UNKNOWN, True),
        (Status.ACCEPTED, True),
        (Status.ACCEPTED, False),
    ]
    assert [text.phone for text in sandbox.texts] == [*phones, phones[2]]


async def test_a_key_that_looks_like_a_claim_is_a_key(client: AsyncClient) -> None:
    key = "claim-0123456789abcdef0123"
    await client.send(PHONE, TEXT, idempotency_key=key)
    assert (await client.idempotency.show(key)).state == "accepted"
    phone = number(Fault.EMPTY_BODY)
    await client.send_many([phone], TEXT, idempotency_key=key)
    assert await client.idempotency.resolve(key, as_="accepted", by="Ann", phone=phone)


async def test_there_must_be_something_to_decide_about_and_somebody_who_does(
    client: AsyncClient, make_client: MakeClient
) -> None:
    keys = client.idempotency
    await client.send(PHONE, "another", idempotency_key="sent")
    for named in ("sent", "no such key", NOBODYS):
        with pytest.raises(ConfigurationError, match="may have been sent"):
            await keys.resolve(named, as_="accepted", by="Ann")
    assert await keys.show(NOBODYS) == ShownKey("free")
    for as_, by, problem in (
        ("planned", "Ann", "not as 'planned'"),
        ("accepted", " ", "by is the name"),
        ("accepted", "A" * 61, "by is the name"),
        ("accepted", "A" + " " * 60, "by is the name"),
        ("accepted", "A\n", "by is the name"),
    ):
        with pytest.raises(ConfigurationError, match=problem):
            await keys.resolve(KEY, as_=as_, by=by)
    with pytest.raises(ConfigurationError, match="empty"):
        await keys.show("")
    assert len(await keys.unknown()) == 1
    with pytest.raises(ConfigurationError, match="keeps no idempotency keys"):
        make_client().idempotency  # noqa: B018
