"""Metrics: each figure is what the sandbox knows, in whatever way the texts were sent."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    Limit,
    MemoryIdempotency,
    MemoryQuota,
    Message,
    OutcomeUnknownError,
    Priority,
    RateLimitedError,
    SQLiteQuota,
    Status,
    SuppressionStoreError,
)
from customersms_async._otel.attributes import MOST_KEYS
from customersms_async._otel.metric_table import METRICS
from customersms_async._otel.readings import FRESH_SECONDS
from customersms_async.events import OutcomesKnown, RequestBegan, RequestEnded, RetryPlanned
from customersms_async.sandbox import Fault, Sandbox, magic
from support.echoing_gateway import ANSWERS, KEY, PHONE, TEXT, echoing
from support.telemetry import TelemetryInMemory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeClient = Callable[..., AsyncClient]

PHONES = [f"+1212555{number:04}" for number in range(40)]
OUTCOMES = "customersms.client.outcomes"


async def test_outcomes_are_counted_by_status_code_and_priority(
    make_client: MakeClient, sandbox: Sandbox, seen: TelemetryInMemory
) -> None:
    client = make_client(telemetry=seen.telemetry, idempotency=MemoryIdempotency())
    await client.send_many([*PHONES, PHONES[0], "nonsense", magic.number(Fault.ROW_REJECTED)], "Hello")
    for _ in range(2):
        await client.send(PHONES[0], "Hello", priority=Priority.URGENT, idempotency_key="once")
    sandbox.misbehave([Fault.STATUS_502])
    with pytest.raises(OutcomeUnknownError):
        await client.send(PHONES[0], "Hello")
    assert seen.figures(OUTCOMES, "status", "code", "priority") == {
        ("accepted", "", "bulk"): 40,
        ("unsent", "DUPLICATE", "bulk"): 1,
        ("unsent", "INVALID_PHONE", "bulk"): 1,
        ("rejected", "_OTHER", "bulk"): 1,
        ("accepted", "", "urgent"): 1,
        ("unknown", "HTTP_502", "normal"): 1,
    }
    assert len(sandbox.texts) == 41 + 1  # that of unknown fate went out


async def test_requests_are_measured_as_the_conventions_say(
    make_client: MakeClient, sandbox: Sandbox, seen: TelemetryInMemory
) -> None:
    client = make_client(telemetry=seen.telemetry)
    await client.send_many(PHONES, "Hello", batch_size=10)
    sandbox.misbehave([Fault.STATUS_502])
    with pytest.raises(OutcomeUnknownError):
        await client.send(PHONES[0], "Hello")
    names = "messaging.system", "messaging.operation.name", "messaging.operation.type", "server.address"
    place = ("customersms", "send", "send", "127.0.0.1")
    duration = seen.figures("messaging.client.operation.duration", *names, "http.response.status_code", "error.type")
    assert duration == {(*place, 200, None): 4, (*place, 502, "HTTP_502"): 1}
    assert seen.figures("messaging.client.sent.messages", "error.type") == {None: 40, "HTTP_502": 1}


async def test_waits_are_measured_by_what_they_are_for_and_none_counts_too(
    make_client: MakeClient, seen: TelemetryInMemory
) -> None:
    client = make_client(telemetry=seen.telemetry, limits=Limit(1, 0.3))
    sending = [asyncio.create_task(client.send(phone, "Hello", priority=Priority.URGENT)) for phone in PHONES[:2]]
    while not seen.figures("customersms.client.requests.waiting").get(()):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert seen.figures("customersms.client.requests.waiting", "priority") == {"urgent": 1}
    await asyncio.gather(*sending)
    assert seen.figures("customersms.client.wait_time", "reason", "priority") == {
        ("none", "urgent"): 1,
        ("quota", "urgent"): 1,
    }
    assert seen.figures("customersms.client.requests.waiting", "priority") == {"urgent": 0}
    assert seen.figures("customersms.client.requests.active", "priority") == {"urgent": 0}


async def test_retries_and_pauses_are_measured(
    make_client: MakeClient, sandbox: Sandbox, seen: TelemetryInMemory
) -> None:
    sandbox.misbehave([Fault.STATUS_429])
    await make_client(telemetry=seen.telemetry, limits=Limit(10, 0.3)).send(PHONES[0], "Hello")
    assert seen.figures("customersms.client.retries", "code") == {"RATE_LIMITED": 1}
    assert seen.figures("customersms.client.wait_time", "reason") == {"none": 1, "pause": 1}
    sandbox.misbehave([Fault.STATUS_429])
    client = make_client(telemetry=seen.telemetry, limits=Limit(10, 5), max_retries=0)
    with pytest.raises(RateLimitedError):
        await client.send(PHONES[0], "Hello")
    await asyncio.sleep(FRESH_SECONDS)
    assert 0 < seen.figures("customersms.quota.pause")[()] <= 60


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_the_quota_is_shown_by_window(
    make_client: MakeClient, seen: TelemetryInMemory, tmp_path: Path, kind: str
) -> None:
    store = MemoryQuota() if kind == "memory" else SQLiteQuota(tmp_path / "quota")
    client = make_client(telemetry=seen.telemetry, quota=store)
    await client.send_many(PHONES, "Hello", batch_size=4)

    def read() -> list[dict[Any, float]]:
        names = ("usage", "limit", "utilization")
        return [seen.figures(f"customersms.quota.{name}", "window") for name in names]

    found = read() if kind == "memory" else await asyncio.to_thread(read)
    assert found == [
        {"60": 10, "3600": 10, "86400": 10},
        {"60": 100, "3600": 5_000, "86400": 50_000},
        {"60": 0.1, "3600": 0.002, "86400": 0.0002},
    ]
    await client.aclose()
    if isinstance(store, SQLiteQuota):
        await store.aclose()


@pytest.mark.parametrize(
    ("shown", "expected"), [(False, {("60", None): 3}), (True, {("60", "shop"): 3, ("60", "bank"): 1})]
)
async def test_of_several_keys_the_fullest_is_shown_and_each_where_that_is_asked_for(
    shown: bool, expected: dict[Any, float]
) -> None:
    seen = TelemetryInMemory(key_label=shown)
    sandbox = Sandbox({"cspro_shop": 100, "cspro_bank": 100})
    async with (
        sandbox.serve() as url,
        AsyncClient(
            api_key="cspro_shop",
            url=url,
            label="shop",
            limits=Limit(10, 60),
            pace=None,
            quota=MemoryQuota(),
            telemetry=seen.telemetry,
        ) as client,
        client.with_options(api_key="cspro_bank", label="bank") as other,
    ):
        await client.send_many(PHONES[:3], "Hello", batch_size=1)
        await other.send(PHONES[0], "Hello")
        assert seen.figures("customersms.quota.usage", "window", "key") == expected
        assert seen.figures(OUTCOMES, "key") == ({"shop": 3, "bank": 1} if shown else {None: 4})
    seen.close()


async def test_credits_are_those_of_the_latest_answer(
    make_client: MakeClient, sandbox: Sandbox, seen: TelemetryInMemory
) -> None:
    client = make_client(telemetry=seen.telemetry)
    assert seen.figures("customersms.credits") == {}
    await client.send_many(PHONES, "Hello")
    assert seen.figures("customersms.credits") == {(): float(sandbox.credits())}


@pytest.mark.parametrize("shown", [True, False])
async def test_a_campaign_s_recipients_are_counted_by_state_while_it_runs(
    make_client: MakeClient, tmp_path: Path, shown: bool
) -> None:
    seen = TelemetryInMemory(key_label=shown)
    client = make_client(telemetry=seen.telemetry, label="shop", limits=Limit(2, 3_600), batch_size=4)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([*(Message(phone, "Hello") for phone in PHONES), Message("nonsense", "Hello")])
        async with campaign.run(client) as run:
            for _ in range(8):  # then the quota is used up, and the run waits for it
                await anext(run)
            found = await asyncio.to_thread(seen.figures, "customersms.campaign.recipients", "state")
            assert {state: many for state, many in found.items() if many} == {
                "accepted": 8,
                "planned": 32,
                "skipped": 1,
            }
            by_key = await asyncio.to_thread(seen.figures, "customersms.campaign.recipients", "key")
            assert by_key == {"shop" if shown else None: len(PHONES) + 1}
    await client.aclose()
    assert seen.figures("customersms.campaign.recipients", "state") == {}
    seen.close()


@pytest.mark.parametrize("answer", ANSWERS)
async def test_no_key_number_or_text_is_in_anything_that_is_exported(answer: str, seen: TelemetryInMemory) -> None:
    async with (
        echoing(answer) as echo,
        AsyncClient(
            api_key=KEY,
            url=echo.url,
            quota=MemoryQuota(),
            pace=None,
            max_retries=0,
            max_wait=0,
            telemetry=seen.telemetry,
        ) as client,
    ):
        for _ in range(2):
            await asyncio.gather(client.send(PHONE, TEXT), return_exceptions=True)
            await asyncio.gather(client.send_many([PHONE, *PHONES[:2]], TEXT), return_exceptions=True)
    assert seen.tells("send customersms")
    assert not seen.tells(KEY, KEY[6:], PHONE, PHONE[2:], TEXT, PHONES[0][2:], "424242")


async def test_whatever_a_gateway_says_and_however_many_keys_there_are_the_sets_of_attributes_stay_few() -> None:
    seen = TelemetryInMemory(key_label=True)
    for number in range(3_000):
        key, code, status = f"key-{number}", f"CODE_{number}", 100 + number % 900
        for event in (
            RequestBegan(
                key=key,
                request=number,
                run=None,
                priority=Priority.BULK,
                recipients=1,
                attempt=1,
                server="127.0.0.1",
                port=80,
                waited=0.0,
                reason=None,
            ),
            RequestEnded(
                key="one",
                request=number,
                priority=Priority.BULK,
                server="127.0.0.1",
                port=80,
                seconds=0.1,
                sent=True,
                status_code=status,
                recipients=1,
                accepted=0,
                code=code,
            ),
            OutcomesKnown(
                key="one", priority=Priority.BULK, status=Status.REJECTED, code=code, replayed=False, recipients=1
            ),
            RetryPlanned(key="one", attempt=1, seconds=1.0, code=code),
        ):
            seen.telemetry.__heard__(event)
    points = {metric.name: len(list(metric.data.data_points)) for metric in seen.metrics()}
    assert points["customersms.client.outcomes"] == points["customersms.client.retries"] == 1
    assert points["messaging.client.operation.duration"] <= len(HTTPStatus) + 1
    assert points["customersms.client.wait_time"] <= MOST_KEYS + 1
    seen.close()


async def test_every_metric_of_the_table_is_measured_with_its_unit_and_attributes_and_no_other(
    make_client: MakeClient, sandbox: Sandbox, seen: TelemetryInMemory, tmp_path: Path
) -> None:
    sandbox.misbehave([Fault.STATUS_429])
    client = make_client(telemetry=seen.telemetry, limits=Limit(10, 0.3), suppression=Away())
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([Message(phone, "Hello") for phone in PHONES])
        run = campaign.run(client.with_options(suppression=None, batch_size=2))
        await anext(run)
        await asyncio.gather(client.send(PHONES[0], "Hello"), return_exceptions=True)
        metrics = {metric.name: metric for metric in await asyncio.to_thread(lambda: list(seen.metrics()))}
        [outcome async for outcome in run]
    assert metrics.keys() == {metric.name for metric in METRICS}
    for row in METRICS:
        found = metrics[row.name]
        assert (found.unit, found.description) == (row.unit, row.says)
        attributes = {name for point in found.data.data_points for name in point.attributes or {}}
        assert attributes <= set(row.attributes)


class Away:
    """A list of suppressed numbers that can't be read."""

    async def suppressed(self, phones: object) -> NoReturn:
        raise SuppressionStoreError("it is away", temporary=False)
