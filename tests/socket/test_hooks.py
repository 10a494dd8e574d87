"""What belongs to the program and raises (log handlers, hooks, stores, sources) never changes an outcome."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from customersms_async import AsyncClient, Campaign, Limit, MemoryQuota, OutcomeUnknownError, Priority, Status
from customersms_async.sandbox import Fault, Sandbox
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    MakeClient = Callable[..., AsyncClient]

PHONES = [f"+1212555{i:04}" for i in range(30)]
ERRORS = [ValueError, asyncio.CancelledError, StopIteration]


class Raising(logging.Handler):
    """A sink that is out of order."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error
        self.on = True

    def emit(self, record: logging.LogRecord) -> None:
        if self.on:
            raise self.error("no such sink")


class RaisingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise ValueError("no such field")


@pytest.fixture(params=[*ERRORS, "filter"])
def broken_log(request: pytest.FixtureRequest) -> Iterator[Raising]:
    """The root logger's handler raises, for the lines of this package and of the HTTP libraries, down to DEBUG."""
    root, ours = logging.getLogger(), logging.getLogger("customersms_async")
    handler = Raising(ValueError if request.param == "filter" else request.param)
    no_field = RaisingFilter()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("asyncio").propagate = False
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).propagate = False
    if request.param == "filter":
        ours.addFilter(no_field)
    yield handler
    ours.removeFilter(no_field)
    root.removeHandler(handler)
    root.setLevel(level)
    for name in ("asyncio", "uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).propagate = True


@pytest.mark.parametrize("callers", [False, True], ids=["own engine", "httpx client"])
async def test_a_log_handler_that_raises_changes_no_outcome(
    make_client: MakeClient, sandbox: Sandbox, tmp_path: Path, broken_log: Raising, callers: bool
) -> None:
    broken_log.on = False
    async with httpx.AsyncClient() as http_client:  # whose own beginning and end are logged, too
        broken_log.on = True
        client = make_client(http_client=http_client if callers else None, batch_size=3)
        assert (await client.send(PHONES[0], "Hello")).status is Status.ACCEPTED
        assert (await client.send_many(PHONES, "Hello")).accepted == len(PHONES)
        outcomes = [outcome async for outcome in client.stream(PHONES, "Again")]
        async with Campaign.open(tmp_path / "spring.ledger") as campaign:
            await campaign.add(PHONES, "Hello")
            outcomes += [outcome async for outcome in campaign.run(client)]
        assert [o.status for o in outcomes] == [Status.ACCEPTED] * 2 * len(PHONES)
        broken_log.on = False
    assert len(sandbox.texts) == 1 + 3 * len(PHONES)


async def test_unknown_texts_are_told_as_such_though_the_log_is_broken(
    make_client: MakeClient, sandbox: Sandbox, broken_log: Raising
) -> None:
    sandbox.misbehave(lambda _: (Fault.SLOW, 600.0))
    client = make_client(timeout=0.2)
    with pytest.raises(OutcomeUnknownError):
        await client.send(PHONES[0], "Hello")
    report = await client.send_many(PHONES[:1], "Hello", timeout=0.2)
    assert report.unknown == 1
    outcomes = [outcome async for outcome in client.stream(PHONES[:1], "Hello", timeout=0.2)]
    assert [o.status for o in outcomes] == [Status.UNKNOWN]


async def test_a_handler_that_ends_the_program_does_so_once_the_outcome_is_told(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Heard by the loop in a turn of its own, not by the sender."""
    raised: list[BaseException] = []
    sandbox.misbehave(lambda _: (Fault.SLOW, 600.0))
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: raised.append(context["exception"]))

    class End(BaseException):
        pass

    handler = Raising(End)
    logging.getLogger("customersms_async").addHandler(handler)
    try:
        with pytest.raises(OutcomeUnknownError):
            await make_client(timeout=0.2).send(PHONES[0], "Hello")
        await asyncio.sleep(0)
    finally:
        logging.getLogger("customersms_async").removeHandler(handler)
    assert [type(error) for error in raised] == [End]


async def raise_for_status(response: httpx.Response) -> None:
    response.raise_for_status()


async def read_and_raise(response: httpx.Response) -> None:
    await response.aread()
    raise KeyError("a bug")


async def raise_at_once(_: object) -> None:
    raise KeyError("a bug")


async def cancel(_: object) -> None:
    raise asyncio.CancelledError


async def hang(_: object) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("hook", [raise_for_status, read_and_raise, raise_at_once, cancel, hang])
async def test_a_response_hook_of_the_callers_changes_no_outcome(
    make_client: MakeClient, sandbox: Sandbox, hook: Any
) -> None:
    async with httpx.AsyncClient(event_hooks={"response": [hook]}) as http_client, asyncio.timeout(PATIENCE):
        client = make_client(http_client=http_client, timeout=0.5 if hook is hang else 30.0, batch_size=100)
        assert (await client.send(PHONES[0], "Hello")).status is Status.ACCEPTED
        assert (await client.send_many(PHONES[:2], "Hello", timeout=0.5)).accepted == 2
        assert http_client.event_hooks["response"].count(hook) == 1
        with pytest.raises((KeyError, asyncio.CancelledError, httpx.HTTPError, TimeoutError)):
            async with asyncio.timeout(0.2):
                await http_client.get(sandbox.url)  # the caller's own requests meet the caller's own hook


@pytest.mark.parametrize("hook", [raise_at_once])
async def test_a_request_hook_that_raises_keeps_the_text_from_being_sent(
    make_client: MakeClient, sandbox: Sandbox, hook: Any
) -> None:
    async with httpx.AsyncClient(event_hooks={"request": [hook]}) as http_client:
        report = await make_client(http_client=http_client, max_retries=0).send_many(PHONES, "Hello")
    assert report.unsent == len(PHONES)
    assert not sandbox.texts


class Telling:
    """A store that raises when it is told what became of a request."""

    in_process = True

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.store = MemoryQuota()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def settle(self, key_id: str, request: int) -> None:
        raise self.error

    async def give_back(self, key_id: str, request: int) -> None:
        raise self.error

    async def pause(self, key_id: str, pause_us: int) -> None:
        raise self.error


class Odd(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError("x"), asyncio.CancelledError(), Odd(), StopAsyncIteration()], ids=repr)
async def test_a_store_that_raises_after_the_answer_changes_no_outcome(
    make_client: MakeClient, sandbox: Sandbox, error: BaseException
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    client = make_client(quota=Telling(error), batch_size=3)
    assert (await client.send(PHONES[0], "Hello")).status is Status.ACCEPTED
    assert (await client.send_many(PHONES, "Hello", priority=Priority.NORMAL)).accepted == len(PHONES)
    assert len([outcome async for outcome in client.stream(PHONES, "Again")]) == len(PHONES)
    await asyncio.sleep(0)


async def test_a_source_that_raises_while_requests_are_in_flight_loses_no_outcome(
    make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "customersms_async")

    async def source() -> AsyncIterator[str]:
        for phone in PHONES:
            yield phone
        while len(sandbox.texts) < 9:  # noqa: ASYNC110 - the sandbox sets no event
            await asyncio.sleep(0.001)
        raise KeyError("the file is gone")

    client = make_client(batch_size=3, pace=Limit(1_000, 1))
    with pytest.raises(KeyError):
        await client.send_many(source(), "Hello")
    told = [record for record in caplog.records if "is accepted" in record.getMessage()]
    assert len(told) == len(sandbox.texts) > 0
