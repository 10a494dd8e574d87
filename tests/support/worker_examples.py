"""The files of ``examples/workers``, run as their docstrings say: each copied into a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, final

import pytest

from support.places import ROOT
from support.real_time import PATIENCE
from support.redis_servers import redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from procrastinate import App

    from support.postgres_servers import PostgresServerProcess

FOLDER: Final = ROOT / "examples" / "workers"
ENGINES: Final = {"taskiq": "taskiq_redis", "saq": "saq", "celery": "celery", "procrastinate": "procrastinate"}
"""Each engine, with the package that it needs."""

WORKERS: Final = {
    "taskiq": "taskiq worker",
    "saq": "saq",
    "celery": "celery",
    "procrastinate": "python -m procrastinate --app=procrastinate_worker.app worker",
}
"""How the line begins that starts a worker."""

DURABLE: Final = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
"""The options of the line that starts a Redis server, with no snapshots beside."""

_TYPED: Final = re.compile(r"^    \$ (.+)$", re.MULTILINE)


def load(path: Path) -> ModuleType:
    """The module in this file, made anew: it has read the environment as it is now."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where taskiq looks for it
    spec.loader.exec_module(module)
    return module


async def defer(app: App, task: str, arguments: dict[str, str]) -> None:
    """Put a job into the tables of procrastinate."""
    async with app.open_async():
        await app.configure_task(task).defer_async(**arguments)


@contextlib.contextmanager
def queue(engine: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """A server for the engine's jobs, with nothing in it, by the variables that lead the example there."""
    if importlib.util.find_spec(ENGINES[engine]) is None:
        pytest.skip(f"{engine} is not installed")
    if engine != "procrastinate":
        with redis_server(folder, *DURABLE) as server:
            yield {"REDIS_URL": server.url}
        return
    postgres: PostgresServerProcess = request.getfixturevalue("started_postgres")
    postgres.sql("CREATE DATABASE jobs OWNER app")
    try:
        yield {"DATABASE_URL": postgres.url(database="jobs")}
    finally:
        postgres.sql("DROP DATABASE jobs WITH (FORCE)")


@final
class WorkerExample:
    """An example of an engine in a folder of its own, and its processes, which are gone when the block ends."""

    def __init__(self, engine: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.file = Path(shutil.copy(FOLDER / f"{engine}_worker.py", folder))
        self.log_file = folder / "workers.log"
        bin_folder = str(Path(sys.executable).parent)
        self.environment = {**environment, "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]])}
        self._module: ModuleType | None = None
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            self.kill(process)

    def typed(self, beginning: str) -> str:
        """The one line of the docstring that begins like this."""
        lines = _TYPED.findall(self.file.read_text(encoding="utf-8"))
        (line,) = [line for line in lines if line.startswith(beginning)]
        return str(line)

    def run(self, *beginnings: str) -> None:
        """Type these lines into a shell, and wait until they have ended well."""
        lines = [self.typed(beginning) for beginning in beginnings]
        shell = ["sh", "-e", "-c", "\n".join(lines)]
        subprocess.run(shell, env=self._all(), cwd=self.folder, check=True)  # noqa: S603 - of the docs

    def start(self, beginning: str) -> subprocess.Popen[bytes]:
        """Type this line in a terminal of its own; what it prints goes to the log."""
        words = shlex.split(self.typed(beginning), comments=True)
        program = shutil.which(words[0], path=self.environment["PATH"])
        assert program is not None, f"there is no {words[0]}"
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - of the docs
                [program, *words[1:]], env=self._all(), stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        self._running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End it and its children in the middle of whatever they do, and wait until it is gone."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Ask it to stop, and give its exit status."""
        process.terminate()
        return process.wait(PATIENCE)

    def put(self, task: str, **arguments: str) -> None:
        """Queue a job as a program would that imports the example."""
        if self._module is None:
            self._module = load(self.file)
        if hasattr(self._module, "put"):
            put: Callable[..., Any] = partial(self._module.put, task, *arguments.values())
        else:
            put = partial(defer, self._module.app, task, arguments)
        if inspect.iscoroutinefunction(put):
            asyncio.run(put())
        else:
            put()

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def until(self, happened: Callable[[], bool]) -> None:
        over = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < over, f"it did not happen:\n{self.log()}"
            time.sleep(0.05)

    def _all(self) -> dict[str, str]:
        return {**os.environ, **self.environment}
