"""Those who look on: everything is told once, in order, and whoever fails at it changes nothing."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    Campaign,
    CampaignStoppedError,
    ConfigurationError,
    Hours,
    Limit,
    MemoryQuota,
    Message,
    Priority,
    QuotaExceededError,
    RejectedError,
    Status,
    SuppressionStoreError,
)
from customersms_async._core.schedule import SendSchedule
from customersms_async._sending.open_client import open_client
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.errors import QuotaStoreError
from customersms_async.events import (
    Event,
    KeyPaused,
    OutcomesKnown,
    RequestBegan,
    RequestEnded,
    RetryPlanned,
    RunBegan,
    RunEnded,
    StoreFailed,
    StoreRecovered,
    WaitBegan,
    WaitEnded,
)
from customersms_async.otel import Telemetry
from customersms_async.sandbox import Fault
from support.broken_gateways import Connection, RawGateway, http
from support.distant_quota import DistantQuota
from support.event_recorder import EventRecorder, kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

    MakeClient = Callable[..., AsyncClient]

PHONES = [f"+1212555{number:04}" for number in range(40)]


@pytest.fixture(params=[False, True], ids=["", "fails at everything"])
def told(request: pytest.FixtureRequest) -> EventRecorder:
    return EventRecorder(fails=request.param)


async def test_a_send_is_told_from_its_admission_to_its_outcome(make_client: MakeClient, told: EventRecorder) -> None:
    client = make_client(label="shop", on_event=told)
    await client.send(PHONES[0], "Hello", priority=Priority.URGENT)
    began, ended, known = told.events
    assert isinstance(began, RequestBegan)
    assert isinstance(ended, RequestEnded)
    assert (began.key, began.priority, began.recipients, began.attempt) == ("shop", Priority.URGENT, 1, 1)
    assert (began.run, began.waited, began.reason, began.server) == (None, 0.0, None, "127.0.0.1")
    assert (ended.request, ended.sent, ended.status_code, ended.accepted) == (began.request, True, 200, 1)
    assert ended.seconds > 0
    assert known == OutcomesKnown(
        key="shop", priority=Priority.URGENT, status=Status.ACCEPTED, code=None, replayed=False, recipients=1
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"limits": Limit(1, 0.3)}, "quota"),
        ({"pace": Limit(1, 0.3)}, "pace"),
        ({"max_concurrency": 1}, "connection"),
    ],
)
async def test_a_wait_is_told_with_what_it_waits_for(
    make_client: MakeClient, told: EventRecorder, options: dict[str, Any], reason: str
) -> None:
    client = make_client(on_event=told, **options)
    await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES[:2]))
    (began,), (ended,) = told.of(WaitBegan), told.of(WaitEnded)
    assert (began.priority, began.reason) == (ended.priority, ended.reason) == (Priority.NORMAL, reason)
    assert ended.admitted
    assert ended.seconds > 0
    waited = [(request.waited, request.reason) for request in told.of(RequestBegan)]
    assert waited == [(0.0, None), (ended.seconds, reason)]


async def test_a_wait_that_is_left_is_told_to_have_ended(make_client: MakeClient, told: EventRecorder) -> None:
    client = make_client(limits=Limit(1, 3_600), on_event=told)
    await client.send(PHONES[0], "Hello")
    leaving = asyncio.create_task(client.send(PHONES[1], "Hello"))
    while not told.of(WaitBegan):  # noqa: ASYNC110
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    with pytest.raises(QuotaExceededError):
        await client.send(PHONES[2], "Hello", max_wait=0)
    (ended,) = told.of(WaitEnded)
    assert not ended.admitted
    assert told.outcomes[Status.UNSENT, "QUOTA_EXCEEDED"] == 1


async def test_pauses_and_retries_are_told(make_client: MakeClient, sandbox: Sandbox, told: EventRecorder) -> None:
    sandbox.misbehave([Fault.STATUS_429])
    client = make_client(limits=Limit(10, 0.3), on_event=told)
    assert (await client.send(PHONES[0], "Hello")).status is Status.ACCEPTED
    (paused,), (retry,) = told.of(KeyPaused), told.of(RetryPlanned)
    assert paused.seconds > 0
    assert (retry.attempt, retry.code) == (1, "RATE_LIMITED")
    assert [request.attempt for request in told.of(RequestBegan)] == [1, 2]
    assert [(ended.status_code, ended.code) for ended in told.of(RequestEnded)] == [(429, "RATE_LIMITED"), (200, None)]
    assert [wait.reason for wait in told.of(WaitEnded)] == ["pause"]
    assert len(told.of(OutcomesKnown)) == 1


class FailingStore(DistantQuota):
    """A store that can't be asked so many times."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self._failures = failures

    async def take(self, *asked: Any) -> Any:
        if self._failures:
            self._failures -= 1
            raise QuotaStoreError("nobody answers", temporary=True)
        return await self.near.take(*asked)


async def test_each_failure_of_the_store_is_told_and_so_is_its_recovery(
    make_client: MakeClient, told: EventRecorder
) -> None:
    client = make_client(quota=FailingStore(3), on_event=told)
    other = client.with_options(timeout=10)
    await client.send(PHONES[0], "Hello")
    await other.send(PHONES[0], "Hello")
    assert [(failed.store, failed.error, failed.failures) for failed in told.of(StoreFailed)] == [
        ("quota", "nobody answers", failures) for failures in (1, 2, 3)
    ]
    assert [recovered.failures for recovered in told.of(StoreRecovered)] == [3]
    assert [wait.reason for wait in told.of(WaitEnded)] == ["store", "store"]


async def test_whoever_looked_on_at_a_client_that_is_gone_is_told_nothing_and_kept_by_nobody(
    make_client: MakeClient, told: EventRecorder
) -> None:
    store = FailingStore(0)
    client = make_client(quota=store)
    await client.send(PHONES[0], "Hello")
    recorders = [EventRecorder() for _ in range(20)]
    for recorder in recorders:
        await client.with_options(on_event=recorder).send(PHONES[0], "Hello")
    kept = [weakref.ref(recorder) for recorder in recorders]
    del recorder, recorders
    looked_at = client.with_options(on_event=told)
    store._failures = 1
    await looked_at.send(PHONES[0], "Hello")
    gc.collect()
    assert [one() for one in kept if one() is not None] == []
    assert len(told.of(StoreFailed)) == 1


async def test_a_store_that_is_asked_before_a_text_leaves_is_told_of_when_it_fails(
    make_client: MakeClient, told: EventRecorder
) -> None:
    class Away:
        async def suppressed(self, phones: object) -> NoReturn:
            raise SuppressionStoreError("it is away", temporary=False)

    client = make_client(suppression=Away(), on_event=told)
    with pytest.raises(SuppressionStoreError):
        await client.send(PHONES[0], "Hello")
    assert [(failed.store, failed.error) for failed in told.of(StoreFailed)] == [("suppression", "it is away")]


async def test_all_clients_made_from_one_are_looked_at_unless_said_otherwise(
    make_client: MakeClient, sandbox: Sandbox, told: EventRecorder
) -> None:
    client = make_client(on_event=told)
    await client.with_options(timeout=10).send(PHONES[0], "Hello")
    await client.with_options(api_key=sandbox.api_key).send(PHONES[1], "Hello")
    await client.with_options(on_event=None).send(PHONES[1], "Hello")
    assert told.outcomes == {(Status.ACCEPTED, None): 2}


@pytest.mark.parametrize("kind", ["send_many", "stream"])
async def test_every_recipient_of_a_bulk_send_is_told_once(
    make_client: MakeClient, told: EventRecorder, kind: str
) -> None:
    recipients = [*PHONES, PHONES[0], "nonsense"]
    client = make_client(on_event=told)
    if kind == "send_many":
        outcomes = list((await client.send_many(recipients, "Hello", batch_size=7)).outcomes)
    else:
        outcomes = [outcome async for outcome in client.stream(recipients, "Hello", batch_size=7)]
    assert told.outcomes == kinds(outcomes)
    (began,), (ended,) = told.of(RunBegan), told.of(RunEnded)
    assert (began.kind, ended.kind, ended.run, ended.reason) == (kind, kind, began.run, None)
    assert {request.run for request in told.of(RequestBegan)} == {began.run}
    assert (told.names[0], told.names[-1]) == ("RunBegan", "RunEnded")


async def test_a_bulk_send_that_is_stopped_tells_by_what(
    make_client: MakeClient, sandbox: Sandbox, told: EventRecorder
) -> None:
    sandbox.misbehave([Fault.STATUS_502] * 100)
    report = await make_client(on_event=told).send_many(PHONES, "Hello", batch_size=1)
    assert told.outcomes == kinds(report.outcomes)
    (ended,) = told.of(RunEnded)
    assert ended.reason == "stop_after_unknown"


async def test_a_text_whose_caller_has_left_is_told_of_once(
    make_client: MakeClient, sandbox: Sandbox, told: EventRecorder
) -> None:
    sandbox.misbehave([Fault.STATUS_502])
    client = make_client(on_event=told)
    sending = asyncio.create_task(client.send(PHONES[0], "Hello"))
    while not sandbox.requests:  # noqa: ASYNC110
        await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    await client.aclose()
    assert told.outcomes == {(Status.UNKNOWN, "HTTP_502"): 1}


async def test_a_campaign_tells_of_its_runs_and_of_whom_it_has_recorded(
    make_client: MakeClient, told: EventRecorder, tmp_path: Path
) -> None:
    client = make_client(on_event=told)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([Message(phone, "Hello") for phone in PHONES])
        with pytest.raises(CampaignStoppedError):
            [outcome async for outcome in campaign.run(client, max_recipients=30)]
        [outcome async for outcome in campaign.run(client)]
    assert told.outcomes == {(Status.ACCEPTED, None): len(PHONES)}
    assert [began.kind for began in told.of(RunBegan)] == ["campaign", "campaign"]
    assert [ended.reason for ended in told.of(RunEnded)] == ["max_recipients", None]


async def test_a_run_that_cannot_begin_as_this_machine_lacks_its_time_zone_is_not_told_of(
    make_client: MakeClient, told: EventRecorder, tmp_path: Path
) -> None:
    client = make_client(on_event=told)
    schedule = SendSchedule(hours=Hours("00:00-24:00", zone="Nowhere/At_all"), margin_us=0)
    terms = CampaignTerms.of(open_client(client).sender, Guards(), schedule)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([Message(phone, "Hello") for phone in PHONES])
        await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="somebody", terms=terms))
        with pytest.raises(ConfigurationError, match="no time zone that this machine knows"):
            [outcome async for outcome in await campaign.go_on(client)]
    assert [*told.of(RunBegan), *told.of(RunEnded)] == []


async def test_an_error_of_who_looks_on_is_logged_with_its_name(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    def hear(event: object) -> None:
        raise ZeroDivisionError

    await make_client(on_event=hear).send(PHONES[0], "Hello")
    assert "whoever looks on has failed to hear of this" in caplog.text
    assert "hear" in caplog.records[0].getMessage().rpartition(": ")[2]


class NothingCanBeRead:
    """A function of the program's that fails, and of which not even a name can be read then."""

    has_failed = False

    def __call__(self, event: object) -> NoReturn:
        self.has_failed = True
        raise ZeroDivisionError

    def __getattr__(self, name: str) -> NoReturn:
        raise ZeroDivisionError if self.has_failed else AttributeError(name)


@pytest.mark.parametrize("kind", ["send", "send_many", "stream"])
async def test_who_looks_on_changes_nothing_whatever_is_asked_of_it(
    make_client: MakeClient, sandbox: Sandbox, kind: str
) -> None:
    client = make_client(on_event=NothingCanBeRead())
    if kind == "send":
        outcomes = [await client.send(PHONES[0], "Hello")]
    elif kind == "send_many":
        outcomes = list((await client.send_many(PHONES, "Hello")).outcomes)
    else:
        outcomes = [outcome async for outcome in client.stream(PHONES, "Hello")]
    assert [outcome.status for outcome in outcomes] == [Status.ACCEPTED] * len(sandbox.texts)


async def test_a_text_whose_caller_leaves_as_its_answer_comes_is_told_of(make_client: MakeClient) -> None:
    told: list[Event] = []

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, RequestEnded):
            asyncio.get_running_loop().call_soon(sending.cancel)

    sending = asyncio.create_task(make_client(on_event=hear).send(PHONES[0], "Hello"))
    await asyncio.wait([sending])
    assert sending.cancelled()
    assert sum(isinstance(event, OutcomesKnown) for event in told) == 1


@pytest.mark.parametrize(
    ("code", "shown"),
    [("NOT_ALLOWED", "NOT_ALLOWED"), ("BLOCKED +12125551234 Your code is 42", "_OTHER"), ("12125551234", "_OTHER")],
)
async def test_a_gateway_s_code_is_told_if_it_is_one(told: EventRecorder, code: str, shown: str) -> None:
    async def refuse(connection: Connection) -> None:
        await connection.read()
        await connection.write(http({"success": False, "error": "No", "code": code}))

    async with (
        RawGateway(refuse).serve() as url,
        AsyncClient(api_key="cspro_made_up", url=url, quota=MemoryQuota(), pace=None, on_event=told) as client,
    ):
        with pytest.raises(RejectedError):
            await client.send(PHONES[0], "Hello")
    assert told.outcomes == {(Status.REJECTED, shown): 1}
    assert [ended.code for ended in told.of(RequestEnded)] == [shown]


async def test_a_run_that_ends_as_the_key_is_refused_says_so(make_client: MakeClient, told: EventRecorder) -> None:
    client = make_client(api_key="cspro_nobody_s", on_event=told)
    with pytest.raises(AuthenticationError):
        await client.send_many(PHONES, "Hello")
    assert [ended.reason for ended in told.of(RunEnded)] == ["INVALID_API_KEY"]


def test_what_can_t_look_on_is_refused() -> None:
    async def hear(event: object) -> None: ...

    class Hears:
        async def __call__(self, event: object) -> None: ...

    for wrong in (hear, Hears(), "print", 3):
        with pytest.raises(ConfigurationError, match="on_event must be a plain function"):
            AsyncClient(on_event=wrong)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match="on_event must be a plain function"):
            AsyncClient().with_options(on_event=wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"telemetry must be a customersms_async\.otel\.Telemetry"):
        AsyncClient(telemetry=EventRecorder)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"not Telemetry$"):
        AsyncClient(telemetry=Telemetry)  # type: ignore[arg-type]


def test_nothing_of_the_seam_is_loaded_where_nobody_looks_on() -> None:
    seam = {"customersms_async.events", "customersms_async._sending.announcer", "opentelemetry"}
    made = "import sys; from customersms_async import AsyncClient; AsyncClient()"
    program = f"{made}; sys.exit(len({seam!r} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603
