"""Fixtures for tests over real sockets: a sandbox, and a client that sends there."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, settings

from customersms_async import AsyncClient, MemoryQuota
from customersms_async._sending import key_account
from customersms_async._sending.environment import revision
from customersms_async.sandbox import Sandbox
from support.event_loops import EVERY, NAMES, plugin
from support.postgres_servers import PostgresServerProcess, postgres_server
from support.redis_servers import RedisServer, redis_server
from support.watched_client import MakeWorld, SlowGateway, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

# Timings here are noisy, and a process may stand still for a while as examples are drawn.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("named", settings.get_profile("unhurried"), phases=[Phase.explicit])
settings.load_profile("unhurried")

KEY = "cspro_a_key_that_must_never_show"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--loop",
        choices=(*NAMES, EVERY),
        default=NAMES[0],
        help="the kind of event loops: asyncio's, where all tests run; another, for what depends on it; or all three",
    )


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until all is collected: next to nothing of it is garbage, and looking takes a sixth of the time
    if (loops := plugin(config.getoption("--loop"))) is not None:
        config.pluginmanager.register(loops)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mix the files where several processes share the tests: those that wait lie together, and one would have them all.

    Each process begins with as many tests in a row. The order is the same in all of them, and those of a file stay
    together, in their order.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: crc32(str(item.path.relative_to(config.rootpath)).encode()))


def pytest_collection_finish() -> None:
    """Let garbage be looked for among what the tests make, not among all that was imported and collected."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``: tests of sockets and processes spend half of their time waiting, so two share a processor."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="session", autouse=True)
def _nobodys_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no client load the world's certificate authorities, and no command count on the quota of who runs the tests.

    The former takes 50 ms, and no test needs one of them.
    """
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let what a test leaves in the process be nothing to the next one.

    A test of the plugin has all clients look at the environment before each send; and a client that the collector has
    not found yet keeps its account, with the credits of a sandbox whose port another one has by now.
    """
    revision.number = 0
    key_account._known.clear()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that do not stop it; each uses keys of its own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def started_postgres() -> Iterator[PostgresServerProcess]:
    """One server for all tests that do not stop it."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def shared_postgres(started_postgres: PostgresServerProcess) -> PostgresServerProcess:
    """That server, with nothing in its tables."""
    started_postgres.empty()
    return started_postgres


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


@pytest.fixture
async def slow_gateway() -> AsyncIterator[tuple[SlowGateway, str]]:
    """A gateway that lets requests meet, or answers slowly; in the test's own event loop."""
    slow = SlowGateway()
    async with slow.serve() as url:
        yield slow, url


@pytest.fixture
def make_world(slow_gateway: tuple[SlowGateway, str], caplog: pytest.LogCaptureFixture) -> MakeWorld:
    """Makes a client of that gateway, watched in all that it says and does."""
    return lambda distant=False, http_client=None: World(*slow_gateway, caplog, distant, http_client)
