"""Fixtures for tests over real sockets: a sandbox, and a client that sends there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings

from customersms_async import AsyncClient, MemoryQuota
from customersms_async.sandbox import Sandbox
from support.broken_gateways import RawGateway
from support.event_loops import NAMES, Loops
from support.redis_servers import RedisServer, redis_server
from support.watched_client import MakeWorld, World, meeting_or_slow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

# Timings here are noisy, and a process may stand still for a while as examples are drawn.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

KEY = "cspro_a_key_that_must_never_show"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--loop",
        choices=NAMES,
        default=NAMES[0],
        help="the kind of event loops to run in: asyncio's, where all tests run, or another, for what depends on it",
    )


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--loop")
    if name != NAMES[0]:
        config.pluginmanager.register(Loops(name))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``: tests of sockets and processes spend half of their time waiting, so two share a processor."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _nobody_vouches(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let no client load the world's certificate authorities: that takes 50 ms, and no test needs one of them."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path_factory.getbasetemp()))


@pytest.fixture(autouse=True)
def _nobodys_state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let no command that a test starts count on the quota of whoever runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that do not stop it; each uses keys of its own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A gateway over real sockets, in the test's own event loop."""
    gateway = Sandbox(keys={KEY: 100_000})
    async with gateway.serve():
        yield gateway


@pytest.fixture
async def make_client(sandbox: Sandbox) -> AsyncIterator[Callable[..., AsyncClient]]:
    """Makes clients of the sandbox, with a quota of their own and no pace unless asked for, and closes them."""
    made: list[AsyncClient] = []

    def make(**options: Any) -> AsyncClient:
        defaults: dict[str, Any] = {"api_key": KEY, "url": sandbox.url, "quota": MemoryQuota(), "pace": None}
        made.append(AsyncClient(**(defaults | options)))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
async def client(make_client: Callable[..., AsyncClient]) -> AsyncClient:
    """A client of the sandbox."""
    return make_client()


@pytest.fixture(scope="module")
def slow_gateway() -> Iterator[tuple[RawGateway, str]]:
    """A gateway that lets requests meet, or answers slowly; in a thread, so that the loop's steps are the client's."""
    raw = RawGateway(meeting_or_slow)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(raw.serve()) as url:
        yield raw, url


@pytest.fixture
def make_world(slow_gateway: tuple[RawGateway, str], caplog: pytest.LogCaptureFixture) -> MakeWorld:
    """Makes a client of that gateway, watched in all that it says and does."""
    return lambda distant=False: World(*slow_gateway, caplog, distant)
