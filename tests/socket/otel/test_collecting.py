"""Collecting figures of stores and event loops that do not answer, that are gone, or that several have in common."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, Limit, MemoryQuota, SQLiteQuota
from customersms_async.otel import Telemetry
from customersms_async.testing._contract.forks import in_child
from support.distant_quota import DistantQuota
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox
    from support.telemetry import TelemetryInMemory

    MakeClient = Callable[..., AsyncClient]

PHONE = "+12125550000"
USAGE = "customersms.quota.usage"
RECIPIENTS = "customersms.campaign.recipients"


class Silent(DistantQuota):
    """A store that lets everybody go, and does not say how it stands while it is silent."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()
        self.asked = 0

    async def usage(self, *asked: Any) -> Any:
        self.asked += 1
        await self.goes_on.wait()
        return await self.near.usage(*asked)


@pytest.fixture
async def used_file(make_client: MakeClient, seen: TelemetryInMemory, tmp_path: Path) -> AsyncIterator[SQLiteQuota]:
    """A quota that is read in its clients' event loops, and of which one has sent one text."""
    async with SQLiteQuota(tmp_path / "quota") as store:
        client = make_client(telemetry=seen.telemetry, quota=store)
        await client.send(PHONE, "Hello")
        yield store
        await client.aclose()


@pytest.fixture(autouse=True)
def _collected_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customersms_async._otel.readings.FRESH_SECONDS", 0.0)
    monkeypatch.setattr("customersms_async._otel.readings.PATIENCE_SECONDS", 0.05)


@pytest.mark.usefixtures("used_file")
async def test_a_collector_in_the_event_loop_s_own_thread_gets_what_was_known_before(seen: TelemetryInMemory) -> None:
    while not (found := seen.figures(USAGE, "window")):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert found["60"] == 1


@pytest.mark.usefixtures("used_file")
async def test_a_collector_does_not_wait_long_for_an_event_loop_that_waits_for_it(seen: TelemetryInMemory) -> None:
    with ThreadPoolExecutor(1) as collector:
        collecting = collector.submit(seen.figures, "customersms.client.outcomes", "status")
        assert collecting.result(PATIENCE) == {"accepted": 1}  # the event loop stands still meanwhile


async def test_a_store_that_does_not_answer_is_asked_once_and_has_no_figure(
    make_client: MakeClient, seen: TelemetryInMemory
) -> None:
    store = Silent()
    silent = make_client(telemetry=seen.telemetry, quota=store, limits=Limit(7, 60))
    near = make_client(telemetry=seen.telemetry, limits=Limit(9, 120))
    store.goes_on.set()
    for client in (silent, near):
        await client.send(PHONE, "Hello")
    while len(await asyncio.to_thread(seen.figures, USAGE, "window")) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    store.goes_on.clear()
    before, tasks = store.asked, len(asyncio.all_tasks())
    for _ in range(5):
        assert await asyncio.to_thread(seen.figures, USAGE, "window") == {"120": 1}
    assert store.asked == before + 1
    assert len(asyncio.all_tasks()) <= tasks + 2
    store.goes_on.set()
    while len(await asyncio.to_thread(seen.figures, USAGE, "window")) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)


def test_an_event_loop_that_rests_is_asked_once_and_nothing_is_told_of_one_that_is_gone(
    sandbox_in_thread: Sandbox, seen: TelemetryInMemory, tmp_path: Path
) -> None:
    loop, store = asyncio.new_event_loop(), SQLiteQuota(tmp_path / "quota")
    api_key, url = sandbox_in_thread.api_key, sandbox_in_thread.url
    client = AsyncClient(api_key=api_key, url=url, quota=store, telemetry=seen.telemetry)
    loop.run_until_complete(client.send(PHONE, "Hello"))
    began = time.monotonic()
    for _ in range(20):
        assert seen.figures(USAGE, "window") == {}
    assert time.monotonic() - began < PATIENCE / 2
    assert len(loop._ready) == 1  # type: ignore[attr-defined]
    assert seen.figures("customersms.credits") != {}
    loop.run_until_complete(client.aclose())
    loop.run_until_complete(store.aclose())
    loop.close()
    assert seen.figures(USAGE, "window") == seen.figures("customersms.credits") == {}


async def test_an_event_loop_that_rests_takes_nothing_from_what_another_knows_of_the_same_key(
    used_file: SQLiteQuota, sandbox: Sandbox, seen: TelemetryInMemory
) -> None:
    loop = asyncio.new_event_loop()

    async def open_another() -> AsyncClient:
        other = AsyncClient(api_key=sandbox.api_key, url=sandbox.url, quota=used_file, telemetry=seen.telemetry)
        await other.quota_status()
        return other

    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(loop.run_until_complete, open_another()).result()
        figures = await asyncio.to_thread(seen.figures, USAGE, "window")
        assert figures == {"60": 1, "3600": 1, "86400": 1}
        thread.submit(loop.run_until_complete, other.aclose()).result()
    loop.close()


async def three() -> dict[str, int]:
    """The recipients of a campaign, by state."""
    return {"planned": 3}


def test_nothing_is_told_of_a_campaign_whose_event_loop_is_gone(seen: TelemetryInMemory) -> None:
    with asyncio.Runner() as runner:
        seen.telemetry.__counted__("shop", 1, runner.get_loop(), three)
        assert runner.run(asyncio.to_thread(seen.figures, RECIPIENTS, "state")) == {"planned": 3}
    assert seen.figures(RECIPIENTS, "state") == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
async def test_a_forked_child_tells_nothing_of_the_campaigns_of_its_parent(seen: TelemetryInMemory) -> None:
    seen.telemetry.__counted__("shop", 1, asyncio.get_running_loop(), three)
    assert await asyncio.to_thread(seen.figures, RECIPIENTS, "state") == {"planned": 3}
    assert in_child(lambda: len(seen.figures(RECIPIENTS, "state"))) == 0
    assert await asyncio.to_thread(seen.figures, RECIPIENTS, "state") == {"planned": 3}


async def test_who_collects_in_one_event_loop_never_waits_for_another(
    make_client: MakeClient, seen: TelemetryInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customersms_async._otel.readings.PATIENCE_SECONDS", PATIENCE)
    store = Silent()
    await make_client(telemetry=seen.telemetry, quota=store).send(PHONE, "Hello")

    async def collect() -> float:
        began = time.monotonic()
        seen.figures(USAGE, "window")
        return time.monotonic() - began

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, collect()).result() < PATIENCE / 2
    store.goes_on.set()


async def test_all_who_measure_with_one_provider_are_shown(sandbox: Sandbox, seen: TelemetryInMemory) -> None:
    """A provider takes one gauge of each name, so a second would be missed without a word."""
    for label in ("one", "two"):
        client = AsyncClient(
            api_key=f"cspro_{label}",
            url=sandbox.url,
            quota=MemoryQuota(),
            pace=None,
            label=label,
            telemetry=Telemetry(seen.tracers, seen.meters, key_label=True),
        )
        await asyncio.gather(client.send(PHONE, "Hello"), return_exceptions=True)
        assert (label, "60") in seen.figures(USAGE, "key", "window")
        await client.aclose()
