"""Streams: outcomes as they come, bounded memory, every way of leaving."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    Message,
    Outcome,
    Status,
)
from customersms_async._sending.bulk import BulkSend
from customersms_async.sandbox import Fault, Sandbox
from support.real_time import PATIENCE
from support.stream_asking import three_asked_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    MakeClient = Callable[..., AsyncClient]


def numbers(count: int) -> list[str]:
    return [f"+1212{i:07}" for i in range(count)]


async def test_every_input_gets_exactly_one_outcome(client: AsyncClient, sandbox: Sandbox) -> None:
    inputs = [*numbers(730), "bad", "+12120000729"]
    outcomes = [outcome async for outcome in client.stream(inputs, "Hello")]
    assert sorted(o.index for o in outcomes) == list(range(732))
    assert sum(o.status is Status.ACCEPTED for o in outcomes) == len(sandbox.texts) == 730
    assert {o.code for o in outcomes if o.status is Status.UNSENT} == {"INVALID_PHONE", "DUPLICATE"}
    assert sandbox.requests == 8


async def test_it_reads_no_further_ahead_than_it_must(make_client: MakeClient) -> None:
    read = 0

    def source() -> Iterator[str]:
        nonlocal read
        for phone in numbers(100_000):
            read += 1
            yield phone

    client = make_client(batch_size=10, max_concurrency=4)
    stream = client.stream(source(), "Hello")
    taken = [await anext(stream) for _ in range(100)]
    await asyncio.sleep(0.2)
    assert len(taken) == 100
    assert read <= 100 + 4 * 40, "outcomes held, requests in flight, batches in line, and one look-ahead"
    await stream.aclose()


async def test_a_slow_source_does_not_hold_a_part_filled_batch_back(client: AsyncClient, sandbox: Sandbox) -> None:
    more = asyncio.Event()

    async def source() -> AsyncIterator[str]:
        for phone in numbers(30):
            yield phone
        await more.wait()
        yield "+12125551234"

    stream = client.stream(source(), "Hello")
    first = [await anext(stream) for _ in range(30)]
    assert all(o.status is Status.ACCEPTED for o in first)
    assert sandbox.requests == 1
    more.set()
    assert [o.index async for o in stream] == [30]


async def test_a_repeat_after_a_silence_is_no_mistake(client: AsyncClient, sandbox: Sandbox) -> None:
    more = asyncio.Event()

    async def source() -> AsyncIterator[str]:
        yield "+12125551234"
        yield "+12125551234"
        await more.wait()
        yield "+12125551234"

    codes = []
    async for outcome in client.stream(source(), "The door is open"):
        codes.append(outcome.code)
        if len(codes) == 2:
            more.set()
    assert sorted(codes, key=str) == ["DUPLICATE", None, None]
    assert len(sandbox.texts) == 2


@pytest.mark.parametrize("way", ["break", "break in a context", "exception", "aclose", "aclose elsewhere", "dropped"])
async def test_leaving_early_sends_nothing_new_and_lets_requests_in_flight_finish(
    client: AsyncClient, sandbox: Sandbox, way: str
) -> None:
    sandbox.misbehave(lambda number: (Fault.SLOW, 0.1) if number > 1 else None)
    stream = client.stream(numbers(10_000), "Hello")
    if way == "break":
        async for _ in stream:
            break
        del stream
    elif way == "break in a context":
        async with stream:
            async for _ in stream:
                break
    elif way == "exception":
        with pytest.raises(KeyError):
            async with stream:
                async for _ in stream:
                    raise KeyError
    elif way == "aclose":
        await anext(stream)
        await stream.aclose()
        assert [o async for o in stream] == []
    elif way == "aclose elsewhere":
        await anext(stream)
        await asyncio.create_task(stream.aclose())
    else:
        await anext(stream)
        stream = None  # type: ignore[assignment]  # the last reference goes
    gc.collect()
    await asyncio.sleep(0)
    begun = sandbox.requests
    await client.aclose()
    assert sandbox.requests <= max(begun, 8)
    assert len(sandbox.texts) == sandbox.requests * 100
    assert len(asyncio.all_tasks()) <= 1 + _serving(sandbox)


def _serving(sandbox: Sandbox) -> int:
    """Tasks of the sandbox in this loop, which are not the client's."""
    return sum("sandbox" in repr(task) or "uvicorn" in repr(task) for task in asyncio.all_tasks())


async def test_a_bad_key_gives_an_outcome_for_all_that_was_read_and_then_raises(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    read = 0

    def source() -> Iterator[str]:
        nonlocal read
        for phone in numbers(50_000):
            read += 1
            yield phone

    outcomes = []
    with pytest.raises(AuthenticationError) as raised:
        async for outcome in make_client(api_key="cspro_revoked").stream(source(), "Hello"):
            outcomes.append(outcome)
    assert sorted(o.index for o in outcomes) == list(range(read))
    assert {o.code for o in outcomes} == {"INVALID_API_KEY"}
    assert len(raised.value.phones) == read < 50_000
    assert sandbox.requests <= 8


async def test_an_account_that_runs_dry_in_the_middle_ends_the_stream_with_everything_told() -> None:
    gateway = Sandbox(keys={"cspro_poor": 1_050})
    outcomes = []
    async with gateway.serve() as url, AsyncClient(api_key="cspro_poor", url=url, pace=None) as client:
        with pytest.raises(InsufficientCreditsError):
            async for outcome in client.stream(numbers(50_000), "Hello"):
                outcomes.append(outcome)
    accepted = {o.phone for o in outcomes if o.status is Status.ACCEPTED}
    assert accepted == {text.phone for text in gateway.texts}
    assert sorted(o.index for o in outcomes) == list(range(len(outcomes)))


async def test_an_error_of_the_source_comes_after_the_outcomes_of_what_was_read(client: AsyncClient) -> None:
    def source() -> Iterator[Message]:
        for phone in numbers(150):
            yield Message(phone, "Hello")
        raise OSError("the file is gone")

    outcomes = []
    with pytest.raises(OSError, match="the file is gone"):
        async for outcome in client.stream(source()):
            outcomes.append(outcome)
    assert sorted(o.index for o in outcomes) == list(range(150))


async def test_whoever_asks_in_the_very_turn_in_which_the_source_fails_hears_of_it(client: AsyncClient) -> None:
    def source() -> Iterator[str]:
        raise OSError("the file is gone")
        yield

    async with client.stream(source(), "Hello") as stream:
        send: Any = stream._send
        task = send._reader._task
        while not task.done():  # noqa: ASYNC110 - no callback is early enough
            await asyncio.sleep(0)
        with pytest.raises(OSError, match="the file is gone"):
            await anext(stream)


async def test_a_cancelled_anext_loses_no_outcome(client: AsyncClient, sandbox: Sandbox) -> None:
    sandbox.misbehave(lambda _: (Fault.SLOW, 0.05))
    stream = client.stream(numbers(300), "Hello")
    seen: list[Any] = []
    while True:
        try:
            async with asyncio.timeout(0.01):
                seen.append(await anext(stream))
        except TimeoutError:
            continue
        except StopAsyncIteration:
            break
    assert sorted(o.index for o in seen) == list(range(300))


async def test_an_anext_at_the_heels_of_a_cancelled_one_and_two_at_once_are_all_answered(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    sandbox.misbehave(lambda _: (Fault.SLOW, 0.05))
    stream = make_client(batch_size=1).stream(numbers(3), "Hello")
    assert sorted(o.index for o in await three_asked_for(stream)) == [0, 1, 2]


@pytest.mark.parametrize("waiting", [False, True], ids=["in flight", "in line"])
async def test_a_loop_that_is_shut_down_starts_nothing_new(
    make_client: MakeClient, sandbox: Sandbox, waiting: bool
) -> None:
    sandbox.misbehave(lambda _: (Fault.SLOW, 600.0))
    client = make_client(max_concurrency=3, batch_size=1)
    stream = client.stream(numbers(50), "Hello")
    outcomes: list[Outcome] = []

    async def collect() -> None:
        async for outcome in stream:
            outcomes.append(outcome)

    collecting = asyncio.create_task(collect())
    while sandbox.requests < 2:  # noqa: ASYNC110 - the sandbox sets no event
        await asyncio.sleep(0.001)
    send = stream._send
    assert isinstance(send, BulkSend)
    *flying, last = send.deliveries._tickets
    for task in [last] if waiting else flying:
        task.cancel()
    if waiting:
        await asyncio.wait([last])
        client._session.parts.transport.in_flight.abort()
    async with asyncio.timeout(PATIENCE):
        await collecting
    told = Counter(outcome.code for outcome in outcomes)
    assert sandbox.requests == told["NO_ANSWER"] == 2
    assert told.keys() == {"NO_ANSWER", "STOPPED"}


async def test_closing_the_client_reports_what_its_streams_hold_and_ends_them(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "customersms_async")
    client = make_client()
    stream = client.stream(numbers(20_000), "Hello")
    given = await anext(stream)
    await client.aclose()
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="closed before everything was sent"):
            await anext(stream)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    accepted = [record for record in caplog.records if record.levelname == "INFO" and "is accepted" in record.message]
    assert given.status is Status.ACCEPTED
    assert len(accepted) == len(sandbox.texts) - 1
    assert f"{len(accepted)} accepted" in warning


async def test_closing_the_client_lets_another_task_take_what_its_stream_holds(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    client, outcomes = make_client(), []

    async def collect() -> None:
        async for outcome in client.stream(numbers(20_000), "Hello"):
            outcomes.append(outcome)
            await asyncio.sleep(0)

    collecting = asyncio.create_task(collect())
    while not outcomes:  # noqa: ASYNC110 - whatever comes first
        await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(ConfigurationError, match="closed before everything was sent"):
        await collecting
    assert sorted(o.index for o in outcomes) == list(range(len(outcomes)))
    assert sum(o.status is Status.ACCEPTED for o in outcomes) == len(sandbox.texts)
    assert {o.code for o in outcomes if o.status is Status.UNSENT} == {"STOPPED"}
    assert not caplog.messages
