"""``RedisQuota`` and every way in which a server says no: what a person must mend, and what passes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis, RedisCluster

from customersms_async import ConfigurationError, QuotaExceededError, QuotaStoreError
from customersms_async._core.layers import Layer
from customersms_async.quota import RedisQuota
from support.places import DATA
from support.ports import free_port
from support.real_time import PATIENCE
from support.redis_servers import ON_DISK, redis_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from customersms_async import AsyncClient
    from customersms_async.sandbox import Sandbox
    from support.redis_servers import RedisServer

HOUR = (Layer(100, 3_600_000_000),)
HOLD_US = 35_000_000
PASSWORD = "s3cret-word"
PEM = DATA / "self-signed.pem"

PERMANENT = [
    "-WRONGPASS invalid username-password pair or user is disabled.",
    "-NOAUTH Authentication required.",
    "-ERR invalid password",
    "-ERR operation not permitted",
    "-ERR Client sent AUTH, but no password is set",
    "-ERR AUTH <password> called without any password configured for the default user. Are you sure?",
    "-NOPERM this user has no permissions to run the 'evalsha' command",
    "-NOPERM this user has no permissions to access one of the keys used as arguments",
    "-DENIED Redis is running in protected mode because protected mode is enabled",
    "-ERR DB index is out of range",
    "-ERR SELECT is not allowed in cluster mode",
    "-NOPROTO unsupported protocol version",
    "-WRONGTYPE Operation against a key holding the wrong kind of value",
    "-ERR Error running script (call to f_1): @user_script:34: WRONGTYPE Operation against a key",
    "-ERR unknown command `EVALSHA`, with args beginning with: `3`, ",
    "-ERR unknown command 'evalsha'",
    "-ERR Unsupported command",
    "-NOSCRIPT No matching script. Please use EVAL.",
    "-MOVED 3999 127.0.0.1:6381",
    "-ASK 3999 127.0.0.1:6381",
    "-CROSSSLOT Keys in request don't hash to the same slot",
    "-ERR something that nobody has heard of",
    "HTTP/1.1 400 Bad Request",
    "+OK",
    ":1",
    "*-1",
]
PASSING = [
    "-LOADING Redis is loading the dataset in memory",
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "-READONLY You can't write against a read only replica.",
    "-ERR Error running script (call to f_1): @user_script:9: READONLY You can't write against a read only replica.",
    "-NOREPLICAS Not enough good replicas to write.",
    "-MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.",
    "-OOM command not allowed when used memory > 'maxmemory'.",
    "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "-CLUSTERDOWN Hash slot not served",
    "-CLUSTERDOWN The cluster is down",
    "-TRYAGAIN Multiple keys request during rehashing of slot",
    "-INPROG Failover already in progress",
    "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    "-ERR max number of clients reached",
]


@contextlib.asynccontextmanager
async def listening(answer: Callable[[bytes], bytes], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of what answers each question with that, and hangs up after no answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while said := answer(await reader.read(65_536)):
                writer.write(said)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as listener:
        yield listener.sockets[0].getsockname()[1]


def saying(line: str) -> Callable[[bytes], bytes]:
    """Lets a client in, and answers all else with ``line``."""

    def answer(asked: bytes) -> bytes:
        if not asked:
            return b""
        settings = (b"CLIENT", b"AUTH", b"SELECT", b"HELLO")
        commands = asked.split(b"\r\n*") if asked.count(b"\r\n*") else [asked]
        return b"".join(b"+OK\r\n" if any(s in c for s in settings) else f"{line}\r\n".encode() for c in commands)

    return answer


async def refusal(server: Any, **options: Any) -> QuotaStoreError:
    async with RedisQuota(server, timeout=PATIENCE, **options) as store:
        with pytest.raises(QuotaStoreError) as caught:
            await store.take("key", HOUR, HOLD_US)
    assert PASSWORD not in f"{caught.value!r} {store!r}"
    assert caught.value.__cause__ is caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize("line", PERMANENT)
async def test_what_a_person_must_mend_is_told_at_once_with_the_reason(line: str) -> None:
    async with listening(saying(line)) as port:
        error = await refusal(f"redis://:{PASSWORD}@127.0.0.1:{port}")
    assert not error.temporary
    if line.startswith("-") and not line.startswith(("-MOVED", "-ASK")):
        words = line.partition(", with args")[0].split(" ", 1)[1]
        assert words in str(error)


@pytest.mark.parametrize("line", PASSING)
async def test_what_passes_by_itself_is_waited_for(line: str) -> None:
    async with listening(saying(line)) as port:
        assert (await refusal(f"redis://:{PASSWORD}@127.0.0.1:{port}")).temporary


@pytest.mark.parametrize("line", [*PERMANENT, *PASSING])
async def test_whatever_answers_is_an_error_of_the_store_and_no_other(line: str) -> None:
    """From the first word on, be it an answer to the password or to the choice of a database."""
    for url in ("redis://:{}@127.0.0.1:{}/3", "redis://joe:{}@127.0.0.1:{}?protocol=3"):
        async with listening(lambda asked: asked and f"{line}\r\n".encode() * 9) as port:
            await refusal(url.format(PASSWORD, port))


async def test_no_error_quotes_the_password_as_servers_before_6_do() -> None:
    quoting = f"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `{PASSWORD}`, \r\n"
    for query in ("", "?protocol=3"):
        async with listening(lambda asked: asked and quoting.encode() * 4) as port:
            assert not (await refusal(f"redis://:{PASSWORD}@127.0.0.1:{port}{query}")).temporary
            client = Redis(port=port, password=PASSWORD, protocol=3)
            assert not (await refusal(client)).temporary
            await client.aclose()


async def test_a_server_before_6_which_knows_no_hello_is_asked_without() -> None:
    asked: list[bytes] = []

    def answer(question: bytes) -> bytes:
        asked.append(question)
        return saying("-LOADING")(question)

    async with listening(answer) as port:
        await refusal(f"redis://127.0.0.1:{port}")
    assert asked
    assert not any(b"HELLO" in question for question in asked)


@pytest.mark.parametrize("own_client", [None, Redis, RedisCluster])
async def test_a_certificate_that_is_refused_is_told_at_once(own_client: Any) -> None:
    async with listening(lambda asked: asked, trusted()) as port:
        url = f"rediss://:{PASSWORD}@127.0.0.1:{port}"
        async with contextlib.AsyncExitStack() as closing:
            server: Any = url
            if own_client:
                closing.push_async_callback((server := own_client.from_url(url)).aclose)
            error = await refusal(server)
    assert not error.temporary
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)


async def test_a_certificate_of_another_host_is_refused_whatever_version_redis_py_has() -> None:
    async with listening(saying("-LOADING"), trusted()) as port:
        of_another = await refusal(f"rediss://:{PASSWORD}@127.0.0.1:{port}?ssl_ca_certs={PEM}")
        not_looked_at = await refusal(f"rediss://:{PASSWORD}@127.0.0.1:{port}?ssl_cert_reqs=none")
    assert not of_another.temporary
    assert not_looked_at.temporary, "it came as far as LOADING"


@pytest.mark.parametrize("made", ["missing", "a folder", "no certificate"])
async def test_a_file_for_tls_that_can_not_be_read_is_told_at_once(made: str, tmp_path: Path) -> None:
    place = tmp_path / "ca.pem"
    if made == "a folder":
        place.mkdir()
    elif made == "no certificate":
        place.write_text("hello")
    async with listening(lambda asked: asked, trusted()) as port:
        assert not (await refusal(f"rediss://127.0.0.1:{port}?ssl_ca_certs={place}")).temporary


async def test_a_handshake_that_is_cut_or_a_server_that_is_away_passes(tmp_path: Path) -> None:
    async with listening(lambda _: b"") as port:
        for url in (f"rediss://127.0.0.1:{port}", f"redis://127.0.0.1:{port}", f"unix://{tmp_path}/not-yet.sock"):
            assert (await refusal(url)).temporary, url
    assert (await refusal(f"redis://127.0.0.1:{free_port()}")).temporary
    assert (await refusal("redis://no-such-host.invalid")).temporary


async def test_a_database_that_is_not_there_is_told_at_once(shared_redis: RedisServer) -> None:
    error = await refusal(shared_redis.url.replace("/0", "/99"))
    assert not error.temporary
    assert "DB index is out of range" in str(error)


async def test_a_password_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    with redis_server(tmp_path, *ON_DISK, "--requirepass", PASSWORD) as server:
        error = await refusal(server.url)
    assert not error.temporary
    assert "authentication required" in str(error).lower()  # in capitals from Redis 8 on


@pytest.mark.parametrize("fault", ["certificate", "password", "kind of key", "no Redis"])
async def test_a_send_without_max_wait_returns(
    fault: str, tmp_path: Path, make_client: Callable[..., AsyncClient], sandbox: Sandbox
) -> None:
    line = {"password": PERMANENT[0], "kind of key": "-WRONGTYPE Operation", "no Redis": "+OK"}.get(fault, "")
    async with listening(saying(line), trusted() if fault == "certificate" else None) as port:
        scheme = "rediss" if fault == "certificate" else "redis"
        async with RedisQuota(f"{scheme}://:{PASSWORD}@127.0.0.1:{port}", timeout=PATIENCE) as store:
            client = make_client(quota=store)
            calls: tuple[Awaitable[object], ...] = (
                client.send("+12125551234", "never"),
                client.send_many(["+12125551234", "+12125551235"], "never"),
                client.quota_status(),
            )
            for call in calls:
                with pytest.raises(QuotaStoreError) as caught:
                    await asyncio.wait_for(call, PATIENCE)
                assert not caught.value.temporary
    assert not sandbox.texts


async def test_a_fail_over_that_gives_the_name_to_another_server_is_followed(
    shared_redis: RedisServer, prefix: str, make_client: Callable[..., AsyncClient]
) -> None:
    """The old primary is a replica now, and keeps its connections open."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if connections == 1:
            answer = saying("-READONLY You can't write against a read only replica.")
            while said := answer(await reader.read(65_536)):
                writer.write(said)
        else:
            there, to_server = await asyncio.open_connection("127.0.0.1", shared_redis.port)
            while question := await reader.read(65_536):
                to_server.write(question)
                writer.write(await there.read(65_536))
            to_server.close()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        url = f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with RedisQuota(url, prefix, timeout=PATIENCE) as store:
            with contextlib.suppress(QuotaExceededError):
                await make_client(quota=store).send("+12125551234", "after the fail-over", max_wait=5)
            assert (await store.usage("key", HOUR))[0][0].used == 0


@pytest.mark.parametrize(
    "url", ["redis://h?foo=1", "redis://h?timeout=1", "redis://h?protocol=9", "redis://h?max_connections=-3"]
)
def test_an_option_that_redis_py_does_not_take_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigurationError, match="option"):
        RedisQuota(url)


@pytest.mark.parametrize("url", ["redis:host", "redis:", "valkey://h", "redis+sentinel://h", ""])
def test_a_url_that_is_none_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="can't read its URL"):
        RedisQuota(url)


def trusted() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(PEM)
    return context
