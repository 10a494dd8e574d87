"""The fault matrix: every fault of the gateway and the network, over real sockets, for every way to send.

The rows are in ``faults``. Each run checks the outcomes, the error and its code, the requests that reached the server,
that no text came twice, what became of the tokens, and that the connections are whole afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import httpx
import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    ConnectionFailedError,
    InsufficientCreditsError,
    Limit,
    MemoryQuota,
    Outcome,
    OutcomeUnknownError,
    SendError,
    SendReport,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox, magic
from support import broken_gateways
from support.broken_gateways import KEY, RawGateway, answered, http
from support.engines import CALLERS_ENGINES, ENGINES, OWN_ENGINES, differing, engine_of, nothing_left_over
from support.fault_matrix import ACCEPTED, BACK, HELD, ROWS, Row
from support.real_time import PATIENCE, clock_to_put_forward
from support.telemetry import TelemetryInMemory

MakeClient = Callable[..., AsyncClient]
PHONES = ["+12125551234", "+13235554567"]


class Clock:
    """The quota's clock: it moves when it is told to."""

    def __init__(self) -> None:
        self.now_us = 10**12

    def __call__(self) -> int:
        return self.now_us

    def go_on(self, seconds: float) -> None:
        self.now_us += round(seconds * 1e6)


class Told(NamedTuple):
    """What a caller heard: the outcomes in input order, and what was raised."""

    outcomes: list[tuple[Status, str | None]]
    error: type[Exception] | None


Way = Callable[[AsyncClient, list[str], str], Awaitable[Told]]
FATAL = (AuthenticationError, InsufficientCreditsError)


async def by_send(client: AsyncClient, phones: list[str], message: str) -> Told:
    """The error says in words what became of the text: some kinds stand for two outcomes."""
    try:
        return Told([((await client.send(phones[0], message)).status, None)], None)
    except SendError as error:
        (status,) = (status for status in Status if f"is {status}:" in str(error))
        return Told([(status, error.code)], type(error))


async def by_send_many(client: AsyncClient, phones: list[str], message: str) -> Told:
    raised: type[Exception] | None = None
    try:
        report = await client.send_many(phones, message)
    except FATAL as error:
        report, raised = error.report or SendReport((), 0, None), type(error)
    return Told([(o.status, o.code) for o in report.outcomes], raised)


async def by_stream(client: AsyncClient, phones: list[str], message: str) -> Told:
    outcomes: list[Outcome] = []
    raised: type[Exception] | None = None
    try:
        async for outcome in client.stream(phones, message):
            outcomes.append(outcome)
    except FATAL as error:
        raised = type(error)
    return Told([(o.status, o.code) for o in sorted(outcomes, key=lambda o: o.index)], raised)


WAYS: Final[list[Way]] = [by_send, by_send_many, by_stream]


@pytest.fixture(params=ENGINES)
async def make_client(make_client: MakeClient, request: pytest.FixtureRequest) -> AsyncIterator[MakeClient]:
    """As everywhere, but over each engine."""
    async with engine_of(request.param) as http_client:
        yield partial(make_client, http_client=http_client)


class World(NamedTuple):
    """Where requests go, and what came there: requests begun, requests read in full, texts; and if one is held.

    Where no request can be, there is nothing that could hold one.
    """

    url: str
    begun: Callable[[], int]
    read: Callable[[], int]
    texts: Callable[[], list[tuple[str, str]]]
    holds: Callable[[], bool] | None


@contextlib.asynccontextmanager
async def world(row: Row) -> AsyncIterator[World]:
    if callable(row.what):
        raw = RawGateway(row.what)
        async with raw.serve() as url:
            yield World(url, lambda: raw.connections, lambda: raw.requests, lambda: raw.texts, lambda: raw.holds)
    elif isinstance(row.what, str):
        async with contextlib.AsyncExitStack() as stack:
            yield World(await place(row.what, stack), lambda: 0, lambda: 0, list, None)
    else:
        sandbox = Sandbox({KEY: 100}, faults=lambda _: row.what)  # type: ignore[arg-type, return-value]  # the rest
        async with sandbox.serve() as url:
            texts = lambda: [(text.phone, text.message) for text in sandbox.texts]  # noqa: E731
            begun, taken = lambda: sandbox._gateway._begun, lambda: bool(sandbox.texts)
            yield World(url, begun, lambda: sandbox.requests, texts, taken)


async def place(name: str, stack: contextlib.AsyncExitStack) -> str:
    """The URL of a place where nobody gets as far as a request."""
    if name == "refused":
        return "http://127.0.0.1:9/"
    if name == "name not found":
        return "https://gateway.invalid/"
    if name == "queue full":
        return stack.enter_context(broken_gateways.full_backlog())
    if name == "certificate refused":
        return await stack.enter_async_context(
            RawGateway(broken_gateways.never_greet, broken_gateways.self_signed()).serve()
        )
    handler = {"handshake cut": broken_gateways.hang_up, "handshake without an answer": broken_gateways.never_greet}[
        name
    ]
    return (await stack.enter_async_context(RawGateway(handler).serve())).replace("http:", "https:")


async def until(met: Callable[[], bool]) -> None:
    """Wait for something that another party does."""
    async with asyncio.timeout(PATIENCE):
        while not met():  # noqa: ASYNC110 - the sandbox sets no event
            await asyncio.sleep(0.005)


async def overtaken(way: Awaitable[Told], holds: Callable[[], bool], timeout: float) -> Told:
    """What is told when the whole time-out is over at the very moment at which the request is held."""
    forward = clock_to_put_forward()
    sending = asyncio.ensure_future(way)
    await until(holds)
    forward(timeout + 1)
    return await sending


async def used(client: AsyncClient) -> int:
    return (await client.quota_status()).limits[0].used


@pytest.fixture(scope="module")
def healthy() -> Iterator[Sandbox]:
    """A gateway without a fault, to see afterwards whether the connections are whole."""
    gateway = Sandbox(keys={KEY: 100_000}, limits=[Limit(100_000, 60)])
    with gateway.serve_in_thread():
        yield gateway


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", OWN_ENGINES)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_each_fault_has_one_outcome_and_nothing_is_sent_twice(
    row: Row, engine: str, way: Way, healthy: Sandbox
) -> None:
    await one_outcome(row, engine, way, healthy)


@pytest.mark.parametrize("engine", CALLERS_ENGINES)
@pytest.mark.parametrize(
    ("row", "way"), list(zip(ROWS, itertools.cycle(WAYS))), ids=lambda each: getattr(each, "name", "")
)
async def test_each_fault_has_the_same_outcome_over_an_engine_of_the_callers(
    row: Row, engine: str, way: Way, healthy: Sandbox
) -> None:
    """In one of the three ways each: what they do differently lies above the engine."""
    await one_outcome(row, engine, way, healthy)


async def one_outcome(row: Row, engine: str, way: Way, healthy: Sandbox) -> None:
    """Have the row's fault befall a send, and look at all that it led to."""
    row = differing(row, engine)
    alone = row.slow or way is by_send
    timeout = 0.1 if row.slow and isinstance(row.what, str) else 30.0
    clock = Clock()
    options: dict[str, Any] = {"limits": Limit(20, 60), "quota": MemoryQuota(clock=clock), "timeout": timeout}
    options |= {"pace": None, "max_retries": 0, "max_concurrency": 1}
    seen = TelemetryInMemory(key_label=True)
    options["telemetry"] = seen.telemetry if engine == "fast" else None
    async with (
        nothing_left_over(),
        world(row) as there,
        engine_of(engine) as http_client,
        AsyncClient(api_key=KEY, url=there.url, http_client=http_client, **options) as client,
    ):
        told_by = way(client, PHONES[:1] if alone else PHONES, row.message)
        told = await (overtaken(told_by, there.holds, timeout) if row.slow and there.holds else told_by)
        statuses = [row.alone] if alone else list(row.pair)
        assert [status for status, _ in told.outcomes] == statuses
        assert {code for status, code in told.outcomes if status is not ACCEPTED} <= {row.code}
        if way is by_send:
            assert told.error is row.error
        else:
            assert (told.error in FATAL) is row.stops

        begun = row.begun if alone else row.begun_pair
        assert there.begun() == begun
        assert there.read() == (begun if row.read else 0)
        assert all(count == 1 for count in Counter(there.texts()).values())
        if not callable(row.what):
            assert len(there.texts()) == (len(statuses) if row.sent else 0)

        status = await client.quota_status()
        assert status.limits[0].used == (0 if row.tokens is BACK else begun)
        assert row.pause[0] <= status.paused_seconds <= row.pause[1]
        clock.go_on(60.1)
        assert await used(client) == (begun if row.tokens is HELD else 0)
        clock.go_on(timeout + 0.5 + 5)
        assert await used(client) == 0

        other = client.with_options(url=healthy.url, quota=MemoryQuota())
        assert (await other.send(PHONES[0], "Hello")).status is ACCEPTED, "the only connection is free again"
        assert bool(seen.spans) is (engine == "fast")
        assert not seen.tells(KEY, KEY.removeprefix("cspro_"), *(phone[2:] for phone in PHONES), row.message[:1_000])


@pytest.mark.parametrize("way", [by_send_many, by_stream], ids=["send_many", "stream"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_credits_that_run_out_within_a_request_leave_the_rest_unsent_and_stop_everything(
    engine: str, way: Way
) -> None:
    gateway = Sandbox({KEY: 15})
    phones = [f"+1212555{i:04}" for i in range(60)]
    async with gateway.serve() as url, engine_of(engine) as http_client:
        options: dict[str, Any] = {"pace": None, "batch_size": 10, "max_concurrency": 1, "quota": MemoryQuota()}
        async with AsyncClient(api_key=KEY, url=url, http_client=http_client, **options) as client:
            told = await way(client, phones, "Hello")
    assert told.error is InsufficientCreditsError
    assert told.outcomes[:15] == [(ACCEPTED, None)] * 15
    assert len(told.outcomes) == 60 or way is by_stream
    assert set(told.outcomes[15:]) == {(Status.UNSENT, "INSUFFICIENT_CREDITS")}
    assert (len(gateway.texts), gateway.requests) == (15, 2)


async def test_a_callers_pool_that_is_too_small_keeps_the_request_unsent() -> None:
    """The pool time-out: our own pool is as large as the gate in front of it, so only a caller's can have one."""
    goes_on = asyncio.Event()

    async def when_told(connection: broken_gateways.Connection) -> None:
        while True:
            asked = await connection.read()
            await goes_on.wait()
            await connection.write(http(answered(asked.phones)))

    gateway = RawGateway(when_told)
    async with gateway.serve() as url, httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as http_client:
        options: dict[str, Any] = {"max_retries": 0, "pace": None, "quota": MemoryQuota()}
        async with AsyncClient(api_key=KEY, url=url, http_client=http_client, **options) as client:
            forward = clock_to_put_forward()
            first = asyncio.create_task(client.send(PHONES[0], "Hello", timeout=60.0))
            await until(lambda: gateway.requests == 1)
            second = asyncio.create_task(client.send(PHONES[1], "Hello", timeout=20.0))
            for _ in range(50):  # more turns than it takes to stand in the pool's line
                await asyncio.sleep(0)
            forward(21)
            with pytest.raises(ConnectionFailedError, match=r"no connection to .* was made in time"):
                await second
            assert await used(client) == 1
            goes_on.set()
            assert (await first).status is ACCEPTED
            assert (await client.send(PHONES[1], "Hello")).status is ACCEPTED
    assert gateway.texts == [(phone, "Hello") for phone in PHONES]


@pytest.mark.parametrize("fault", [Fault.CLOSE_BEFORE, Fault.RESET_BEFORE, Fault.CLOSE_AFTER, Fault.RESET_AFTER])
async def test_a_connection_that_is_closed_at_the_moment_of_a_send_leaves_it_unknown(
    make_client: MakeClient, sandbox: Sandbox, fault: Fault
) -> None:
    client = make_client(max_concurrency=1)
    sandbox.misbehave({2: fault})
    assert (await client.send(PHONES[0], "first")).status is ACCEPTED
    with pytest.raises(OutcomeUnknownError):
        await client.send(PHONES[0], "second")
    assert (await client.send(PHONES[0], "third")).status is ACCEPTED
    assert sandbox._gateway._begun == 3
    assert not sandbox.duplicates()
    assert await used(client) == 3


@pytest.mark.parametrize(
    "more", [http(b"", "400 Bad Request"), http(answered(PHONES[1:])), http({"success": False}), b"<br>junk"]
)
async def test_what_is_left_over_from_an_answer_is_not_taken_for_the_next(make_client: MakeClient, more: bytes) -> None:
    async def twice(connection: broken_gateways.Connection) -> None:
        while True:
            asked = await connection.read()
            await connection.write(http(answered(asked.phones)) + more)

    gateway = RawGateway(twice)
    async with gateway.serve() as url, httpx.AsyncClient(limits=httpx.Limits(keepalive_expiry=PATIENCE)) as kept:
        client = make_client(url=url, max_concurrency=1)
        callers = client._session.parts.transport.callers_client
        over_aiohttp = type(callers).__name__ == "FastClient"
        if callers is None:  # and the same connection again, however long this takes
            client = client.with_options(http_client=kept)
        if more.startswith(b"<") and over_aiohttp:
            pytest.skip("the row 'bytes beyond its length': over aiohttp each of these answers is unknown")
        assert (await client.send(PHONES[0], "Hello")).status is ACCEPTED
        if over_aiohttp:  # its connections show what is left over before anything leaves: it goes out over another one
            assert (await client.send(PHONES[1], "Hello")).message_id == "msg_0"
        else:
            with pytest.raises(OutcomeUnknownError):
                await client.send(PHONES[1], "Hello")
        assert (await client.send(PHONES[1], "Hello again")).status is ACCEPTED
    assert gateway.requests == 3
    assert gateway.connections == (3 if over_aiohttp else 2)


async def test_a_connection_that_the_gateway_closed_while_idle_is_not_used(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client()
    sandbox.misbehave({1: (Fault.IDLE_CLOSED, 0.0)})
    for text in ("first", "second", "third"):
        assert (await client.send(PHONES[0], text)).status is ACCEPTED
        await asyncio.sleep(0.02)
    assert len(sandbox.texts) == 3


async def test_a_refused_connection_is_tried_again_and_costs_no_token(make_client: MakeClient) -> None:
    client = make_client(url="http://127.0.0.1:9/", max_retries=1)
    with pytest.raises(ConnectionFailedError, match="ConnectionRefusedError"):
        await client.send(PHONES[0], "Hello")
    assert await used(client) == 0


async def test_a_handshake_that_is_cut_is_tried_again_and_a_refused_certificate_is_not(
    make_client: MakeClient,
) -> None:
    for handler, tls, tries in (
        (broken_gateways.hang_up, None, 2),
        (broken_gateways.never_greet, broken_gateways.self_signed(), 1),
    ):
        gateway = RawGateway(handler, tls)
        async with gateway.serve() as url:
            client = make_client(url=url.replace("http:", "https:"), max_retries=1)
            with pytest.raises(ConnectionFailedError):
                await client.send(PHONES[0], "Hello")
        assert gateway.connections == tries or tls
        assert await used(client) == 0


async def test_a_429_is_waited_out_and_then_sent_once(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.misbehave([(Fault.STATUS_429, 0.1)])
    client = make_client()
    assert (await client.send(PHONES[0], "Hello")).status is ACCEPTED
    assert (sandbox.requests, len(sandbox.texts), await used(client)) == (2, 1, 2)


async def test_the_key_rests_after_a_row_that_was_refused_for_its_limits_and_nobody_is_rejected(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(limits=Limit(20, 60))
    report = await client.send_many([PHONES[0], magic.number(Fault.ROW_RATE_LIMITED)], "Hello")
    assert [(o.status, o.code) for o in report.outcomes] == [(ACCEPTED, None), (Status.UNSENT, "RATE_LIMITED")]
    assert 50 < (await client.quota_status()).paused_seconds < 60.1
    assert len(sandbox.texts) == sandbox.requests == 1


async def test_a_text_of_a_413_goes_out_in_halves_and_once(make_client: MakeClient) -> None:
    gateway = Sandbox(keys={KEY: 100}, max_numbers=3)
    async with gateway.serve() as url:
        report = await make_client(url=url).send_many([f"+1212555{i:04}" for i in range(20)], "Hello")
    assert report.accepted == len(gateway.texts) == 20
    assert not gateway.duplicates()
