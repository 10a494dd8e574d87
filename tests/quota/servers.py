"""A real redis-server of the tests' own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class RedisServer:
    """One server process, which can be killed and started again on the same port and folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        if found is None:
            if os.environ.get("CI"):
                pytest.fail("redis-server is missing: CI must have it")
            pytest.skip("redis-server is not installed (on Debian: apt-get install redis-server)")
        self.process = subprocess.Popen(  # noqa: S603 - a program of the system's own
            [found, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), *self._options],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as asking:
                asking.sendall(b"PING\r\n")
                if asking.recv(64).startswith(b"+PONG"):
                    return
            time.sleep(0.02)
        pytest.fail("redis-server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Kept on disk and never evicting, unless the options say otherwise."""
    server = RedisServer(folder, *(options or ("--save", "", "--appendonly", "yes", "--appendfsync", "always")))
    server.start()
    try:
        yield server
    finally:
        server.stop()
