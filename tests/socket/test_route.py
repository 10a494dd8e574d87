"""The way of a request that holds the key: to the gateway alone, over TLS or within this machine, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import ssl
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from customersms_async import AsyncClient, ConfigurationError, ConnectionFailedError, Limit, MemoryQuota, SendError
from customersms_async._core.options import Options
from support.echoing_gateway import KEY, PHONE, TEXT, echoing
from support.engines import ENGINES, engine_of
from support.places import DATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def client_of(url: str, **options: Any) -> AsyncClient:
    return AsyncClient(
        api_key=KEY,
        url=url,
        limits=Limit(1_000, 1),
        pace=None,
        quota=MemoryQuota(),
        max_retries=0,
        timeout=5.0,
        **options,
    )


@contextlib.asynccontextmanager
async def trap() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that nothing may reach: its URL, and the first bytes of all that did."""
    caught: list[bytes] = []

    async def catch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caught.append(await reader.read(65_536))
        writer.close()

    server = await asyncio.start_server(catch, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", caught


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


async def test_plain_http_goes_past_every_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with trap() as (proxy, caught), echoing("headers") as echo:
        for name in PROXIES:
            monkeypatch.setenv(name, proxy)
        async with client_of(echo.url) as client:
            assert (await client.send(PHONE, TEXT)).status == "accepted"
    assert not caught
    assert len(echo.heads) == 1


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("bare", [False, True], ids=["URL", "host and port"])
async def test_https_goes_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, bare: bool
) -> None:
    async with trap() as (proxy, caught):
        monkeypatch.setenv(name, proxy.removeprefix("http://") if bare else proxy)
        async with client_of("https://gateway.test/api.php") as client:
            for _ in range(2):
                with pytest.raises(ConnectionFailedError):
                    await client.send(PHONE, TEXT)
    assert len(caught) == 2
    for head in caught:
        assert head.startswith(b"CONNECT gateway.test:443 HTTP/1.1\r\n")
        assert KEY.encode() not in head


@pytest.mark.parametrize(
    "exception", ["127.0.0.1", "localhost, 127.0.0.1", "*", "127.0.0.1:PORT", "a.test 127.0.0.1", "127.0.0.0/8"]
)
async def test_https_goes_past_the_proxy_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch, exception: str
) -> None:
    async with trap() as (proxy, caught), trap() as (gateway, reached):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", exception.replace("PORT", gateway.rpartition(":")[2].strip("/")))
        async with client_of(gateway.replace("http:", "https:")) as client:
            with pytest.raises(ConnectionFailedError):
                await client.send(PHONE, TEXT)
    assert (len(caught), len(reached)) == (0, 1)


async def test_a_proxy_that_can_not_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1:70")
    async with client_of("https://gateway.test/") as client:
        with pytest.raises(
            ConnectionFailedError, match="the proxy in HTTPS_PROXY begins with gopher://, which is not known"
        ):
            await client.send(PHONE, TEXT)


@pytest.mark.parametrize("used_before", [False, True], ids=["new", "used before"])
async def test_plain_http_is_refused_to_a_proxy_of_the_callers_client(used_before: bool) -> None:
    async with trap() as (proxy, caught), httpx.AsyncClient(proxy=proxy) as theirs, echoing("headers") as echo:
        if used_before:
            with contextlib.suppress(httpx.HTTPError):
                await theirs.get(echo.url)
        before = len(caught)
        async with client_of(echo.url, http_client=theirs) as client:
            with pytest.raises(ConnectionFailedError, match="proxy"):
                await client.send(PHONE, TEXT)
            assert (await client.quota_status()).limits[0].used == 0
        assert caught[before:] in ([], [b""])
    assert not echo.heads


async def test_a_kept_connection_to_a_proxy_is_refused_too() -> None:
    """A forwarding proxy answers the caller's own request and keeps the connection; ours must not go out on it."""
    read: list[bytes] = []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                read.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(proxy=proxy) as theirs, echoing("headers") as echo:
        assert (await theirs.get(echo.url)).status_code == 200
        async with client_of(echo.url, http_client=theirs) as client:
            with pytest.raises(ConnectionFailedError, match="proxy"):
                await client.send(PHONE, TEXT)
    assert len(read) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_whatever_the_callers_client_does(status: int) -> None:
    asked: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request)

    async with (
        httpx.AsyncClient(
            follow_redirects=True,
            auth=("user", "password"),
            event_hooks={"request": [note]},
            cookies={"theirs": "1"},
            headers={"User-Agent": "theirs", "Content-Type": "text/plain"},
            trust_env=False,
        ) as theirs,
        echoing(f"redirect {status}") as echo,
        client_of(echo.url, http_client=theirs) as client,
    ):
        with pytest.raises(SendError):
            await client.send(PHONE, TEXT)
    (head,) = echo.heads
    assert len(asked) == 1
    assert "authorization" not in head.lower()
    assert KEY not in head
    assert f"User-Agent: customersms-async/{version('customersms-async')}\r\n" in head
    assert "Content-Type: application/json\r\n" in head


OURS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": f"customersms-async/{version('customersms-async')}",
}
"""All headers but those of the length and of the host."""


def only_ours(head: str, url: str) -> bool:
    """Whether a request was read that has the path and the headers of ours, each once, and no others."""
    line, *headers = head.strip().split("\r\n")
    parts = urlsplit(url)
    length = next(header for header in headers if header.startswith("Content-Length: "))
    expected = [f"Host: {parts.netloc}", length, *(f"{name}: {value}" for name, value in OURS.items())]
    return line == f"POST {parts.path} HTTP/1.1" and sorted(headers) == sorted(expected)


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_request_says_nothing_of_its_machine_or_its_key(engine: str) -> None:
    async with (
        engine_of(engine) as http_client,
        echoing("headers") as echo,
        client_of(echo.url, http_client=http_client) as client,
    ):
        for _ in range(2):
            await client.send(PHONE, TEXT)
    assert len(echo.heads) == 2
    assert all(only_ours(head, echo.url) for head in echo.heads)


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_whatever_a_callers_client_adds_to_its_own_requests_stays_away_from_the_gateway(library: str) -> None:
    module: Any = pytest.importorskip(library)

    async def add(request: Any) -> None:
        request.headers["traceparent"] = "00-1-2-01"

    async with (
        module.AsyncClient(
            auth=("user", "password"),
            base_url="https://elsewhere.test/v2",
            cookies={"theirs": "1"},
            event_hooks={"request": [add]},
            headers={"X-Mine": "yes", "Host": "elsewhere.test", "User-Agent": "theirs", "Accept-Encoding": "br"},
            params={"theirs": "1"},
        ) as theirs,
        echoing("headers") as echo,
        client_of(echo.url, http_client=theirs) as client,
    ):
        for _ in range(2):
            await client.send(PHONE, TEXT)
        assert dict(theirs.cookies) == {"theirs": "1"}, "nor does the gateway leave anything there"
    assert len(echo.heads) == 2
    assert all(only_ours(head, echo.url) for head in echo.heads)


@pytest.mark.parametrize(("library", "engine"), [("httpx", "ours"), ("httpx", "transport"), ("httpx2", "transport")])
async def test_a_library_that_instruments_all_of_httpx_adds_nothing(
    library: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenTelemetry does it: around the method of the class, for whoever calls it."""
    module: Any = pytest.importorskip(library)
    plain = module.AsyncHTTPTransport.handle_async_request

    async def traced(self: Any, request: Any) -> Any:
        request.headers["traceparent"] = "00-1-2-01"
        return await plain(self, request)

    monkeypatch.setattr(module.AsyncHTTPTransport, "handle_async_request", traced)
    async with (
        module.AsyncHTTPTransport() as transport,
        echoing("headers") as echo,
        client_of(echo.url, http_client=transport if engine == "transport" else None) as client,
    ):
        await client.send(PHONE, TEXT)
    assert [only_ours(head, echo.url) for head in echo.heads] == [True]


async def test_a_library_that_instruments_all_of_aiohttp_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As error reporters do it: a trace in every session, of which the engine makes none."""
    aiohttp: Any = pytest.importorskip("aiohttp")

    async def add(session: Any, context: Any, params: Any) -> None:
        params.headers["sentry-trace"] = "1-2-1"

    config = aiohttp.TraceConfig()
    config.on_request_start.append(add)
    plain = aiohttp.ClientSession.__init__

    def traced(self: Any, *args: Any, **options: Any) -> None:
        plain(self, *args, trace_configs=[config], **options)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", traced)
    async with engine_of("fast") as fast, echoing("headers") as echo, client_of(echo.url, http_client=fast) as client:
        await client.send(PHONE, TEXT)
        async with aiohttp.ClientSession() as theirs:
            await theirs.post(echo.url, json={"phone": [], "message": TEXT})
    assert [only_ours(head, echo.url) for head in echo.heads] == [True, False]
    assert "sentry-trace" in echo.heads[1]


@pytest.mark.parametrize(
    "url",
    [
        "http://customersms.pro/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "http://127.0.0.1%2eexample.com/",
        "http://0.0.0.0/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http:///api.php",
        "HTTP://EXAMPLE.COM/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
    ],
)
def test_plain_http_goes_to_this_machine_only(url: str) -> None:
    with pytest.raises(ConfigurationError):
        client_of(url)
    with pytest.raises(ConfigurationError):
        client_of("https://example.com/").with_options(url=url)


def test_no_option_touches_certificates_redirects_or_proxies() -> None:
    known = {*inspect.signature(AsyncClient).parameters, *Options.__struct_fields__}
    assert known == {
        *("api_key", "url", "limits", "quota", "reserve", "pace", "batch_size", "max_concurrency", "max_retries"),
        *("max_wait", "timeout", "label", "http_client", "idempotency", "caps", "suppression"),
        *("telemetry", "on_event"),
    }


@pytest.mark.parametrize("variable", ["PYTHONHTTPSVERIFY", "SSL_NO_VERIFY", "CURL_INSECURE"])
async def test_no_variable_of_the_environment_turns_certificates_off(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "0")
    read: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read.append(await reader.read(100))
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(DATA / "self-signed.pem")
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server, client_of(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as client:
        with pytest.raises(ConnectionFailedError) as caught:
            await client.send(PHONE, TEXT)
    assert caught.value.code == "CERTIFICATE_REFUSED"
    assert not any(KEY.encode() in some for some in read)
