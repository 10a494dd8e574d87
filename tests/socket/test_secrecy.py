"""Promise 3: *The API key appears in the request body and nowhere else: in no log, repr, exception, traceback, pickle
or file.*

Held against a gateway that says the key back wherever an answer has room for words (see ``echoing``), with every log at
its lowest level and the event loop in debug mode.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import CoroutineType
from typing import Any

import httpx
import msgspec
import pytest
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from customersms_async import AsyncClient, ConfigurationError, CustomerSMSError, Limit, MemoryQuota, Outcome
from customersms_async._core.secret import PUBLIC_START, Sealed, Secret
from support.echoing_gateway import ANSWERS, KEY, PHONE, TEXT, echoing
from support.engines import CALLERS_ENGINES, ENGINES, OWN_ENGINES, engine_of

MakeClient = Callable[..., AsyncClient]
PIECE = KEY[:PUBLIC_START]
LIMIT = Limit(1_000, 0.02)
SECRETIVE: dict[str, Any] = {"api_key": KEY}


@pytest.fixture(params=ENGINES)
async def make(request: pytest.FixtureRequest) -> AsyncIterator[MakeClient]:
    """Makes clients with the key that is echoed, over each engine, and closes them."""
    async with engine_of(request.param) as http_client, contextlib.AsyncExitStack() as made:
        yield lambda **options: _made(made, {"http_client": http_client, **options})


def _made(stack: contextlib.AsyncExitStack, options: dict[str, Any]) -> AsyncClient:
    defaults: dict[str, Any] = {"quota": MemoryQuota(), "limits": LIMIT, "pace": None, "max_retries": 1, "timeout": 5.0}
    client = AsyncClient(**SECRETIVE, **(defaults | options))
    stack.push_async_callback(client.aclose)
    return client


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged anywhere, as a handler of the root writes it; the event loop is in debug mode."""
    written, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(written)
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


async def send(client: AsyncClient) -> list[Outcome]:
    return [await client.send(PHONE, TEXT)]


async def send_many(client: AsyncClient) -> list[Outcome]:
    report = await client.send_many([PHONE, "+13235554567"], TEXT)
    report.raise_for_failures()
    return list(report.outcomes)


async def stream(client: AsyncClient) -> list[Outcome]:
    return [outcome async for outcome in client.stream([PHONE, "+13235554567"], TEXT)]


def told(error: BaseException) -> str:
    """All that a handler of errors could write down of one: its chain, its notes, and every frame's variables."""
    pages = [*traceback.TracebackException.from_exception(error, capture_locals=True).format()]
    # What rich would draw: drawn, and its code coloured, it costs fifty times as much, and lines are broken anywhere.
    pages.append(repr(Traceback.extract(type(error), error, error.__traceback__, show_locals=True)))
    link: BaseException | None = error
    while link is not None:
        pages += [repr(link), str(link), repr(vars(link)), repr(link.args), repr(getattr(link, "__notes__", ()))]
        with contextlib.suppress(TypeError, AttributeError, pickle.PicklingError):
            pages.append(pickle.dumps(link, 0).decode("latin-1"))
        link = link.__cause__ or link.__context__
    return "\n".join(pages)


def walked(thing: object, depth: int = 6, seen: set[int] | None = None) -> Iterator[str]:
    """Every text and all bytes that can be reached from ``thing`` through attributes and items, without a call."""
    seen = set() if seen is None else seen
    if id(thing) in seen or depth == 0 or isinstance(thing, type) or inspect.ismodule(thing):
        return
    seen.add(id(thing))
    yield repr(thing)
    if isinstance(thing, dict):
        inner = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        inner = list(thing)
    elif inspect.isroutine(thing) or isinstance(thing, str | bytes | int | float):
        inner = []
    else:
        inner = [inspect.getattr_static(thing, name, None) for name in dir(thing) if not name.startswith("__")]
        inner += [getattr(thing, name) for name in getattr(type(thing), "__slots__", ()) if hasattr(thing, name)]
    for each in inner:
        yield from walked(each, depth - 1, seen)


WAYS = [(answer, way) for answer in ANSWERS for way in (send, stream)]
WAYS += [(answer, send_many) for answer in ("key refused", "refused rows", "a page", "nothing")]
UNLIKE = ("headers", "key refused", "redirect 302", "a bad redirect", "an early hint", "no status line", "a bad header")
"""Answers that a library may treat in a way of its own, as it reads them before we do."""


@pytest.mark.parametrize("make", OWN_ENGINES, indirect=True)
@pytest.mark.parametrize(("answer", "way"), WAYS)
async def test_a_gateway_that_echoes_the_key_can_not_make_us_show_it(
    make: MakeClient, log: io.StringIO, answer: str, way: Callable[[AsyncClient], Awaitable[list[Outcome]]]
) -> None:
    await echoed(make, log, answer, way)


@pytest.mark.parametrize("make", CALLERS_ENGINES, indirect=True)
@pytest.mark.parametrize("answer", UNLIKE)
async def test_a_gateway_that_echoes_the_key_can_not_make_us_show_it_over_an_engine_of_the_callers(
    make: MakeClient, log: io.StringIO, answer: str
) -> None:
    await echoed(make, log, answer, send)


async def echoed(
    make: MakeClient, log: io.StringIO, answer: str, way: Callable[[AsyncClient], Awaitable[list[Outcome]]]
) -> None:
    """Send to a gateway that gives this answer, and look for the key wherever it could be read."""
    asyncio.get_running_loop().set_debug(True)
    pages: list[str] = []
    async with echoing(answer) as echo:
        client = make(url=echo.url)
        try:
            outcomes = await way(client)
            pages += [repr(outcomes), msgspec.json.encode(outcomes).decode(), pretty_repr(outcomes)]
        except CustomerSMSError as error:
            pages.append(told(error))
        pages += [
            repr(client),
            repr(vars(client)),
            *walked(client),
            pretty_repr(client),
            repr(await client.quota_status()),
        ]
    assert echo.heads
    assert not any(PIECE in page for page in pages)
    assert PIECE not in log.getvalue()
    assert not any("cookie" in head.lower() for head in echo.heads)
    if answer == "headers" and type(client._session.parts.transport.callers_client).__name__ != "FastClient":
        # aiohttp logs no headers
        assert "receive_response_headers.complete" in log.getvalue(), "the library's log is whole but for the key"
        assert "[API key]" in log.getvalue()


@pytest.mark.parametrize("answer", ["the person's", "nothing", "error", "cut"])
async def test_the_log_shows_no_text_and_of_a_number_only_its_ends(
    make: MakeClient, log: io.StringIO, answer: str
) -> None:
    async with echoing(answer) as echo:
        client = make(url=echo.url)
        async with client.stream([PHONE, f"no number {TEXT}"], TEXT):
            pass  # nobody waits for the outcomes
        with contextlib.suppress(CustomerSMSError):
            await client.send(PHONE, TEXT)
        await client.aclose()
    assert "nobody waited" in log.getvalue() or "may have been sent" in log.getvalue() or answer == "error"
    assert PHONE[3:-2] not in log.getvalue()
    assert "password" not in log.getvalue()


class Markup(str):
    """A text of a template engine's own type."""

    def encode(self, *_: Any) -> bytes:
        raise RuntimeError("not asked for")


async def test_a_text_of_a_type_of_its_own_is_sent_as_text(make: MakeClient) -> None:
    async with echoing("headers") as echo:
        assert (await make(url=echo.url).send(Markup(PHONE), Markup(TEXT))).status == "accepted"


async def test_a_text_that_no_encoding_can_carry_is_refused_before_the_key_is_near(make: MakeClient) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await make().send(PHONE, Markup("half a pair: \ud800"))
    assert PIECE not in told(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://example.com/"},
        {"timeout": 0},
        {"limits": ()},
        {"quota": object()},
        {"http_client": object()},
        {"pace": 7},
        {"max_wait": "soon"},
    ],
)
async def test_no_failure_of_a_constructor_shows_the_key(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as made:
        AsyncClient(**SECRETIVE, **wrong)
    with pytest.raises(ConfigurationError) as changed:
        AsyncClient(api_key="cspro_other").with_options(**SECRETIVE, **wrong)
    with pytest.raises(ConfigurationError) as unknown:
        AsyncClient(api_key="cspro_other").with_options(**SECRETIVE, nothing_such=1)  # type: ignore[call-arg]  # wrong on purpose
    for caught in (made, changed, unknown):
        assert PIECE not in told(caught.value)


@pytest.mark.parametrize("odd", [f"{KEY} ", f"{KEY}\n", f"\ufeff{KEY}"])
async def test_no_refused_key_is_shown(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[str] = []
    for make_it in (_from_argument, _from_environment, _from_options):
        monkeypatch.setenv("CUSTOMERSMS_API_KEY", odd)
        try:
            make_it()
        except ConfigurationError as error:
            below = error.__traceback__ and error.__traceback__.tb_next  # its first frame is this one, with the key
            refused.append(told(error.with_traceback(below)))
    assert len(refused) == 3
    assert not any(PIECE in page for page in refused)


def _from_argument() -> None:
    import os

    AsyncClient(api_key=os.environ["CUSTOMERSMS_API_KEY"])


def _from_environment() -> None:
    AsyncClient().__session__().open()


def _from_options() -> None:
    import os

    AsyncClient(api_key="cspro_other").with_options(api_key=os.environ["CUSTOMERSMS_API_KEY"])


async def test_a_request_on_its_way_shows_the_key_to_no_debugger_of_ours(make: MakeClient) -> None:
    """Every suspended frame of every task, as tools that list tasks show them."""
    frames: list[str] = []
    async with echoing("headers", held_from=1) as echo:
        client = make(url=echo.url)
        sending = asyncio.create_task(client.send(PHONE, TEXT))
        await echo.asked.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            frames += [repr(task), *_variables(task.get_coro())]
        frames += walked(client, depth=8)
        echo.goes_on.set()
        await sending
    assert any("BatchRequest.post" in frame for frame in frames)
    assert not any(PIECE in frame for frame in frames if "echo.heads" not in frame)


def _variables(coroutine: Any) -> Iterator[str]:
    """The variables of a task's frames, from the outermost to the one that waits; the gateway's own left out."""
    while isinstance(coroutine, CoroutineType) and coroutine.__name__ not in ("serve", "answered"):
        yield coroutine.__qualname__
        if coroutine.cr_frame is not None:
            yield repr(coroutine.cr_frame.f_locals)
        coroutine = coroutine.cr_await


def test_no_pickle_of_any_part_of_a_client_holds_the_key() -> None:
    client = AsyncClient(**SECRETIVE, url="http://127.0.0.1:9/")
    session = client._session
    sealed = Sealed(KEY.encode(), Secret(KEY))
    for part in (
        client,
        session,
        session.parts,
        session.secret,
        session.parts.transport,
        client.stream([PHONE], TEXT),
        sealed,
    ):
        try:
            written = pickle.dumps(part, 0).decode("latin-1")
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            written = told(error)
        assert PIECE not in written


def test_bytes_are_sealed() -> None:
    sealed = Sealed(KEY.encode(), Secret(KEY))
    assert PIECE not in "".join(walked(sealed))
    assert sealed.reveal() == KEY.encode()
    assert sealed.size == len(KEY)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"at {KEY[:-1]}!", "at [API key]!"),
        (f"{KEY[:PUBLIC_START]} and {KEY}{KEY}", "[API key] and [API key][API key]"),
        (KEY[: PUBLIC_START - 1], KEY[: PUBLIC_START - 1]),
        ("cspro_echo%2Fed%2Bkey%260123456789%3D", "[API key]"),
        ("cspro_echo/ed+key&amp;0123456789=", "[API key]"),
        ("cspro_echo\\/ed+key&0123456789=", "[API key]"),
    ],
)
def test_a_key_is_taken_out_however_it_was_cut_or_escaped(text: str, shown: str) -> None:
    assert Secret(KEY).redact(text) == shown


async def test_records_of_other_requests_pass_untouched(make: MakeClient, log: io.StringIO) -> None:
    async with echoing("headers") as echo:
        await make(url=echo.url).send(PHONE, TEXT)
        async with httpx.AsyncClient(trust_env=False) as other:
            await other.post(echo.url, json={"phone": [], "message": "", "api_key": KEY})
    assert PIECE in log.getvalue()
