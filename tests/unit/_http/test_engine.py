"""The seam for engines: who fits there, by type and in fact."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async._core.happened import CLOSED, Answer, NotSent
from customersms_async._core.secret import Sealed
from customersms_async._http.connections import Connections
from customersms_async._http.engine import Engine
from customersms_async._http.post_progress import RequestBody
from customersms_async._http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

    import httpx

    from customersms_async._core.happened import Happened
    from customersms_async._http.engine import AnyEngine, EngineResponse
    from customersms_async._http.httpx_engine import HttpxEngine
    from customersms_async.fast import FastClient

METHODS = ("build_request", "send", "aclose")


def fitting(
    engine: HttpxEngine, callers: httpx.AsyncClient, fast: FastClient, response: httpx.Response
) -> tuple[tuple[AnyEngine, ...], EngineResponse]:
    """Read by mypy, which knows no other test of this: all of these fit as they are."""
    return (engine, callers, fast), response


@pytest.mark.parametrize(
    "module", ["customersms_async._http.httpx_engine", "httpx", "httpx2", "customersms_async.fast"]
)
def test_a_client_that_may_be_brought_takes_whatever_the_transport_gives(module: str) -> None:
    imported = pytest.importorskip(module, reason=f"{module} is not installed", exc_type=ImportError)
    client: Any = next(
        getattr(imported, name) for name in ("HttpxEngine", "FastClient", "AsyncClient") if hasattr(imported, name)
    )
    for name in METHODS:
        given, taken = (inspect.signature(getattr(each, name)).parameters for each in (Engine, client))
        assert given.keys() <= taken.keys()
        assert all(taken[each].kind is given[each].kind for each in given)


class MemoryEngine:
    """An engine without a network, as somebody might bring it: keeps what it sent, and answers with two bytes."""

    def __init__(self) -> None:
        self.is_closed = False
        self.sent: list[bytes] = []
        self.headers: Mapping[str, str] = {}

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],
    ) -> AsyncIterable[bytes]:
        self.headers = headers
        return content

    async def send(
        self, request: AsyncIterable[bytes], *, stream: bool, auth: None, follow_redirects: bool
    ) -> MemoryResponse:
        self.sent.append(b"".join([piece async for piece in request]))
        return MemoryResponse()

    async def aclose(self) -> None:
        self.is_closed = True


class MemoryResponse:
    status_code = 429
    headers: Mapping[str, str] = {"Retry-After": "7"}

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        for piece in (b"{", b"}"):
            yield piece

    async def aclose(self) -> None:
        pass


async def post(transport: Transport, *, may_leave: bool = True) -> Happened:
    async def before_first_byte() -> bool:
        return may_leave

    return await transport.post("https://gateway.invalid/", Sealed(b"the body"), lambda: 30.0, before_first_byte)


async def test_an_engine_of_ones_own_sends_the_body_once_and_its_answer_is_read() -> None:
    engine = MemoryEngine()
    assert await post(Transport(Connections(1), engine)) == Answer(429, b"{}", "7")
    assert engine.sent == [b"the body"]
    assert (engine.headers["Content-Type"], engine.headers["Content-Length"]) == ("application/json", "8")


async def test_asking_for_the_body_is_the_last_moment_at_which_an_engine_can_be_held_back() -> None:
    engine = MemoryEngine()
    happened = await post(Transport(Connections(1), engine), may_leave=False)
    assert happened == NotSent("held back before the first byte", again=False)
    assert engine.sent == []


async def test_a_transport_that_was_asked_to_refuse_requests_sends_no_more_and_leaves_a_callers_engine_open() -> None:
    engine = MemoryEngine()
    transport = Transport(Connections(1), engine)
    transport.refuse_new_requests()
    assert transport.closed
    assert await post(transport) == NotSent(CLOSED, again=False)
    await transport.aclose()
    assert not engine.is_closed
    assert engine.sent == []


async def test_a_body_may_be_asked_for_its_iterator_as_often_as_one_likes_and_is_given_out_once() -> None:
    """httpx2 asks twice for one iteration."""
    body = RequestBody(Sealed(b"the body"), lambda: asyncio.sleep(0))
    assert [piece async for piece in aiter(aiter(body))] == [b"the body"]
    with pytest.raises(RuntimeError, match="already sent once"):
        aiter(body)
