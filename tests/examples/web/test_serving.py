"""The lines of the docstrings, typed: workers with one quota, and a stop that lets a request in flight end."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from customersms_async.sandbox import Sandbox
from support.command import Hold, until
from support.example_programs import typed
from support.platforms import NO_POSIX, WINDOWS
from support.ports import free_port
from support.real_time import PATIENCE
from support.web_examples import FOLDER, SECRET, needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(WINDOWS, reason=NO_POSIX)

KEY = "cspro_key_of_the_example"


class Service:
    """A server as its docstring has it started, with its files in a folder. Mutable state: the process."""

    def __init__(self, framework: str, sandbox: Sandbox, folder: Path) -> None:
        needs(framework)
        port = free_port()
        self.lines = [line.replace("8000", str(port)) for line in typed(FOLDER / f"with_{framework}.py")]
        self._log = folder / "log"
        (command,) = (shlex.split(line) for line in self.lines if line.startswith(("uvicorn", "python")))
        if command[0] == "python":
            command[1] = str(FOLDER / command[1])
        words = [sys.executable, *(["-m", *command] if command[0] == "uvicorn" else command[1:])]
        ours = {"CUSTOMERSMS_URL": sandbox.url, "CUSTOMERSMS_API_KEY": KEY, "CODES_SECRET": SECRET, "PORT": str(port)}
        paths = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - the docstring's words
                words,
                cwd=folder,
                env={**os.environ, **ours, "PYTHONPATH": paths},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        own_connections = httpx.Limits(max_keepalive_connections=0)  # each request may reach another worker
        self._asking = httpx.Client(base_url=f"http://127.0.0.1:{port}", limits=own_connections, timeout=PATIENCE)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._asking.close()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return self._asking.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def quota(self) -> tuple[int, int | None]:
        """Of any worker: how many requests its quota knows, and what the gateway has answered to it last."""
        told = self._asking.get("/readyz").json()
        return told["quota"]["limits"][0]["used"], told["last_status_code"]

    def post(self, phone: str, key: str) -> httpx.Response:
        return self._asking.post("/codes", json={"phone": phone}, headers={"Idempotency-Key": key})


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(keys={KEY: 10**6})
    with sandbox.serve_in_thread():
        yield sandbox


def test_fastapi_s_workers_share_one_quota_and_what_is_in_flight_gets_its_answer(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with Service("fastapi", sandbox, tmp_path) as service:
        until(service.answers)
        (curl,) = (shlex.split(line) for line in service.lines if line.startswith("curl -i"))
        for _ in range(2):
            said = subprocess.run(curl, capture_output=True, text=True, check=True).stdout  # noqa: S603 - the docstring's
            assert said.startswith("HTTP/1.1 202 ")
        assert len(sandbox.texts) == 1
        until(lambda: service.quota()[1] is None)  # the system chooses who answers: in the end one who has sent nothing
        until(lambda: service.quota() == (1, None))
        stops_with_a_request_in_flight(service, sandbox, lambda: "Waiting for connections to close" in service.log)
    assert service.process.returncode == 0
    assert service.log.count("Application shutdown complete") == 2


def test_aiohttp_s_request_in_flight_gets_its_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    with Service("aiohttp", sandbox, tmp_path) as service:
        until(service.answers)
        stops_with_a_request_in_flight(service, sandbox, lambda: not service.answers())
    assert service.process.returncode == 0


def stops_with_a_request_in_flight(service: Service, sandbox: Sandbox, stops: Callable[[], bool]) -> None:
    """End it as a release does, while the gateway has not answered yet."""
    hold, texts = Hold(1), len(sandbox.texts)
    sandbox.misbehave(hold)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(service.post, "+13235554567", "89ab-cdef")
        assert hold.begun.wait(PATIENCE)
        service.process.send_signal(signal.SIGTERM)
        until(stops)
        assert service.process.poll() is None
        assert not answer.done()
        hold.goes_on.set()
        assert answer.result().status_code == 202
    service.process.wait(PATIENCE)
    assert len(sandbox.texts) == texts + 1
    for secret in (KEY, SECRET, "3235554567", sandbox.texts[-1].message[-6:]):
        assert secret not in service.log
