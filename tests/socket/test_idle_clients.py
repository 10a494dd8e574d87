"""Clients that are not used let go of what they need to send, and nobody can tell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, ConfigurationError, Limit, MemoryQuota, QuotaExceededError
from customersms_async._core.batching import Batch
from customersms_async._runtime.clock import now_us
from customersms_async._sending.idle_clients import IDLE_SECONDS, MOST_AWAKE, awake_sessions
from customersms_async._sending.open_client import open_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from customersms_async._sending.session import Session

KEY = "cspro_a_key_that_must_never_show"
PHONE = "+12125551234"


class Gateway:
    """An HTTP client that takes every text without a socket; ``answers`` when it is set."""

    is_closed = False
    status_code = 200
    headers: dict[str, str]

    def __init__(self) -> None:
        self.headers = {}
        self.answers = asyncio.Event()
        self.answers.set()

    def build_request(self, method: str, url: str, *, content: object, **_: object) -> object:
        return content

    async def send(self, request: AsyncIterator[bytes], **_: object) -> Gateway:
        async for _piece in request:
            pass
        await self.answers.wait()
        return self

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        yield (
            b'{"success": true, "remaining_credits": 7.50, "results": [{"phone": "%s", "success": true}]}'
            % PHONE.encode()
        )

    async def aclose(self) -> None:
        pass


@pytest.fixture
async def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def root(gateway: Gateway) -> AsyncIterator[AsyncClient]:
    quota = MemoryQuota()
    async with AsyncClient(
        api_key=KEY,
        url="http://127.0.0.1:1/",
        quota=quota,
        pace=None,
        http_client=gateway,
    ) as client:
        yield client


def session(client: AsyncClient) -> Session:
    return client.__session__()


def is_awake(client: AsyncClient) -> bool:
    return session(client)._use is not None


async def wake_many(root: AsyncClient) -> list[AsyncClient]:
    """As many other clients as may be awake, and one more for each that is to be looked at."""
    await asyncio.sleep(0)  # a request's task ends a turn later than its caller hears
    others = [root.with_options(api_key=f"cspro_{number:032}") for number in range(MOST_AWAKE + 10)]
    for other in others:
        session(other).open()
    return others


def sweep(seconds: float = 2 * IDLE_SECONDS) -> None:
    """What another client's use does so many seconds from now."""
    loop = asyncio.get_running_loop()
    awake_sessions(loop).sweep(loop.time() + seconds)


async def test_a_client_rests_when_many_others_were_used_after_it_and_sends_on(root: AsyncClient) -> None:
    client = root.with_options(api_key="cspro_rests", limits=Limit(2, 3_600))
    await client.send(PHONE, "Hello")
    others = await wake_many(root)
    assert not is_awake(client)
    assert sum(map(is_awake, others)) <= MOST_AWAKE
    await client.send(PHONE, "Hello")
    with pytest.raises(QuotaExceededError):
        await client.send(PHONE, "Hello", max_wait=0)
    assert is_awake(client)


async def test_a_client_whose_request_is_on_its_way_does_not_rest(root: AsyncClient, gateway: Gateway) -> None:
    client = root.with_options(api_key="cspro_sends")
    gateway.answers.clear()
    sending = asyncio.create_task(client.send(PHONE, "Hello"))
    while not session(client).parts.transport.in_flight:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await wake_many(root)
    assert is_awake(client)
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    assert not closing.done()
    gateway.answers.set()
    await closing
    assert sending.done()


async def test_a_client_that_waits_or_has_used_its_pace_does_not_rest(root: AsyncClient) -> None:
    waits = root.with_options(api_key="cspro_waits", limits=Limit(1, 3_600))
    paced = root.with_options(api_key="cspro_paced", pace=Limit(1, 3_600))
    await waits.send(PHONE, "Hello")
    await paced.send(PHONE, "Hello")
    waiting = asyncio.create_task(waits.send(PHONE, "Hello"))
    await asyncio.sleep(0)
    await wake_many(root)
    assert is_awake(waits)
    assert is_awake(paced)
    with pytest.raises(QuotaExceededError):
        await paced.send(PHONE, "Hello", max_wait=0)
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_a_client_whose_stream_somebody_holds_does_not_rest(root: AsyncClient) -> None:
    client = root.with_options(api_key="cspro_streams")
    async with client.stream([PHONE], "Hello") as outcomes:
        await anext(outcomes)
        await wake_many(root)
        assert is_awake(client)


@pytest.mark.parametrize("unknown", [0, 3])
async def test_a_client_rests_when_another_is_used_a_while_after_it_and_its_account_knows_what_it_knew(
    root: AsyncClient, unknown: int
) -> None:
    client = root.with_options(api_key="cspro_idle")
    await client.send(PHONE, "Hello")
    session(client).account.count_unknown(unknown, now_us())
    await asyncio.sleep(0)
    known = await client.health()
    sweep(IDLE_SECONDS / 2)
    assert is_awake(client)
    sweep()
    assert not is_awake(client)
    assert (
        client.remaining_credits == root.with_options(api_key="cspro_idle").remaining_credits == known.remaining_credits
    )
    assert str(client.remaining_credits) == "7.50"
    again = await client.health()
    assert (again.last_status_code, again.unknown_last_hour) == (200, unknown)
    assert again.last_answer_seconds is not None
    await client.send(PHONE, "Hello")
    await client.aclose()


async def test_the_next_client_that_is_used_has_the_others_rest(root: AsyncClient) -> None:
    client, other = (root.with_options(api_key=f"cspro_{number}") for number in range(2))
    await client.send(PHONE, "Hello")
    await asyncio.sleep(1.1 * IDLE_SECONDS)
    await other.send(PHONE, "Hello")
    assert (is_awake(client), is_awake(other)) == (False, True)


async def test_a_client_that_somebody_observes_does_not_rest_for_being_idle(root: AsyncClient) -> None:
    client = root.with_options(api_key="cspro_observed", on_event=lambda _: None)
    await client.send(PHONE, "Hello")
    await asyncio.sleep(0)
    sweep()
    assert is_awake(client)


async def test_a_client_that_knows_how_much_the_gateway_takes_does_not_rest_for_being_idle(root: AsyncClient) -> None:
    client = root.with_options(api_key="cspro_large")
    session(client).open().sizes.halve(Batch("Hello", [PHONE, PHONE], [0, 1]))
    sweep()
    assert is_awake(client)


async def test_a_client_whose_key_pauses_does_not_rest(root: AsyncClient) -> None:
    client = root.with_options(api_key="cspro_pauses")
    await session(client).open().room.pause(3_600_000_000)
    await wake_many(root)
    assert is_awake(client)


async def test_a_client_that_rests_may_be_closed_and_what_it_sends_stays_its_own(root: AsyncClient) -> None:
    client = root.with_options(api_key="cspro_closes")
    opened = open_client(client)
    sweep()
    assert not is_awake(client)
    assert opened.sender.owner is session(client).open().owner, "what it sends is its own, after a rest as well"
    sweep()
    await client.aclose()
    with pytest.raises(ConfigurationError):
        await client.send(PHONE, "Hello")


async def test_clients_that_differ_in_their_keys_share_all_else(root: AsyncClient) -> None:
    one, another = (session(root.with_options(api_key=f"cspro_{number}")) for number in range(2))
    assert one.parts is another.parts is session(root).parts
    assert (session(root).owns_transport, one.owns_transport) == (True, False)
    labelled = session(root.with_options(label="root").with_options(api_key="cspro_2"))
    assert labelled.parts.options.label is None, "that names another key"
