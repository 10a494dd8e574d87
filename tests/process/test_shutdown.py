"""Programs that end in the middle of a stream: real processes, a real SIGINT, a gateway that counts."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Final

import pytest
from anyio.from_thread import start_blocking_portal

from support.broken_gateways import KEY
from support.real_time import PATIENCE
from support.watched_client import SlowGateway, id_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGINNING: Final = f"""
    import asyncio, logging, os, signal, sys
    from customersms_async import AsyncClient, Campaign, Limit
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background, it is ignored
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(message)s")
    PHONES = [f"+1212555{{i:04}}" for i in range(2_000)]
    OPTIONS = dict(api_key="{KEY}", url=sys.argv[1], pace=None, max_concurrency=4, batch_size=2, limits=Limit(9_999, 1))

    def give(outcome):
        print("given", outcome.message_id or outcome.code, flush=True)
"""

LOOPS: Final = {
    "bare loop in a context": """
        async def main():
            async with AsyncClient(**OPTIONS) as client:
                async for outcome in client.stream(PHONES, "Hello"):
                    give(outcome)
        asyncio.run(main())
    """,
    "kept in a variable": """
        async def main():
            global stream
            async with AsyncClient(**OPTIONS) as client:
                stream = client.stream(PHONES, "Hello")
                async for outcome in stream:
                    give(outcome)
        asyncio.run(main())
    """,
    "no context": """
        async def main():
            client = AsyncClient(**OPTIONS)
            async for outcome in client.stream(PHONES, "Hello"):
                give(outcome)
        asyncio.run(main())
    """,
    "no context, kept": """
        async def main():
            global stream
            stream = AsyncClient(**OPTIONS).stream(PHONES, "Hello")
            async for outcome in stream:
                give(outcome)
        asyncio.run(main())
    """,
    "send_many": """
        async def main():
            print("given", "nothing", flush=True)
            async with AsyncClient(**OPTIONS) as client:
                await client.send_many(PHONES, "Hello")
        asyncio.run(main())
    """,
    "in a task of its own": """
        async def consume(client):
            async for outcome in client.stream(PHONES, "Hello"):
                give(outcome)

        async def main():
            async with AsyncClient(**OPTIONS) as client:
                await asyncio.gather(consume(client), asyncio.sleep(600))
        asyncio.run(main())
    """,
    "campaign": """
        async def main():
            async with AsyncClient(**OPTIONS) as client, Campaign.open(sys.argv[2]) as campaign:
                await campaign.add(PHONES, "Hello")
                async for outcome in campaign.run(client):
                    give(outcome)
        asyncio.run(main())
    """,
}

ENDS: Final = {
    "returned, and nobody holds it": """
        async def main():
            client = AsyncClient(**OPTIONS)
            async for outcome in client.stream(PHONES, "Hello"):
                give(outcome)
                return
        asyncio.run(main())
    """,
    "returned, and it is kept": """
        async def main():
            global stream
            stream = AsyncClient(**OPTIONS).stream(PHONES, "Hello")
            async for outcome in stream:
                give(outcome)
                await asyncio.sleep(0.1)
                return
        asyncio.run(main())
    """,
    "an error whose traceback is kept": """
        async def main():
            stream = AsyncClient(**OPTIONS).stream(PHONES, "Hello")
            async for outcome in stream:
                give(outcome)
                await asyncio.sleep(0.1)
                raise KeyError
        try:
            asyncio.run(main())
        except KeyError as error:
            kept = error
    """,
    "a generator that is never closed": """
        async def wrapped(client):
            async for outcome in client.stream(PHONES, "Hello"):
                yield outcome

        async def main():
            global outcomes
            outcomes = wrapped(AsyncClient(**OPTIONS))
            async for outcome in outcomes:
                give(outcome)
                await asyncio.sleep(0.1)
                break
        asyncio.run(main())
    """,
    "a loop that is not shut down": """
        async def main():
            global stream, client
            client = AsyncClient(**OPTIONS)
            stream = client.stream(PHONES[:40], "Hello")
            give(await anext(stream))
            await asyncio.sleep(0.5)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
    """,
}


@pytest.fixture
def gateway() -> Iterator[tuple[SlowGateway, str]]:
    slow = SlowGateway()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(slow.serve()) as url:
        yield slow, url


def program(body: str, *arguments: str) -> subprocess.Popen[str]:
    code = textwrap.dedent(BEGINNING) + textwrap.dedent(body)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


def everyone_is_accounted_for(gateway: SlowGateway, said: str) -> None:
    given = re.findall(r"^given (msg_\d+)", said, re.MULTILINE)
    logged = re.findall(r"^INFO nobody waited for the text to .* \((msg_\d+)\)", said, re.MULTILINE)
    unknown = len(re.findall(r"^(?:given|INFO nobody waited .*\()\s?NO_ANSWER", said, re.MULTILINE))
    told = given + logged
    assert len(set(told)) == len(told), "each once"
    taken = [id_of(phone) for asked in gateway.asked for phone in asked.phones]
    assert set(told) <= set(taken)
    assert len(taken) <= len(told) + unknown, "each one given or logged"
    assert said.count("WARNING") <= 4


@pytest.mark.parametrize("interrupts", [1, 2])
@pytest.mark.parametrize("way", LOOPS)
def test_an_interrupted_program_has_told_of_every_text(
    gateway: tuple[SlowGateway, str], tmp_path: str, way: str, interrupts: int
) -> None:
    slow, url = gateway
    with program(LOOPS[way], url, f"{tmp_path}/spring.ledger") as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        assert first.startswith("given")
        for _ in range(interrupts):
            time.sleep(0.05)
            running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        said, errors = running.stdout.read(), running.stderr.read()
    assert "KeyboardInterrupt" in errors
    everyone_is_accounted_for(slow, first + said)
    assert len(slow.asked) < 1_000


@pytest.mark.parametrize("way", ENDS)
def test_a_program_that_ends_has_told_of_every_text(gateway: tuple[SlowGateway, str], way: str) -> None:
    slow, url = gateway
    with program(ENDS[way], url) as running:
        said, errors = running.communicate(timeout=PATIENCE)
    assert "Traceback" not in errors, errors
    everyone_is_accounted_for(slow, said)
    assert 0 < len(slow.asked) < 1_000
