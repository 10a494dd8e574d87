"""``AsyncClient(caps=…)``: a text for which a cap has no room is unsent at once, and what never left does not count."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from customersms_async import (
    AsyncClient,
    CappedError,
    Caps,
    Code,
    ConfigurationError,
    ConnectionFailedError,
    CustomerSMSError,
    Limit,
    MemoryIdempotency,
    MemoryQuota,
    Message,
    Outcome,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaStoreError,
    RateLimitedError,
    RejectedError,
    SendError,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox
from customersms_async.sandbox.magic import number
from customersms_async.testing import ManualClock
from support.told_quota import ToldQuota

MakeClient = Callable[..., AsyncClient]
PHONE, OTHER = "+12125551234", "+13235554567"
ONE_IN_30 = Caps("otp", per_number=[Limit(1, 30), Limit(5, 900)])


def phones_of(sandbox: Sandbox) -> list[str]:
    return [text.phone for text in sandbox.texts]


async def capped(client: AsyncClient, phone: str = PHONE, **options: Any) -> CappedError:
    with pytest.raises(CappedError) as raised:
        await client.send(phone, "Hello", **options)
    return raised.value


async def test_a_number_over_its_cap_is_not_texted_and_the_error_says_when_it_may_be(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    clock = ManualClock()
    client = make_client(caps=ONE_IN_30, quota=MemoryQuota(clock=clock))
    await client.send(PHONE, "Hello")
    clock.us += 10_000_000
    error = await capped(client)
    assert error.cap == "per_number"
    assert error.retry_after == pytest.approx(20.006)
    assert "the cap otp is reached, 1 text in 30 s to one number: there is room again in 20.0 s" in str(error)
    assert PHONE not in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes
    await client.send(OTHER, "Hello")
    clock.us += 20_100_000
    await client.send(PHONE, "Hello")
    assert phones_of(sandbox) == [PHONE, OTHER, PHONE]


async def test_a_text_over_a_cap_takes_no_token_and_waits_for_nothing(make_client: MakeClient) -> None:
    client = make_client(caps=ONE_IN_30, limits=Limit(1, 3_600))
    await client.send(PHONE, "Hello")
    call = client.send(PHONE, "Hello")
    with pytest.raises(CappedError):
        call.send(None)
    assert (await client.quota_status()).limits[0].used == 1


def test_a_capped_error_is_not_one_upon_which_workers_try_again() -> None:
    assert CappedError.__bases__ == (CustomerSMSError,)
    assert not issubclass(CappedError, QuotaExceededError | SendError)


@pytest.mark.parametrize("kind", ["send_many", "stream"])
async def test_in_bulk_the_rest_of_a_batch_goes_on(make_client: MakeClient, sandbox: Sandbox, kind: str) -> None:
    client = make_client(caps=ONE_IN_30)
    await client.send(PHONE, "Hello")
    recipients = [OTHER, PHONE, "+12125550000"]
    outcomes: list[Outcome] = []
    if kind == "send_many":
        outcomes += (await client.send_many(recipients, "News")).outcomes
    else:
        outcomes += sorted([o async for o in client.stream(recipients, "News")], key=lambda o: o.index)
    assert [(o.status, o.code) for o in outcomes] == [
        (Status.ACCEPTED, None),
        (Status.UNSENT, Code.CAPPED),
        (Status.ACCEPTED, None),
    ]
    assert sandbox.requests == 2


async def test_where_the_total_allows_only_some_the_first_in_order_go(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(caps=Caps("all", total=Limit(3, 60)))
    phones = [f"+1212555{i:04}" for i in range(5)]
    report = await client.send_many(phones, "Hello")
    assert [o.code for o in report.outcomes] == [None, None, None, Code.CAPPED, Code.CAPPED]
    assert phones_of(sandbox) == phones[:3]
    assert (await capped(client)).cap == "total"


async def test_the_longest_prefix_counts(make_client: MakeClient, sandbox: Sandbox) -> None:
    prefixes = {"+1": Limit(2, 60), "+1212": Limit(1, 60)}
    client = make_client(caps=Caps("otp", per_prefix=prefixes))
    report = await client.send_many(["+12125550001", "+12125550002", "+13235550003", "+13235550004"], "Hello")
    assert [o.code for o in report.outcomes] == [None, Code.CAPPED, None, None]
    error = await capped(client, "+13235550005")
    assert error.cap == "per_prefix"
    assert "2 texts in 60 s to numbers that begin with +1:" in str(error)
    await client.send("+4915123456789", "Hello")


async def test_caps_of_one_name_count_together_and_those_of_another_apart(make_client: MakeClient) -> None:
    quota = MemoryQuota()
    await make_client(caps=ONE_IN_30, quota=quota).send(PHONE, "Hello")
    await capped(make_client(caps=ONE_IN_30, quota=quota, api_key="cspro_another"))
    await make_client(caps=Caps("marketing", per_number=Limit(1, 30)), quota=quota).send(PHONE, "Hello")
    await make_client(quota=quota).send(PHONE, "Hello")


async def test_what_provably_never_left_gives_its_cap_back(make_client: MakeClient, sandbox: Sandbox) -> None:
    clock, limited = ManualClock(), number(Fault.STATUS_429, once=True)
    caps = Caps("otp", per_number=Limit(1, 86_400))
    client = make_client(caps=caps, quota=MemoryQuota(clock=clock), max_retries=0)
    with pytest.raises(ConnectionFailedError):
        await client.with_options(url="http://127.0.0.1:9/").send(limited, "Hello")
    with pytest.raises(RateLimitedError):
        await client.send(limited, "Hello")
    clock.us += 3_600_000_000  # the 429 has paused the key
    await client.send(limited, "Hello")
    await capped(client, limited)


async def test_a_text_of_unknown_fate_and_a_rejected_one_count(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(caps=ONE_IN_30)
    unsure, refused = number(Fault.CUT_IN_BODY), number(Fault.ROW_REJECTED)
    with pytest.raises(OutcomeUnknownError):
        await client.send(unsure, "Hello")
    await capped(client, unsure)
    with pytest.raises(RejectedError):
        await client.send(refused, "Hello")
    await capped(client, refused)


async def test_a_retried_text_counts_once(make_client: MakeClient, sandbox: Sandbox) -> None:
    clock = ManualClock()
    client = make_client(caps=Caps("otp", per_number=Limit(2, 900)), quota=MemoryQuota(clock=clock))
    limited = number(Fault.STATUS_429, once=True)
    sending = asyncio.create_task(client.send(limited, "Hello"))
    while not sending.done():
        clock.us += 5_000_000
        await asyncio.sleep(0.001)
    await sending
    await client.send(limited, "Hello")
    await capped(client, limited)


async def test_a_hundred_at_once_never_pass_a_cap(make_client: MakeClient, sandbox: Sandbox) -> None:
    quota, caps = MemoryQuota(), Caps("otp", per_number=Limit(3, 900), total=Limit(50, 900))
    clients = [make_client(caps=caps, quota=quota) for _ in range(4)]
    phones = [f"+1212555{i % 25:04}" for i in range(100)]
    sends = (clients[i % 4].send(phone, f"Text {i}") for i, phone in enumerate(phones))
    ended = await asyncio.gather(*sends, return_exceptions=True)
    assert sum(isinstance(each, Outcome) for each in ended) == 50
    assert {type(each) for each in ended} == {Outcome, CappedError}
    assert max(phones_of(sandbox).count(phone) for phone in phones) <= 3


async def test_what_a_key_has_sent_before_has_that_outcome_whatever_the_caps_say(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(caps=ONE_IN_30, idempotency=MemoryIdempotency())
    first = await client.send(PHONE, "Hello", idempotency_key="a")
    again = await client.send(PHONE, "Hello", idempotency_key="a")
    assert (again.replayed, again.message_id) == (True, first.message_id)
    await capped(client, idempotency_key="b")
    assert sandbox.requests == 1


async def test_a_capped_call_leaves_its_key_free(make_client: MakeClient) -> None:
    clock = ManualClock()
    quota = MemoryQuota(clock=clock)
    client = make_client(caps=ONE_IN_30, quota=quota, idempotency=MemoryIdempotency())
    await client.send(PHONE, "Hello")
    await capped(client, idempotency_key="a")
    clock.us += 31_000_000
    assert not (await client.send(PHONE, "Hello", idempotency_key="a")).replayed


async def test_replayed_texts_leave_their_room_to_others(make_client: MakeClient, sandbox: Sandbox) -> None:
    """Of four, two were sent before; the total has room for two more, and both of the new ones go."""
    client = make_client(caps=Caps("all", total=Limit(4, 60)), idempotency=MemoryIdempotency())
    phones = [f"+1212555{i:04}" for i in range(4)]
    await client.send_many(phones[:2], "Hello", idempotency_key="k")
    report = await client.send_many(phones, "Hello", idempotency_key="k")
    assert [(o.status, o.replayed) for o in report.outcomes] == [
        (Status.ACCEPTED, True),
        (Status.ACCEPTED, True),
        (Status.ACCEPTED, False),
        (Status.ACCEPTED, False),
    ]
    assert sorted(phones_of(sandbox)) == phones


async def test_whoever_hits_a_cap_right_before_the_first_byte_is_left_out_and_the_others_go(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    async def rival() -> None:
        await clients[0].send(PHONE, "Hello")

    quota = ToldQuota()
    clients = [make_client(caps=ONE_IN_30, quota=quota.store), make_client(caps=ONE_IN_30, quota=quota)]
    quota.before["take_caps"] = [rival]
    report = await clients[1].send_many([OTHER, PHONE], "News")
    assert [(o.status, o.code) for o in report.outcomes] == [(Status.ACCEPTED, None), (Status.UNSENT, Code.CAPPED)]
    assert sorted(phones_of(sandbox)) == sorted([PHONE, OTHER])
    assert (await clients[1].quota_status()).limits[0].used == 2, "the grant of the batch that was turned away is back"


@pytest.mark.parametrize("late", [False, True], ids=["before", "after it took effect"])
@pytest.mark.parametrize("call", ["look_at_caps", "take_caps"])
async def test_a_store_that_is_back_soon_is_waited_for_and_nothing_leaves_without_it(
    make_client: MakeClient, sandbox: Sandbox, call: str, late: bool
) -> None:
    quota = ToldQuota()
    quota.fail(call, 3, late=late)
    client = make_client(caps=ONE_IN_30, quota=quota)
    await client.send(PHONE, "Hello")
    assert phones_of(sandbox) == [PHONE]
    assert quota.calls.count("end_caps") == (1 if call == "look_at_caps" else 4), "what nobody heard of is given back"
    await capped(client)


@pytest.mark.parametrize("call", ["look_at_caps", "take_caps"])
@pytest.mark.parametrize(("times", "temporary"), [(1, False), (10**3, True)])
async def test_without_the_store_nothing_leaves(
    make_client: MakeClient, sandbox: Sandbox, call: str, times: int, temporary: bool
) -> None:
    quota = ToldQuota()
    quota.fail(call, times, temporary=temporary)
    client = make_client(caps=ONE_IN_30, quota=quota, max_wait=0.1)
    with pytest.raises(QuotaStoreError):
        await client.send(PHONE, "Hello")
    assert sandbox.requests == 0


async def test_an_answer_that_the_store_does_not_hear_of_is_told_all_the_same(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    quota = ToldQuota()
    quota.fail("end_caps")
    client = make_client(caps=ONE_IN_30, quota=quota)
    assert (await client.send(PHONE, "Hello")).status is Status.ACCEPTED
    assert "the quota store could not be told of an answer: out of reach" in caplog.text
    await capped(client)


class OfTheirOwn:
    """A quota store that keeps no caps."""

    in_process = False

    async def take(self, *_: Any) -> Any: ...

    renew = settle = give_back = pause = forecast_us = usage = take


def test_what_can_be_no_caps_or_keeps_none_is_refused() -> None:
    for caps in ("otp", Limit(1, 30), [ONE_IN_30]):
        with pytest.raises(ConfigurationError, match="caps must be Caps"):
            AsyncClient(api_key="cspro_a", caps=caps)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="OfTheirOwn does not"):
        AsyncClient(api_key="cspro_a", caps=ONE_IN_30, quota=OfTheirOwn())
    client = AsyncClient(api_key="cspro_a", caps=ONE_IN_30)
    with pytest.raises(ConfigurationError, match="OfTheirOwn does not"):
        client.with_options(quota=OfTheirOwn())
    client.with_options(quota=OfTheirOwn(), caps=None)


async def test_a_client_made_from_another_has_its_caps_unless_it_is_told_otherwise(make_client: MakeClient) -> None:
    client = make_client(caps=ONE_IN_30)
    await client.send(PHONE, "Hello")
    await capped(client.with_options(max_retries=1))
    await client.with_options(caps=None).send(PHONE, "Hello")


async def test_equal_texts_of_messages_count_one_by_one(make_client: MakeClient) -> None:
    client = make_client(caps=Caps("otp", per_number=Limit(1, 30)))
    report = await client.send_many([Message(PHONE, "One"), Message(PHONE, "Two")])
    assert sorted(o.code or "" for o in report.outcomes) == ["", Code.CAPPED]
