"""A closing that has only so much time, as when a container is stopped: what is in flight then is unknown, and told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    ConfigurationError,
    ConnectionFailedError,
    MemoryQuota,
    Outcome,
    OutcomeUnknownError,
    Priority,
    Status,
)
from customersms_async._admission.ticket import Ticket
from customersms_async._core.batching import Batch
from customersms_async._sending.delivery import deliver
from customersms_async.campaign.states import State
from customersms_async.sandbox import Fault, Sandbox
from support.engines import ENGINES, engine_of, nothing_left_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from customersms_async._core.rulings import Ruling

    MakeClient = Callable[..., AsyncClient]

KEY = "cspro_a_key_that_must_never_show"
PHONES = [f"+1212555{i:04}" for i in range(6)]
GRACE = 0.05


def never_answers(sandbox: Sandbox, numbers: Iterable[int] = range(1, 1_000)) -> None:
    sandbox.misbehave(dict.fromkeys(numbers, (Fault.SLOW, 60.0)))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says, but for the key's name."""
    return [line.partition(" (key ")[0] for line in caplog.messages]


async def until_asked(sandbox: Sandbox, requests: int = 1) -> None:
    async with asyncio.timeout(30):
        while sandbox.requests < requests:  # noqa: ASYNC110 - the sandbox sets no event
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("engine", ENGINES)
async def test_what_is_in_flight_after_the_grace_is_unknown_over_every_engine(
    engine: str, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    never_answers(sandbox)
    async with engine_of(engine) as http_client:
        options: dict[str, Any] = {"quota": MemoryQuota(), "pace": None, "max_concurrency": 2}
        client = AsyncClient(api_key=KEY, url=sandbox.url, http_client=http_client, **options)
        sends = [asyncio.create_task(client.send(phone, "Hello")) for phone in PHONES[:3]]
        await until_asked(sandbox, 2)
        async with asyncio.timeout(30):
            await client.aclose(grace=GRACE)
        ended = await asyncio.gather(*sends, return_exceptions=True)
        assert [type(error) for error in ended] == [OutcomeUnknownError, OutcomeUnknownError, ConnectionFailedError]
        assert "closed before an answer came" in str(ended[0])
        assert sandbox.requests == 2
        assert not client.__session__().parts.transport.in_flight
        assert f"2 requests aborted {GRACE} s after the client was closed; texts may have been sent" in told(caplog)


async def test_answers_that_come_within_the_grace_are_waited_for_and_nothing_is_left_over(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    sandbox.misbehave(lambda _: (Fault.SLOW, 0.1))
    client = make_client()
    async with nothing_left_over():
        send = asyncio.create_task(client.send(PHONES[0], "Hello"))
        await until_asked(sandbox)
        await client.aclose(grace=30)
        assert (await send).status is Status.ACCEPTED
    await client.aclose(grace=0)


@pytest.mark.parametrize("first", [None, 30])
async def test_the_grace_may_be_shortened_by_another_call(
    make_client: MakeClient, sandbox: Sandbox, first: float | None
) -> None:
    never_answers(sandbox)
    client = make_client()
    send = asyncio.create_task(client.send(PHONES[0], "Hello"))
    await until_asked(sandbox)
    patient = asyncio.create_task(client.aclose(first))
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await client.aclose(grace=0)
        await patient
    with pytest.raises(OutcomeUnknownError):
        await send


async def test_over_shared_connections_only_the_clients_own_requests_are_aborted(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    sandbox.misbehave(lambda number: (Fault.SLOW, 0.3 if number == 1 else 60.0))
    owner = make_client()
    other = owner.with_options()
    theirs = asyncio.create_task(owner.send(PHONES[0], "Hello"))
    await until_asked(sandbox)
    own = asyncio.create_task(other.send(PHONES[1], "Hello"))
    await until_asked(sandbox, 2)
    await other.aclose(grace=GRACE)
    with pytest.raises(OutcomeUnknownError):
        await own
    assert (await theirs).status is Status.ACCEPTED


async def test_a_text_whose_caller_has_left_is_logged_as_unknown(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    never_answers(sandbox)
    client = make_client()
    send = asyncio.create_task(client.send(PHONES[0], "Hello"))
    await until_asked(sandbox)
    send.cancel()
    await asyncio.wait([send])
    await client.aclose(grace=GRACE)
    assert "nobody waited for 1 outcome: 1 unknown" in told(caplog)


async def test_a_send_to_many_says_what_is_unknown_and_what_is_unsent(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "customersms_async")
    never_answers(sandbox, [2])
    client = make_client(batch_size=2, max_concurrency=1)
    outcomes: list[Outcome] = []

    async def take() -> None:
        async for outcome in client.stream(PHONES, "Hello"):
            outcomes.append(outcome)

    taking, many = asyncio.create_task(take()), asyncio.create_task(client.send_many(PHONES, "To many"))
    await until_asked(sandbox, 2)
    await client.aclose(grace=GRACE)
    for task in (taking, many):
        with pytest.raises(ConfigurationError, match="closed before everything was sent"):
            await task
    logged = [record.args[1] for record in caplog.records if record.msg.startswith("nobody waited for the text")]  # type: ignore[index]  # our own
    statuses = sorted(str(status) for status in [*logged, *(outcome.status for outcome in outcomes)])
    assert statuses == ["accepted"] * 2 + ["unknown"] * 2 + ["unsent"] * 8


async def test_a_campaign_has_recorded_what_is_unknown_when_the_closing_returns(
    make_client: MakeClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    never_answers(sandbox, [2])
    client = make_client(batch_size=2, max_concurrency=1)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add(PHONES, "Hello")

        async def run() -> list[Outcome]:
            return [outcome async for outcome in campaign.run(client)]

        running = asyncio.create_task(run())
        await until_asked(sandbox, 2)
        await client.aclose(grace=GRACE)
        counts = await campaign.counts()
        assert {state: count for state, count in counts.items() if count} == {
            State.ACCEPTED: 2,
            State.UNKNOWN: 2,
            State.PLANNED: 2,
        }
        with pytest.raises(ConfigurationError, match="closed before everything was sent"):
            await running


async def test_an_answer_that_is_being_recorded_is_not_aborted(client: AsyncClient, sandbox: Sandbox) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()
    recorded: list[Ruling] = []

    async def record(ruling: Ruling) -> None:
        began.set()
        await may_end.wait()
        recorded.append(ruling)

    sending = asyncio.create_task(
        deliver(
            client.__session__().open(),
            Batch("Hello", PHONES[:2], [0, 1]),
            Ticket(Priority.BULK),
            timeout=30.0,
            after_attempt=record,
        )
    )
    await began.wait()
    closing = asyncio.create_task(client.aclose(grace=0))
    await asyncio.sleep(0.05)
    assert not closing.done()
    may_end.set()
    await closing
    assert [outcome.status for outcome in (await sending).outcomes] == [Status.ACCEPTED] * 2
    assert len(recorded) == 1


@pytest.mark.parametrize("grace", [-1, float("nan"), float("inf"), "soon", True])
async def test_a_grace_that_is_none_closes_nothing(client: AsyncClient, grace: Any) -> None:
    with pytest.raises(ConfigurationError, match="grace"):
        await client.aclose(grace=grace)
    assert (await client.send(PHONES[0], "Hello")).status is Status.ACCEPTED
