"""Over real sockets: what a client sees of every fault of the connection, and what the sandbox then holds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

import httpx
import pytest

from customersms_async.sandbox import Entry, Fault, Sandbox, magic
from support.real_time import PATIENCE, Stopwatch
from support.sandbox_requests import JSON, KEY, body, connect, exchange, raw, until

PHONE = "+12125551234"


def sandbox(*faults: Entry, keep_alive: float = 0.02) -> Sandbox:
    return Sandbox({KEY: 100}, faults=faults, keep_alive=keep_alive)


async def head(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)


async def whole(reader: asyncio.StreamReader) -> bytes:
    """Read one answer from a connection that stays open."""
    first = await head(reader)
    length = int(first.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return first + await asyncio.wait_for(reader.readexactly(length), PATIENCE)


async def test_a_plain_request_is_answered_at_the_documented_path() -> None:
    at = sandbox()
    async with at.serve() as url, httpx.AsyncClient(trust_env=False) as http:
        assert url == at.url
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith("/sms_system/api.php")
        answer = await http.post(url, content=body(PHONE), headers=JSON)
    assert answer.json()["results"] == [{"phone": PHONE, "success": True, "message_id": "msg_000001"}]
    assert len(at.texts) == 1


@pytest.mark.parametrize(
    ("fault", "came", "texts", "requests"),
    [
        (Fault.CLOSE_BEFORE, b"", 0, 0),
        (Fault.CLOSE_DURING, b"", 0, 0),
        (Fault.CLOSE_AFTER, b"", 1, 1),
        (Fault.CUT_IN_HEADERS, b"HTTP/1.1 200 OK\r\n", 1, 1),
        (Fault.CUT_IN_BODY, b'{"success":true', 1, 1),
        (Fault.RESET_BEFORE, None, 0, 0),
        (Fault.RESET_AFTER, None, 1, 1),
    ],
)
@pytest.mark.parametrize("by_magic", [False, True])
async def test_a_connection_is_cut(fault: Fault, came: bytes | None, texts: int, requests: int, by_magic: bool) -> None:
    at = sandbox() if by_magic else sandbox(fault)
    async with at.serve() as url:
        if came is None:
            with pytest.raises(ConnectionResetError):
                await exchange(url, raw(magic.number(fault) if by_magic else PHONE))
        else:
            got = await exchange(url, raw(magic.number(fault) if by_magic else PHONE))
            assert came in got
            assert (b"\r\n\r\n" in got) == (fault is Fault.CUT_IN_BODY)
            assert bool(got) == bool(came)
    assert (len(at.texts), at.requests) == (texts, requests)


async def test_closing_during_waits_for_the_headers() -> None:
    at = sandbox(Fault.CLOSE_DURING)
    async with at.serve() as url:
        reader, writer = await connect(url)
        request = raw(PHONE)
        cut = request.index(b"\r\n\r\n") + 4
        writer.write(request[: cut - 2])
        await asyncio.sleep(0.01)
        assert not reader.at_eof()
        writer.write(request[cut - 2 : cut])
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()


async def test_the_schedule_counts_requests_and_not_connections() -> None:
    at = sandbox(None, None, Fault.CLOSE_BEFORE, keep_alive=PATIENCE)
    async with at.serve() as url:
        reader, writer = await connect(url)
        for _ in range(2):
            writer.write(raw(PHONE))
            assert b"200 OK" in await whole(reader)
        writer.write(raw(PHONE))
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
        reader, writer = await connect(url)
        writer.write(raw(PHONE))
        assert b"200 OK" in await whole(reader)
        writer.close()
    assert (at.requests, len(at.texts)) == (3, 3)


async def test_requests_that_come_together_are_told_apart() -> None:
    at = sandbox(None, Fault.STATUS_503, None)
    async with at.serve() as url:
        got = await exchange(url, raw(PHONE) + raw(PHONE) + raw(PHONE))
    assert [got.count(line) for line in (b" 200 OK", b" 503 Service")] == [2, 1]


async def test_an_idle_connection_is_closed_when_its_time_is_over() -> None:
    at = sandbox((Fault.IDLE_CLOSED, 0.01), keep_alive=60)
    async with at.serve() as url:
        start = time.monotonic()
        got = await exchange(url, raw(PHONE))
        assert time.monotonic() - start >= 0.01
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" not in got.lower()


async def test_hints_come_ahead_of_the_answer() -> None:
    async with sandbox(Fault.EARLY_HINTS).serve() as url, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(url, content=body(PHONE), headers=JSON)).status_code == 200
    async with sandbox(Fault.EARLY_HINTS).serve() as url:
        assert (await exchange(url, raw(PHONE))).startswith(b"HTTP/1.1 103 Early Hints\r\n")


async def test_a_body_without_end_goes_on_until_the_client_leaves() -> None:
    at = sandbox(Fault.ENDLESS_BODY)
    async with at.serve() as url:
        reader, writer = await connect(url)
        writer.write(raw(PHONE))
        await head(reader)
        await asyncio.wait_for(reader.readexactly(10_000_000), PATIENCE)
        writer.transport.abort()
    assert len(at.texts) == 1


async def test_a_huge_body_is_100_mb_of_spaces_and_the_answer() -> None:
    async with sandbox(Fault.HUGE_BODY).serve() as url, httpx.AsyncClient(trust_env=False) as http:
        size, last = 0, b""
        async with http.stream("POST", url, content=body(PHONE), headers=JSON) as answer:
            async for part in answer.aiter_bytes():
                size, last = size + len(part), (last + part)[-300:]
    assert size > 100_000_000
    assert last.strip().startswith(b'{"success":true')


async def test_a_slow_answer_is_slow_though_the_texts_are_accepted_at_once() -> None:
    at = sandbox((Fault.SLOW, 3_600))
    async with contextlib.AsyncExitStack() as stack:
        reader, writer = await connect(await stack.enter_async_context(at.serve()))
        writer.write(raw(PHONE))
        await until(lambda: bool(at.texts))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.02)
        with Stopwatch() as took:
            await stack.aclose()
    assert took.seconds < 1
    assert await reader.read() == b""
    writer.close()


async def test_a_client_that_leaves_has_sent_all_the_same() -> None:
    at = Sandbox({KEY: 100}, latency=0.02)
    async with at.serve() as url:
        _, writer = await connect(url)
        writer.write(raw(PHONE))
        await writer.drain()
        writer.close()
        await until(lambda: bool(at.texts))
    assert at.requests == 1


async def test_a_request_that_never_came_in_full_is_not_counted() -> None:
    at = sandbox()
    async with at.serve() as url:
        _, writer = await connect(url)
        writer.write(raw(PHONE)[:-1])
        await asyncio.sleep(0.01)
        writer.close()
        await asyncio.sleep(0.01)
    assert at.requests == 0


async def test_it_ends_quickly_and_silently_with_idle_and_busy_connections(caplog: pytest.LogCaptureFixture) -> None:
    at = sandbox(None, Fault.ENDLESS_BODY, (Fault.SLOW, 60), keep_alive=60)
    caplog.set_level(logging.DEBUG)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(at.serve())
        peers = [await connect(url) for _ in range(4)]
        for _, writer in peers[:3]:
            writer.write(raw(PHONE))
        await until(lambda: at.requests == 3)
        with Stopwatch() as took:
            await stack.aclose()
    assert took.seconds < 1
    for _, writer in peers:
        writer.close()
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_a_taken_port_is_an_ordinary_error() -> None:
    async with sandbox().serve() as url:
        with pytest.raises(OSError, match="address already in use"):
            await Sandbox().serve(port=int(url.split(":")[2].partition("/")[0])).__aenter__()


async def test_it_can_be_served_again() -> None:
    at = sandbox()
    for _ in range(2):
        async with at.serve() as url:
            assert b"200 OK" in await exchange(url, raw(PHONE))
    assert len(at.texts) == 2


def test_it_serves_from_a_thread_for_people_without_a_loop() -> None:
    at = sandbox(keep_alive=PATIENCE)
    with at.serve_in_thread() as url, httpx.Client(trust_env=False) as http:
        assert http.post(url, content=body(PHONE), headers=JSON).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(url, content=body(magic.number(Fault.CLOSE_AFTER)), headers=JSON)
    assert [text.phone for text in at.texts] == [PHONE, magic.number(Fault.CLOSE_AFTER)]


def test_what_goes_wrong_in_the_block_comes_out_of_the_thread_unchanged() -> None:
    with pytest.raises(KeyError, match="mine"), sandbox().serve_in_thread():
        raise KeyError("mine")
