"""A key that is replaced while the program runs: who asks for the new one, and when."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    Campaign,
    ConfigurationError,
    MemoryQuota,
    RejectedError,
    Status,
)
from customersms_async.sandbox import Sandbox
from support.broken_gateways import RawGateway, http

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.broken_gateways import Connection

OLD, NEW = "cspro_the_old_key_of_a_rotation", "cspro_new_key_after_the_rotation"
PHONES = ["+12125551234", "+13235554567"]


class Keys:
    """What a program asks for its key, and how often it did."""

    def __init__(self, *keys: str) -> None:
        self.coming = list(keys)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return self.coming.pop(0) if len(self.coming) > 1 else self.coming[0]


async def refused(client: AsyncClient, way: str, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError):
        if way == "send":
            await client.send(PHONES[0], "Hello")
        elif way == "send_many":
            await client.send_many(PHONES, "Hello")
        elif way == "stream":
            async for outcome in client.stream(PHONES, "Hello"):
                assert outcome.status is Status.UNSENT
        else:
            async with Campaign.open(tmp_path / "spring.ledger") as campaign:
                await campaign.add(PHONES, "Hello")
                async for _ in campaign.run(client):
                    raise AssertionError("nobody is told, as everyone stays planned")


@pytest.mark.parametrize("way", ["send", "send_many", "stream", "campaign"])
async def test_a_refused_key_is_asked_for_again_by_the_next_call(way: str, tmp_path: Path) -> None:
    sandbox, keys = Sandbox(keys={NEW: 99}), Keys(OLD, NEW)
    async with sandbox.serve() as url, AsyncClient(api_key=keys, url=url, quota=MemoryQuota(), pace=None) as client:
        derived = client.with_options(max_wait=5)
        assert (await client.quota_status()).limits[0].used == 0
        assert keys.asked == 1
        await refused(client, way, tmp_path)
        assert (keys.asked, sandbox.requests) == (1, 1), "nothing is tried again by itself"
        assert (await derived.send(PHONES[0], "Hello")).status is Status.ACCEPTED
        assert (await client.send(PHONES[1], "Hello")).status is Status.ACCEPTED
        assert (await client.quota_status()).limits[0].used == 2, "each key has tokens of its own"
        assert keys.asked == 2
        assert client.remaining_credits == 97


async def test_a_key_that_is_refused_again_and_again_is_asked_for_as_often() -> None:
    sandbox, keys = Sandbox(keys={NEW: 99}), Keys(OLD)
    async with sandbox.serve() as url, AsyncClient(api_key=keys, url=url, quota=MemoryQuota()) as client:
        for _ in range(3):
            with pytest.raises(AuthenticationError):
                await client.send(PHONES[0], "Hello")
        assert keys.asked == 3
        assert (await client.quota_status()).limits[0].used == 3, "as it is one key"


async def test_refusals_at_once_ask_once() -> None:
    sandbox, keys = Sandbox(keys={NEW: 99}, latency=0.05), Keys(OLD, NEW)
    async with sandbox.serve() as url, AsyncClient(api_key=keys, url=url, quota=MemoryQuota(), pace=None) as client:
        ended = await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES * 3), return_exceptions=True)
        assert {type(error) for error in ended} == {AuthenticationError}
        await client.send(PHONES[0], "Hello")
        assert keys.asked == 2


async def test_the_file_with_the_key_is_read_again_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(OLD)
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    monkeypatch.setenv("CUSTOMERSMS_API_KEY_FILE", str(path))
    sandbox = Sandbox(keys={NEW: 99})
    async with sandbox.serve() as url, AsyncClient(url=url, quota=MemoryQuota()) as client:
        path.write_text(NEW)
        with pytest.raises(AuthenticationError):
            await client.send(PHONES[0], "Hello")
        await client.send(PHONES[0], "Hello")


async def test_a_closing_waits_for_requests_with_either_key() -> None:
    sandbox, keys = Sandbox(keys={OLD: 99}, latency=0.2), Keys(OLD, NEW)
    async with (
        sandbox.serve() as url,
        AsyncClient(api_key=keys, url=url, quota=MemoryQuota(), pace=None) as owner,
    ):
        client = owner.with_options()
        slow = asyncio.create_task(client.send(PHONES[0], "Hello"))
        while not sandbox.requests:  # noqa: ASYNC110 - the sandbox sets no event
            await asyncio.sleep(0.001)
        client.__session__().open().refuse_key()
        await client.quota_status()
        assert keys.asked == 2
        await client.aclose()
        assert slow.done()
        assert (await slow).status is Status.ACCEPTED


async def not_waited_for() -> str:
    return OLD


def fails() -> str:
    raise LookupError("the vault is shut")


@pytest.mark.parametrize(
    ("ask", "error", "reason"),
    [
        (lambda: None, ConfigurationError, "NoneType"),
        (lambda: OLD.encode(), ConfigurationError, "bytes"),
        (lambda: "", ConfigurationError, "no API key"),
        (lambda: OLD + " ", ConfigurationError, "character"),
        (not_waited_for, ConfigurationError, "plain function"),
        (fails, LookupError, "the vault is shut"),
    ],
)
async def test_a_function_that_gives_no_key_says_so_and_shows_none(
    ask: Callable[[], Any], error: type[Exception], reason: str
) -> None:
    async with AsyncClient(api_key=lambda: NEW, url="http://127.0.0.1:9/") as working:
        client = working.with_options(api_key=ask)
        with pytest.raises(error, match=reason) as raised:
            await client.send(PHONES[0], "Hello")
        assert raised.value.__traceback__ is not None
        ours = raised.value.__traceback__.tb_next
        shown = "".join(traceback.TracebackException(error, raised.value, ours, capture_locals=True).format())
        assert OLD not in shown


async def test_neither_key_shows_when_one_has_taken_the_place_of_the_other(caplog: pytest.LogCaptureFixture) -> None:
    """A gateway may say the old key when it is asked with the new one."""
    for logger in ("httpx", "httpcore", "customersms_async"):
        caplog.set_level(0, logger)

    async def quoting(connection: Connection) -> None:
        await connection.read()
        first = len(connection.gateway.asked) == 1
        said = OLD if first else f"{OLD} was replaced by {NEW}"
        body = {"success": False, "error": said, "code": "INVALID_API_KEY" if first else f"ODD_{said}"}
        await connection.write(http(body, f"200 {said}", X_Said=said, Set_Cookie=f"key={said}"))

    async with RawGateway(quoting).serve() as url, AsyncClient(api_key=Keys(OLD, NEW), url=url, pace=None) as client:
        said = [repr(client.__session__().parts), repr(client.__session__().key)]
        for error in (AuthenticationError, RejectedError):
            with pytest.raises(error) as raised:
                await client.send(PHONES[0], "Hello")
            said += [str(raised.value), repr(vars(raised.value)), repr(client), repr(vars(client))]
    assert "was replaced by" in said[-4]
    for key in (OLD, NEW):
        assert key[:12] not in " ".join([*said, caplog.text])
