"""A context variable of the caller's, such as the id of a web request, is seen in every line about what it sends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, CustomerSMSError, Limit
from customersms_async.sandbox import Fault, magic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

    MakeClient = Callable[..., AsyncClient]

request_id: ContextVar[str] = ContextVar("request_id", default="nobody's")
PHONES = [f"+1212555{number:04}" for number in range(40)]
UNKNOWN = magic.number(Fault.STATUS_502)


class Seen(logging.Handler):
    """Notes each line's event, with the id of the request in whose context it was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((vars(record).get("sms_event", record.getMessage()), request_id.get()))

    def ids(self, event: str) -> list[str]:
        return [each for name, each in self.lines if name == event]


@pytest.fixture
def seen() -> Iterator[Seen]:
    logger, handler = logging.getLogger("customersms_async"), Seen()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


async def test_lines_about_single_sends(make_client: MakeClient, sandbox: Sandbox, seen: Seen) -> None:
    sandbox.misbehave([Fault.STATUS_429, Fault.STATUS_502, Fault.STATUS_502])
    client = make_client(limits=Limit(10, 0.2), max_concurrency=1)

    async def send(name: str) -> None:
        request_id.set(name)
        with contextlib.suppress(CustomerSMSError):
            await client.send(PHONES[0], f"For {name}")

    await asyncio.gather(send("one"), send("two"))
    assert seen.ids("pause") == seen.ids("retry") == ["one"]
    assert sorted(seen.ids("unknown")) == ["one", "two"]
    assert set(seen.ids("wait")) == {"one", "two"}
    assert "nobody's" not in dict.fromkeys(each for _, each in seen.lines)


async def test_lines_about_a_send_whose_caller_has_left(client: AsyncClient, sandbox: Sandbox, seen: Seen) -> None:
    request_id.set("one")
    sending = asyncio.create_task(client.send(UNKNOWN, "Hello"))
    while not sandbox.requests:  # noqa: ASYNC110
        await asyncio.sleep(0)
    request_id.set("another")
    sending.cancel()
    await client.aclose()
    assert {name: each for name, each in seen.lines if name in ("unknown", "unheard", "unheard_in_all")} == {
        "unknown": "one",
        "unheard": "one",
        "unheard_in_all": "one",
    }


async def test_lines_about_a_send_to_many(make_client: MakeClient, sandbox: Sandbox, seen: Seen) -> None:
    sandbox.misbehave([Fault.STATUS_502] * 20)
    client = make_client(batch_size=1, max_concurrency=2)

    async def send(name: str, phones: list[str]) -> None:
        request_id.set(name)
        await client.send_many(phones, "Hello", stop_after_unknown=None)

    await asyncio.gather(send("one", PHONES[:10]), send("two", PHONES[10:20]))
    assert sorted(seen.ids("unknown")) == ["one"] * 10 + ["two"] * 10


async def test_lines_about_a_stream_have_the_context_in_which_it_began_whoever_takes_its_outcomes(
    make_client: MakeClient, sandbox: Sandbox, seen: Seen
) -> None:
    sandbox.misbehave([Fault.STATUS_502] * len(PHONES))
    client = make_client(batch_size=1, max_concurrency=2)
    request_id.set("one")
    stream = client.stream(PHONES, "Hello", stop_after_unknown=None)
    await anext(stream)
    for number in range(10):  # each outcome has further ones sent
        request_id.set(f"of outcome {number}")
        await asyncio.create_task(anext(stream))
    request_id.set("closing")
    await client.aclose()
    assert len(seen.ids("unknown")) > 5
    assert set(seen.ids("unknown")) == {"one"}
    assert set(seen.ids("unheard")) | set(seen.ids("unheard_in_all")) <= {"one"}


async def test_lines_about_a_stream_that_was_dropped(make_client: MakeClient, seen: Seen) -> None:
    client = make_client(batch_size=1, max_concurrency=2)
    request_id.set("one")
    stream = client.stream(PHONES, "Hello")
    await anext(stream)
    request_id.set("another")
    del stream
    gc.collect()
    await asyncio.sleep(0)
    await client.aclose()
    assert set(seen.ids("unheard")) == set(seen.ids("unheard_in_all")) == {"one"}


async def test_lines_about_a_campaign(client: AsyncClient, sandbox: Sandbox, tmp_path: Path, seen: Seen) -> None:
    sandbox.misbehave([Fault.STATUS_502] * 3)
    client = client.with_options(batch_size=1, max_concurrency=1)
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add(PHONES[:3], "Hello")
        request_id.set("one")
        run = campaign.run(client)
        await anext(run)
        for number in range(2):
            request_id.set(f"of outcome {number}")
            await anext(run)
        assert [outcome async for outcome in run] == []
    assert seen.ids("unknown") == ["one"] * 3
    await client.aclose()
