"""The seam for engines: who fits there, by type and in fact."""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from customersms_async._core.post_result import CLOSED, Answer, NotSent
from customersms_async._core.secret import Sealed, Secret
from customersms_async._core.version import VERSION
from customersms_async._http.connections import Gates
from customersms_async._http.engine import Engine
from customersms_async._http.httpx_engine import HttpxEngine
from customersms_async._http.post_progress import RequestBody
from customersms_async._http.transport import Transport
from customersms_async._runtime.clock import now_us

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping

    import httpx2

    from customersms_async._core.post_result import PostResult
    from customersms_async._http.engine import AnyEngine, EngineResponse
    from customersms_async._http.transport_engine import HttpxShapedTransport
    from customersms_async.fast import FastClient

SECRET = Secret("cspro_made_up")
METHODS = ("build_request", "send", "aclose")


def fitting(
    engines: tuple[HttpxEngine, httpx.AsyncClient, httpx2.AsyncClient, FastClient],
    transports: tuple[httpx.AsyncBaseTransport, httpx2.AsyncBaseTransport],
    responses: tuple[httpx.Response, httpx2.Response],
) -> tuple[tuple[AnyEngine, ...], tuple[HttpxShapedTransport, ...], tuple[EngineResponse, ...]]:
    """Read by mypy, which knows no other test of this: all of these fit as they are."""
    return engines, transports, responses


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


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_a_transport_of_httpx_s_shape_gets_requests_of_its_own_library_and_stays_open(library: str) -> None:
    module: Any = pytest.importorskip(library)
    asked: list[Any] = []

    class Counting(module.MockTransport):  # type: ignore[misc]  # of either library
        closed = False

        async def aclose(self) -> None:
            Counting.closed = True

    def answer(request: Any) -> Any:
        asked.append(request)
        return module.Response(429, headers={"Retry-After": "7"}, content=b"{}")

    transport = Transport(Gates(1), Counting(answer))
    assert await post(transport) == Answer(429, b"{}", "7")
    await transport.aclose()
    (request,) = asked
    assert isinstance(request, module.Request)
    assert (request.content, request.headers["content-length"]) == (b"the body", "8")
    assert not Counting.closed


async def test_a_transport_without_a_base_class_gets_requests_of_httpx() -> None:
    class Plain:
        async def handle_async_request(self, request: Any) -> Any:
            assert isinstance(request, httpx.Request)
            return httpx.Response(200, content=await request.aread())

        async def aclose(self) -> None:
            raise AssertionError("it is not ours to close")

    transport = Transport(Gates(1), Plain())
    assert await post(transport) == Answer(200, b"the body")
    await transport.aclose()


async def test_an_engine_that_could_not_be_made_is_tried_again_with_the_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = Transport(Gates(1))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    happened = await post(transport)
    assert isinstance(happened, NotSent)
    assert happened.error == "SSL_CERT_FILE names /nowhere.pem as the authorities to trust, which is not there"
    assert not happened.again, "as it would fail alike"
    monkeypatch.delenv("SSL_CERT_FILE")
    assert isinstance(await transport._ready(), HttpxEngine)
    await transport.aclose()


class AtOnce(ThreadPoolExecutor):
    """Has done its work before anyone can wait for it: from Python 3.14 on, what is awaited is done from the start."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        done = super().submit(work, *arguments, **options)
        done.exception()
        return done


async def test_an_engine_that_was_made_or_not_made_at_once_is_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.get_running_loop().set_default_executor(AtOnce())
    transport = Transport(Gates(1))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    assert isinstance(await post(transport), NotSent)
    monkeypatch.delenv("SSL_CERT_FILE")
    engine = await transport._ready()
    assert await transport._ready() is engine
    await asyncio.sleep(0)
    assert await transport._ready() is engine
    await transport.aclose()


async def test_a_request_that_is_cancelled_while_the_engine_is_made_leaves_it_to_the_next_one() -> None:
    cancelled = threading.Event()
    one_thread = ThreadPoolExecutor(1)
    one_thread.submit(cancelled.wait)
    asyncio.get_running_loop().set_default_executor(one_thread)
    transport = Transport(Gates(1))
    first, second = asyncio.create_task(transport._ready()), asyncio.create_task(transport._ready())
    await asyncio.sleep(0)
    first.cancel()
    cancelled.set()
    engine = await second
    assert first.cancelled()
    assert await transport._ready() is engine
    await transport.aclose()
    assert engine.is_closed


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


async def post(transport: Transport, *, may_leave: bool = True) -> PostResult:
    async def before_first_byte() -> bool:
        return may_leave

    body = Sealed(b"the body", SECRET)
    return await transport.post("https://gateway.invalid/", body, now_us() + 30_000_000, now_us, before_first_byte)


async def test_an_engine_of_ones_own_sends_the_body_once_and_its_answer_is_read() -> None:
    engine = MemoryEngine()
    assert await post(Transport(Gates(1), engine)) == Answer(429, b"{}", "7")
    assert engine.sent == [b"the body"]
    assert (engine.headers["Content-Type"], engine.headers["Content-Length"]) == ("application/json", "8")


async def test_the_key_of_any_request_is_kept_out_of_the_library_s_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it asks the gateway for: whoever posts need not think of it."""

    class LoggingEngine(MemoryEngine):
        async def send(self, request: AsyncIterable[bytes], **options: Any) -> MemoryResponse:
            logging.getLogger("httpx").warning("the gateway says %s", SECRET.reveal())
            return await super().send(request, **options)

    await post(Transport(Gates(1), LoggingEngine()))
    assert caplog.messages == ["the gateway says [API key]"]


async def test_a_request_looks_nothing_up_in_the_package_s_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slimmed-down packages and frozen programs leave it out, and a process without descriptors can't read it."""

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    engine = MemoryEngine()
    assert await post(Transport(Gates(1), engine)) == Answer(429, b"{}", "7")
    assert engine.headers["User-Agent"] == f"customersms-async/{VERSION}"


async def test_asking_for_the_body_is_the_last_moment_at_which_an_engine_can_be_held_back() -> None:
    engine = MemoryEngine()
    happened = await post(Transport(Gates(1), engine), may_leave=False)
    assert happened == NotSent("held back before the first byte", again=False)
    assert engine.sent == []


async def test_a_transport_that_was_asked_to_refuse_requests_sends_no_more_and_leaves_a_callers_engine_open() -> None:
    engine = MemoryEngine()
    transport = Transport(Gates(1), engine)
    transport.refuse_new_requests()
    assert transport.closed
    assert await post(transport) == NotSent(CLOSED, again=False)
    await transport.aclose()
    assert not engine.is_closed
    assert engine.sent == []


async def test_a_body_may_be_asked_for_its_iterator_as_often_as_one_likes_and_is_given_out_once() -> None:
    """httpx2 asks twice for one iteration."""
    body = RequestBody(Sealed(b"the body", SECRET), lambda: asyncio.sleep(0))
    assert [piece async for piece in aiter(aiter(body))] == [b"the body"]
    with pytest.raises(RuntimeError, match="already sent once"):
        aiter(body)
