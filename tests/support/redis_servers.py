"""Real redis-servers of the tests' own, and a proxy that loses answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from support.platforms import WINDOWS
from support.ports import free_port
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

NO_DISK = ("--save", "", "--appendonly", "no")
ON_DISK = ("--save", "", "--appendonly", "yes", "--appendfsync", "no")
"""A killed process loses nothing that it wrote, only a machine does, so waiting for the disk would prove nothing."""


class RedisServer:
    """One server process, which can be killed and started again on the same port and folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *more_options: str, ready: bool = True) -> None:
        """Come back once it answers, be it with an error; while it loads its data only if not to be ``ready``."""
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        if found is None:
            if os.environ.get("CI") and not WINDOWS:
                pytest.fail("redis-server is missing: CI must have it")
            pytest.skip("redis-server is not installed (on Debian: apt-get install redis-server)")
        place = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder))
        self.process = subprocess.Popen(  # noqa: S603 - a program of the system's own
            [found, *place, *self._options, *more_options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(1_000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), PATIENCE) as asking:
                asking.sendall(b"PING\r\n")
                answer = asking.recv(64)
                if answer and not (ready and answer.startswith(b"-LOADING")):
                    return
            time.sleep(0.01)
        self.stop()
        pytest.fail("redis-server did not start")

    def stop(self) -> None:
        """Kill it (-9), and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Kept on disk and never evicting, unless the options say otherwise."""
    server = RedisServer(folder, *(options or ON_DISK))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def redis_cluster(folder: Path) -> Iterator[list[RedisServer]]:
    """Three servers with a third of the hash slots each; they need two seconds to agree that all is well."""
    with contextlib.ExitStack() as stack:
        servers, buses = [], []
        for number in range(3):
            (own := folder / str(number)).mkdir()
            buses.append(free_port())
            options = ("--cluster-enabled", "yes", "--cluster-port", str(buses[-1]), *ON_DISK)
            servers.append(stack.enter_context(redis_server(own, *options)))
        for number, server in enumerate(servers):
            first, end = 16384 * number // 3, 16384 * (number + 1) // 3
            _tell(server, f"CLUSTER ADDSLOTSRANGE {first} {end - 1}")
        for turn in range(1_500):
            if turn % 100 == 0:  # on a busy machine a handshake may be too slow, and nobody repeats it
                for server in servers:
                    for other, bus in zip(servers, buses, strict=True):
                        _tell(server, f"CLUSTER MEET 127.0.0.1 {other.port} {bus}")
            infos = [_tell(server, "CLUSTER INFO") for server in servers]
            if all("cluster_state:ok" in info and "cluster_known_nodes:3" in info for info in infos):
                break
            time.sleep(0.01)
        else:
            pytest.fail("the cluster did not come up")
        yield servers


def _tell(server: RedisServer, command: str) -> str:
    with socket.create_connection(("127.0.0.1", server.port)) as asking:
        asking.sendall(f"{command}\r\n".encode())
        return asking.recv(4_096).decode()


def nothing(question: bytes) -> bool:
    """A choice of questions for a proxy: none."""
    return False


class Proxy:
    """Passes everything on to a server, but loses the answers to some questions, and delivers others late or never.

    Losing an answer cuts the connection, after the server did what it was asked for. A question that is late cuts it
    too, and reaches the server when ``deliver`` is called. One that is swallowed leaves the connection open.
    """

    def __init__(self, port: int) -> None:
        self.server_port = port
        self.loses: Callable[[bytes], bool] = nothing
        self.delays: Callable[[bytes], bool] = nothing
        self.swallows: Callable[[bytes], bool] = nothing
        self.late: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def deliver(self) -> None:
        """Bring what is late to the server, and wait until it has dealt with that."""
        for question in self.late:
            there, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
            to_server.write(question)
            assert await there.read(65_536)
            to_server.close()
        self.late.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        try:
            while question := await reader.read(65_536):
                if self.delays(question):
                    self.late.append(question)
                    return
                if self.swallows(question):
                    continue
                to_server.write(question)
                answer = await there.read(65_536)
                if self.loses(question):
                    return
                writer.write(answer)
        except ConnectionError:
            pass
        finally:
            writer.close()
            to_server.close()


@contextlib.asynccontextmanager
async def proxy(port: int) -> AsyncIterator[Proxy]:
    """Serve a proxy before the server on ``port``."""
    between = Proxy(port)
    listener = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    async with listener:
        between.port = listener.sockets[0].getsockname()[1]
        yield between
