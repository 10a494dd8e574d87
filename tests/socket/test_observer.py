"""The seam for whoever looks on: everything is told once, in order, and an observer who fails changes nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    CampaignStoppedError,
    ConfigurationError,
    Hours,
    Limit,
    MemoryQuota,
    Message,
    Priority,
    QuotaExceededError,
    Status,
)
from customersms_async._core.schedule import SendSchedule
from customersms_async._sending.sending_handle import open_handle
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.errors import QuotaStoreError
from customersms_async.sandbox import Fault
from support.recording_observer import RecordingObserver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

PHONES = [f"+1212555{number:04}" for number in range(40)]


@pytest.fixture(params=[False, True], ids=["", "fails at everything"])
def observer(request: pytest.FixtureRequest) -> RecordingObserver:
    return RecordingObserver(fails=request.param)


async def test_a_send_is_told_from_its_admission_to_its_outcome(
    client: AsyncClient, observer: RecordingObserver
) -> None:
    outcome = await observer.look_at(client).send(PHONES[0], "Hello", priority=Priority.URGENT)
    assert observer.names == ["attempt_began", "attempt_ended", "outcomes_known"]
    ((key_id, attempt, priority, recipients),) = observer.of("attempt_began")
    assert (priority, recipients) == (Priority.URGENT, 1)
    ((*ended, seconds, sent, status, outcomes),) = observer.of("attempt_ended")
    assert (ended, sent, status, outcomes) == ([key_id, attempt], True, 200, [outcome])
    assert seconds > 0
    assert observer.of("outcomes_known") == [(key_id, Priority.URGENT, [outcome])]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"limits": Limit(1, 0.3)}, "quota"),
        ({"pace": Limit(1, 0.3)}, "pace"),
        ({"max_concurrency": 1}, "connection"),
    ],
)
async def test_a_wait_is_told_with_what_it_waits_for(
    client: AsyncClient, observer: RecordingObserver, options: dict[str, Any], reason: str
) -> None:
    client = observer.look_at(client.with_options(**options))
    await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES[:2]))
    await client.aclose()
    ((key_id, priority, why),) = observer.of("wait_began")
    assert (priority, why) == (Priority.NORMAL, reason)
    ((*ended, seconds, admitted),) = observer.of("wait_ended")
    assert (ended, admitted) == ([key_id, Priority.NORMAL], True)
    assert seconds > 0


async def test_a_wait_that_is_left_is_told_to_have_ended(client: AsyncClient, observer: RecordingObserver) -> None:
    client = observer.look_at(client.with_options(limits=Limit(1, 3_600)))
    await client.send(PHONES[0], "Hello")
    leaving = asyncio.create_task(client.send(PHONES[1], "Hello"))
    while "wait_began" not in observer.names:  # noqa: ASYNC110
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    with pytest.raises(QuotaExceededError):
        await client.send(PHONES[2], "Hello", max_wait=0)
    ((*_, admitted),) = observer.of("wait_ended")
    assert admitted is False
    *_, (_, _, (refused,)) = observer.of("outcomes_known")
    assert refused.status is Status.UNSENT


async def test_pauses_and_retries_are_told(
    make_client: Callable[..., AsyncClient], sandbox: Sandbox, observer: RecordingObserver
) -> None:
    sandbox.misbehave([Fault.STATUS_429])
    client = observer.look_at(make_client(limits=Limit(10, 0.3)))
    assert (await client.send(PHONES[0], "Hello")).status is Status.ACCEPTED
    ((key_id, seconds),) = observer.of("key_paused")
    assert seconds > 0
    assert len(observer.of("attempt_began")) == len(observer.of("attempt_ended")) == 2
    assert all(told[0] == key_id for told in observer.of("attempt_began"))
    assert len(observer.of("outcomes_known")) == 1


class FailingStore:
    """A store that can't be asked so many times."""

    in_process = False

    def __init__(self, failures: int) -> None:
        self._near = MemoryQuota()
        self._failures = failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._near, name)

    async def take(self, *asked: Any) -> Any:
        if self._failures:
            self._failures -= 1
            raise QuotaStoreError("nobody answers", temporary=True)
        return await self._near.take(*asked)


async def test_an_outage_of_the_store_is_told_once_and_so_is_its_end(
    make_client: Callable[..., AsyncClient], observer: RecordingObserver
) -> None:
    client = observer.look_at(make_client(quota=FailingStore(3)))
    await client.send(PHONES[0], "Hello")
    ((key_id, reason),) = observer.of("store_failed")
    assert reason == "nobody answers"
    assert observer.of("store_recovered") == [(key_id, 3)]


async def test_all_clients_made_from_one_are_looked_at(
    client: AsyncClient, sandbox: Sandbox, observer: RecordingObserver
) -> None:
    observer.look_at(client)
    await client.with_options(timeout=10).send(PHONES[0], "Hello")
    await client.with_options(api_key=sandbox.api_key).send(PHONES[1], "Hello")
    assert len(observer.of("outcomes_known")) == 2


@pytest.mark.parametrize("kind", ["send_many", "stream"])
async def test_every_recipient_of_a_bulk_send_is_told_once(
    client: AsyncClient, observer: RecordingObserver, kind: str
) -> None:
    recipients = [*PHONES, PHONES[0], "nonsense"]
    observer.look_at(client)
    if kind == "send_many":
        outcomes = list((await client.send_many(recipients, "Hello", batch_size=7)).outcomes)
    else:
        outcomes = [outcome async for outcome in client.stream(recipients, "Hello", batch_size=7)]
    told = [outcome for _, _, some in observer.of("outcomes_known") for outcome in some]
    assert sorted(told, key=lambda o: o.index) == sorted(outcomes, key=lambda o: o.index)
    assert len(told) == len(recipients)
    ((key_id, run, what),) = observer.of("run_began")
    assert what == kind
    assert observer.of("run_ended") == [(key_id, run, None)]
    assert observer.names[0] == "run_began"
    assert observer.names[-1] == "run_ended"


async def test_a_bulk_send_that_is_stopped_tells_by_what(
    client: AsyncClient, sandbox: Sandbox, observer: RecordingObserver
) -> None:
    sandbox.misbehave([Fault.STATUS_502] * 100)
    report = await observer.look_at(client).send_many(PHONES, "Hello", batch_size=1)
    told = [outcome for _, _, some in observer.of("outcomes_known") for outcome in some]
    assert sorted(told, key=lambda o: o.index) == list(report.outcomes)
    ((_, _, reason),) = observer.of("run_ended")
    assert reason == "stop_after_unknown"


async def test_a_campaign_tells_of_its_runs_and_of_whom_it_has_recorded(
    client: AsyncClient, observer: RecordingObserver, tmp_path: Path
) -> None:
    observer.look_at(client)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([Message(phone, "Hello") for phone in PHONES])
        with pytest.raises(CampaignStoppedError):
            [outcome async for outcome in campaign.run(client, max_recipients=30)]
        [outcome async for outcome in campaign.run(client)]
        told = [outcome for _, _, some in observer.of("outcomes_known") for outcome in some]
        assert sorted(outcome.phone for outcome in told) == PHONES
    assert [what for _, _, what in observer.of("run_began")] == ["campaign", "campaign"]
    assert [reason for _, _, reason in observer.of("run_ended")] == ["max_recipients", None]


async def test_a_run_that_cannot_begin_as_this_machine_lacks_its_time_zone_is_not_told_of(
    client: AsyncClient, observer: RecordingObserver, tmp_path: Path
) -> None:
    observer.look_at(client)
    schedule = SendSchedule(hours=Hours("00:00-24:00", zone="Nowhere/At_all"), margin_us=0)
    terms = CampaignTerms.of(open_handle(client).sender, Guards(), schedule)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([Message(phone, "Hello") for phone in PHONES])
        await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="somebody", terms=terms))
        with pytest.raises(ConfigurationError, match="no time zone that this machine knows"):
            [outcome async for outcome in await campaign.go_on(client)]
    assert [*observer.of("run_began"), *observer.of("run_ended")] == []


def test_nothing_of_the_seam_is_loaded_where_nobody_looks_on() -> None:
    seam = "customersms_async._core.observer"
    program = f"import sys; from customersms_async import AsyncClient; sys.exit({seam!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603
