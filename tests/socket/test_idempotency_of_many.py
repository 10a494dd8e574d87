"""``send_many``, ``stream`` and campaigns under idempotency keys: each recipient once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    Code,
    ConfigurationError,
    IdempotencyStoreError,
    MemoryIdempotency,
    Message,
    Outcome,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox
from customersms_async.sandbox.magic import number
from support.failing_keys import FailingKeys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from customersms_async._core.idempotency_record import Claim, KeySeen

MakeClient = Callable[..., AsyncClient]
PHONES = [f"+1212555{i:04}" for i in range(20)]
KEY = "newsletter-7"


def texts_of(sandbox: Sandbox) -> list[str]:
    return sorted(text.phone for text in sandbox.texts)


async def test_a_repeated_send_to_many_sends_nothing_and_reports_the_same(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    first = await client.send_many(PHONES, "Hello", idempotency_key=KEY)
    again = await client.send_many(PHONES, "Hello", idempotency_key=KEY)
    assert (first.accepted, again.accepted, sandbox.requests, again.requests) == (20, 20, 1, 0)
    assert [o.message_id for o in first.outcomes] == [o.message_id for o in again.outcomes]
    assert {o.replayed for o in again.outcomes} == {True}
    again.raise_for_failures()


async def test_only_those_are_sent_to_who_were_not_and_numbers_have_keys_of_their_own(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    await client.send_many(PHONES[:15], "Hello", idempotency_key=KEY)
    report = await client.send_many(PHONES[5:], "Hello", idempotency_key=KEY, batch_size=4)
    assert [o.replayed for o in report.outcomes] == [True] * 10 + [False] * 5
    assert texts_of(sandbox) == PHONES
    assert not (await client.send(PHONES[0], "Hello", idempotency_key=KEY)).replayed


async def test_a_batch_asks_the_store_three_times_whatever_its_size(make_client: MakeClient) -> None:
    store = FailingKeys()
    await make_client(idempotency=store).send_many(PHONES, "Hello", idempotency_key=KEY)
    assert store.calls == ["look", "claim", "end"]


async def test_another_text_under_the_same_key_texts_nobody(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    await client.send_many(PHONES, "Helo", idempotency_key=KEY)
    report = await client.send_many(PHONES, "Hello", idempotency_key=KEY)
    assert {(o.status, o.code) for o in report.outcomes} == {(Status.UNSENT, Code.IDEMPOTENCY_MISMATCH)}
    assert sandbox.requests == 1


async def test_two_texts_to_one_number_need_keys_of_their_own(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    both = [Message(PHONES[0], "one"), Message(PHONES[0], "two")]
    report = await client.send_many(both, idempotency_key=KEY)
    assert sorted(o.code or "" for o in report.outcomes) == ["", Code.IDEMPOTENCY_MISMATCH]
    own = [Message(PHONES[1], "one", "1"), Message(PHONES[1], "two", "2")]
    for replayed in (False, True):
        report = await client.send_many(own, idempotency_key=KEY)
        assert [(o.status, o.replayed) for o in report.outcomes] == [(Status.ACCEPTED, replayed)] * 2


async def test_one_key_for_two_numbers_of_a_batch_goes_to_the_first(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    report = await client.send_many([Message(phone, "Hello", "k") for phone in PHONES[:2]])
    assert [o.code for o in report.outcomes] == [None, Code.IDEMPOTENCY_MISMATCH]
    assert texts_of(sandbox) == PHONES[:1]


async def test_messages_with_keys_and_without_share_a_request(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    mixed = [Message(PHONES[0], "Hello", "k"), Message(PHONES[1], "Hello")]
    await client.send_many(mixed)
    assert sandbox.requests == 1
    report = await client.send_many(mixed)
    assert [o.replayed for o in report.outcomes] == [True, False]
    assert (await client.send(PHONES[0], "Hello", idempotency_key="k")).replayed, "a message's own key is as send's"


async def test_a_stream_gives_the_same_outcomes(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    for replayed in (False, True):
        stream = client.stream((phone for phone in PHONES), "Hello", idempotency_key=KEY, batch_size=3)
        outcomes: list[Outcome] = [outcome async for outcome in stream]
        assert sorted(o.index for o in outcomes) == list(range(20))
        assert {(o.status, o.replayed) for o in outcomes} == {(Status.ACCEPTED, replayed)}
    assert texts_of(sandbox) == PHONES


async def test_those_who_send_to_the_same_at_the_same_time_text_each_of_them_once(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    store = MemoryIdempotency()
    clients = [make_client(idempotency=store) for _ in range(3)]
    ways = [PHONES, PHONES[::-1], PHONES[10:] + PHONES[:10]]
    reports = await asyncio.gather(
        *(
            client.send_many(phones, "Hello", idempotency_key=KEY, batch_size=size)
            for client, phones, size in zip(clients, ways, (3, 4, 20), strict=True)
        )
    )
    assert texts_of(sandbox) == PHONES
    assert [report.accepted for report in reports] == [20] * 3
    assert sum(not o.replayed for report in reports for o in report.outcomes) == 20


async def test_numbers_that_are_taken_while_a_batch_waits_are_left_out_of_it(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store)
    other = AsyncClient.with_options(client)

    class Racing(FailingKeys):
        async def claim(self, claim: Claim, asked: Sequence[tuple[bytes, bytes]]) -> Sequence[KeySeen | None]:
            if self.calls.count("claim") == 0:
                self.calls.append("claim")
                await other.send_many(PHONES[:2], "Hello", idempotency_key=KEY)
            return await super().claim(claim, asked)

    racing = Racing(store.store)
    report = await make_client(idempotency=racing).send_many(PHONES[:5], "Hello", idempotency_key=KEY)
    assert [o.replayed for o in report.outcomes] == [True, True, False, False, False]
    assert texts_of(sandbox) == PHONES[:5]
    assert (await client.quota_status()).limits[0].used == 1


async def test_halves_of_a_batch_claim_anew(make_client: MakeClient) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store)
    phones = [number(Fault.STATUS_413), *PHONES[:3]]
    first = await client.send_many(phones, "Hello", idempotency_key=KEY)
    assert store.calls.count("claim") > 2
    again = await client.send_many(phones, "Hello", idempotency_key=KEY)
    assert [(o.status, o.code) for o in first.outcomes] == [(o.status, o.code) for o in again.outcomes]


async def test_a_store_that_is_of_no_use_ends_it_and_tells_everyone(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingKeys()
    client = make_client(idempotency=store)
    store.fail("claim", temporary=False)
    with pytest.raises(IdempotencyStoreError, match="out of reach"):
        await client.send_many(PHONES, "Hello", idempotency_key=KEY)
    assert sandbox.requests == 0
    assert (await client.send_many(PHONES, "Hello", idempotency_key=KEY)).accepted == 20


async def test_a_key_without_a_store_is_a_wrong_call(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client()
    with pytest.raises(ConfigurationError, match="needs a store"):
        await client.send_many(PHONES, "Hello", idempotency_key=KEY)
    with pytest.raises(ConfigurationError, match="needs a store"):
        client.stream(PHONES, "Hello", idempotency_key=KEY)
    with pytest.raises(ConfigurationError, match="needs a store"):
        await client.send_many([Message(PHONES[0], "Hello", "k")])
    report = await client.send_many([Message(PHONES[0], "Hello"), Message(PHONES[1], "Hello", "k")])
    assert [o.code for o in report.outcomes] == [None, Code.INVALID_MESSAGE]


async def test_in_a_campaign_a_key_that_comes_again_is_a_repeat(
    make_client: MakeClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    client = make_client(idempotency=MemoryIdempotency())
    await client.send(PHONES[0], "one", idempotency_key="1")
    messages = [Message(PHONES[0], "one", "1"), Message(PHONES[0], "two", "1"), Message(PHONES[1], "two", "2")]
    async with Campaign.open(tmp_path / "ledger") as campaign:
        await campaign.add(messages)
        await campaign.add(messages)
        async with campaign.run(client) as run:
            sent = [o.phone async for o in run]
        skipped = [o async for o in campaign.outcomes(Status.UNSENT)]
    assert sorted(sent) == PHONES[:2]
    assert [(o.index, o.code) for o in skipped] == [(1, Code.DUPLICATE)]
