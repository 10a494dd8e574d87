"""``send`` under idempotency keys: one text, and its outcome for everyone who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from customersms_async import (
    AsyncClient,
    ConfigurationError,
    ConnectionFailedError,
    IdempotencyMismatchError,
    IdempotencyStoreError,
    Limit,
    MemoryIdempotency,
    MemoryQuota,
    OutcomeUnknownError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    SendError,
)
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.idempotency_states import KeyEvent, KeyState
from customersms_async.events import OutcomesKnown
from customersms_async.idempotency.protocol import ClaimEnd
from customersms_async.sandbox import Fault, Sandbox
from customersms_async.sandbox.magic import number
from customersms_async.testing import ManualClock
from support.event_recorder import EventRecorder
from support.failing_keys import FailingKeys

MakeClient = Callable[..., AsyncClient]
PHONE, TEXT, KEY = "+12125551234", "Your parcel is here", "order-17/shipped"


async def test_the_second_call_sends_nothing_and_gives_the_outcome_of_the_first(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    store = MemoryIdempotency()
    first = await make_client(idempotency=store).send(PHONE, TEXT, idempotency_key=KEY)
    again = await make_client(idempotency=store).send("+1 (212) 555-1234", TEXT, idempotency_key=KEY)
    assert not first.replayed
    assert again.replayed
    assert (again.status, again.message_id, again.phone) == (first.status, first.message_id, PHONE)
    assert sandbox.requests == 1


async def test_a_repeated_call_is_answered_at_once(make_client: MakeClient) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    await client.send(PHONE, TEXT, idempotency_key=KEY)
    call = client.send(PHONE, TEXT, idempotency_key=KEY)
    with pytest.raises(StopIteration) as ended:
        call.send(None)  # it waits for nothing at all
    assert ended.value.value.replayed


async def test_another_key_of_the_api_changes_nothing(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    await client.send(PHONE, TEXT, idempotency_key=KEY)
    assert (await client.with_options(api_key="cspro_another").send(PHONE, TEXT, idempotency_key=KEY)).replayed
    assert sandbox.requests == 1


async def test_a_repeated_call_takes_no_token_and_waits_for_none(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency(), limits=Limit(1, 3_600))
    await client.send(PHONE, TEXT, idempotency_key=KEY)
    assert (await client.send(PHONE, TEXT, idempotency_key=KEY, max_wait=0)).replayed
    assert (await client.quota_status()).limits[0].used == 1
    with pytest.raises(QuotaExceededError):
        await client.send(PHONE, TEXT, idempotency_key="another", max_wait=0)


@pytest.mark.parametrize(("phone", "text"), [("+13235554567", TEXT), (PHONE, "Your parcel was here")])
async def test_another_number_or_text_under_a_used_key_is_refused(
    make_client: MakeClient, sandbox: Sandbox, phone: str, text: str
) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    await client.send(PHONE, TEXT, idempotency_key=KEY)
    with pytest.raises(IdempotencyMismatchError, match="used before"):
        await client.send(phone, text, idempotency_key=KEY)
    assert sandbox.requests == 1


async def test_namespaces_have_keys_of_their_own(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = MemoryIdempotency()
    client = make_client(idempotency=store)
    for tenant in ("tenant-1", "tenant-2"):
        theirs = client.with_options(idempotency=store.namespaced(tenant))
        assert not (await theirs.send(PHONE, TEXT, idempotency_key=KEY)).replayed
        again = client.with_options(idempotency=store.namespaced(tenant))
        assert (await again.send(PHONE, TEXT, idempotency_key=KEY)).replayed
    assert not (await client.send(PHONE, TEXT, idempotency_key=KEY)).replayed
    assert sandbox.requests == 3


async def test_no_two_names_are_one_namespace(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = MemoryIdempotency()
    acme = store.namespaced("acme")
    for tenant in (acme, acme.namespaced("eu"), store.namespaced("acme/eu"), store.namespaced("acme~1eu")):
        client = make_client(idempotency=tenant)
        assert not (await client.send(PHONE, TEXT, idempotency_key=KEY)).replayed
    with pytest.raises(ConfigurationError, match="needs a name"):
        store.namespaced("")


async def test_calls_at_the_same_time_are_one_text(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    outcomes = await asyncio.gather(*(client.send(PHONE, TEXT, idempotency_key=KEY) for _ in range(20)))
    assert sandbox.requests == 1
    assert sorted(o.replayed for o in outcomes) == [False] + [True] * 19
    assert len({o.message_id for o in outcomes}) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.ROW_REJECTED, RejectedError),
        (Fault.EMPTY_BODY, OutcomeUnknownError),
        (Fault.CUT_IN_BODY, OutcomeUnknownError),
    ],
)
async def test_rejected_and_unknown_raise_as_they_did_at_first(
    make_client: MakeClient, sandbox: Sandbox, fault: Fault, kind: type[SendError]
) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    raised = []
    for _ in range(2):
        with pytest.raises(kind) as caught:
            await client.send(number(fault), TEXT, idempotency_key=KEY)
        raised.append(caught.value)
    first, again = raised
    assert type(first) is type(again)
    assert (str(first), vars(first)) == (str(again), vars(again))


async def test_what_provably_never_left_frees_the_key(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = MemoryIdempotency()
    away = make_client(idempotency=store, url="http://127.0.0.1:9/", max_retries=0)
    with pytest.raises(ConnectionFailedError):
        await away.send(PHONE, TEXT, idempotency_key=KEY)
    client = make_client(idempotency=store, max_retries=0)
    with pytest.raises(RateLimitedError):
        await client.send(number(Fault.STATUS_429), TEXT, idempotency_key=KEY, max_wait=0)
    fresh = make_client(idempotency=store)
    assert not (await fresh.send(PHONE, "another text", idempotency_key=KEY)).replayed


async def claimed(store: MemoryIdempotency, seconds: float = 30.0) -> bytes:
    """Another process that is sending."""
    key = store.hashes.of_send(KEY, PHONE, TEXT)
    assert await store.claim(Claim(b"0123456789", round(seconds * 1e6)), [(key.key, key.content)]) == [None]
    return key.key


async def test_who_waits_for_another_holds_nothing_and_stands_in_line_when_it_is_freed(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store, limits=Limit(2, 3_600), max_concurrency=1)
    key = await claimed(store.store)
    waiting = asyncio.create_task(client.send(PHONE, TEXT, idempotency_key=KEY, max_wait=0))
    await client.send(PHONE, TEXT)
    while store.calls.count("look") < 3:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    assert sandbox.requests == 1
    await store.end(b"0123456789", [ClaimEnd(key, KeyEvent.UNSENT)])
    assert not (await waiting).replayed
    assert sandbox.requests == 2


async def test_a_holder_that_died_leaves_it_unknown(make_client: MakeClient, sandbox: Sandbox) -> None:
    clock = ManualClock()
    store = MemoryIdempotency(clock=clock)
    client = make_client(idempotency=store)
    await claimed(store)
    clock.us += 35_000_000
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError) as caught:
            await client.send(PHONE, TEXT, idempotency_key=KEY)
        assert caught.value.code == "INTERRUPTED"
    assert sandbox.requests == 0


async def test_what_was_kept_for_long_enough_is_forgotten(make_client: MakeClient, sandbox: Sandbox) -> None:
    clock = ManualClock()
    client = make_client(idempotency=MemoryIdempotency(keep=60, clock=clock))
    await client.send(PHONE, TEXT, idempotency_key=KEY)
    clock.us += 59_999_999
    assert (await client.send(PHONE, TEXT, idempotency_key=KEY)).replayed
    clock.us += 1
    assert not (await client.send(PHONE, TEXT, idempotency_key=KEY)).replayed


async def test_closing_the_client_ends_a_wait_for_another_as_unknown(make_client: MakeClient) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store)
    await claimed(store.store)
    waiting = asyncio.create_task(client.send(PHONE, TEXT, idempotency_key=KEY))
    while store.calls.count("look") < 2:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(OutcomeUnknownError, match="another call with its idempotency key"):
        await waiting


async def test_cancelled_once_it_may_have_left_the_outcome_is_stored(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store)
    sending = asyncio.create_task(client.send(PHONE, TEXT, idempotency_key=KEY))
    while sandbox.requests == 0:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    await client.aclose()
    assert (await make_client(idempotency=store).send(PHONE, TEXT, idempotency_key=KEY)).replayed
    assert sandbox.requests == 1


async def test_aborted_by_a_closing_client_it_is_unknown_for_everyone(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    store = MemoryIdempotency()
    client = make_client(idempotency=store)
    phone = number(Fault.SLOW)
    sending = asyncio.create_task(client.send(phone, TEXT, idempotency_key=KEY))
    while sandbox.requests == 0:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    await client.aclose(grace=0.0)
    for call in (sending, make_client(idempotency=store).send(phone, TEXT, idempotency_key=KEY)):
        with pytest.raises(OutcomeUnknownError, match="the client was closed"):
            await call


async def test_a_retry_claims_its_key_anew(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store, limits=Limit(100, 0.01))
    phone = number(Fault.STATUS_429, once=True)
    await client.send(phone, TEXT, idempotency_key=KEY)
    assert store.calls == ["look", "claim", "end", "claim", "end"]
    assert (await client.send(phone, TEXT, idempotency_key=KEY)).replayed


async def test_cancelled_before_it_left_the_key_is_free(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = MemoryIdempotency()
    client = make_client(idempotency=store, limits=Limit(1, 3_600))
    await client.send(PHONE, TEXT)
    sending = asyncio.create_task(client.send(PHONE, TEXT, idempotency_key=KEY))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    assert not (await make_client(idempotency=store).send(PHONE, TEXT, idempotency_key=KEY)).replayed


@pytest.mark.parametrize("call", ["look", "claim"])
async def test_without_a_store_nothing_is_sent(make_client: MakeClient, sandbox: Sandbox, call: str) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store)
    store.fail(call, temporary=False)
    with pytest.raises(IdempotencyStoreError, match="out of reach"):
        await client.send(PHONE, TEXT, idempotency_key=KEY)
    store.fail(call, 1_000)
    with pytest.raises(IdempotencyStoreError, match="out of reach"):
        await client.send(PHONE, TEXT, idempotency_key=KEY, max_wait=0.05)
    assert sandbox.requests == 0
    assert (await client.quota_status()).limits[0].used == 0


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("call", ["look", "claim", "end"])
async def test_a_store_that_comes_back_is_asked_again(
    make_client: MakeClient, sandbox: Sandbox, call: str, late: bool
) -> None:
    store = FailingKeys()
    store.fail(call, 2, late=late)
    client = make_client(idempotency=store)
    assert not (await client.send(PHONE, TEXT, idempotency_key=KEY)).replayed
    assert (await client.send(PHONE, TEXT, idempotency_key=KEY)).replayed
    assert sandbox.requests == 1


async def test_what_could_not_be_stored_is_told_as_unknown(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store, label="tenant-42")
    store.fail("end", temporary=False)
    with pytest.raises(OutcomeUnknownError, match="could not be stored") as caught:
        await client.send(PHONE, TEXT, idempotency_key=KEY)
    assert caught.value.code == "INTERRUPTED"
    (warned,) = (each for each in caplog.records if vars(each).get("sms_event") == "not_stored_in_all")
    assert "what became of 1 text could not be stored" in warned.getMessage()
    assert (vars(warned)["sms_texts"], vars(warned)["sms_key"]) == (1, "tenant-42")
    key = store.hashes.key_of_send(KEY)
    (found,) = await store.look([key])
    assert found is not None
    assert found.state is KeyState.CLAIMED


async def test_a_client_that_is_closed_waits_for_no_store(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = FailingKeys()
    store.fail("end", 1_000)
    client = make_client(idempotency=store)
    sending = asyncio.create_task(client.send(PHONE, TEXT, idempotency_key=KEY))
    while "end" not in store.calls:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(OutcomeUnknownError, match="could not be stored"):
        await sending
    assert store.calls.count("end") < 5, "it would be asked for half a minute"


async def test_a_key_needs_a_store_and_must_be_text(make_client: MakeClient, sandbox: Sandbox) -> None:
    with pytest.raises(ConfigurationError, match="needs a store"):
        await make_client().send(PHONE, TEXT, idempotency_key=KEY)
    for key in ("", 17, "k" * 1_001):
        with pytest.raises(ConfigurationError, match="idempotency key"):
            await make_client(idempotency=MemoryIdempotency()).send(PHONE, TEXT, idempotency_key=key)  # type: ignore[arg-type]
    with pytest.raises(
        ConfigurationError, match=r"must be a store of keys, such as SQLiteIdempotency.path., not MemoryQuota"
    ):
        make_client(idempotency=MemoryQuota())
    assert sandbox.requests == 0


async def test_who_looks_on_hears_which_outcome_is_an_earlier_call_s(
    make_client: MakeClient,
) -> None:
    recorder = EventRecorder()
    client = make_client(idempotency=MemoryIdempotency(), on_event=recorder)
    for _ in range(2):
        await client.send(PHONE, TEXT, idempotency_key=KEY)
    assert [(told.recipients, told.replayed) for told in recorder.of(OutcomesKnown)] == [(1, False), (1, True)]
