"""The commands of the compose file as processes: a schema, a campaign that its person leaves, a worker that ends it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async.sandbox import Sandbox
from support.command import environment
from support.fleet_example import FOLDER, pods, service, typed
from support.postgres_servers import programs
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

KEY = "cspro_key_of_the_example"
PASSWORDS = {"OWNER_PASSWORD": "of the owner", "TEXTS_PASSWORD": "of 'the' workers"}
PEOPLE = 60


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(keys={KEY: 10**6}, latency=(0.1, 0.2))
    with sandbox.serve_in_thread():
        yield sandbox


class Compose:
    """The services of the file as processes, whose host ``db`` is the test's server. Mutable state: those that run."""

    def __init__(self, server: PostgresServerProcess, sandbox: Sandbox, folder: Path) -> None:
        self._server, self._sandbox, self._folder = server, sandbox, folder
        self.home = folder / "home"
        self.home.mkdir()
        (folder / "api_key").write_text(f"{KEY}\n", encoding="utf-8")
        self.running: list[subprocess.Popen[str]] = []

    def make_roles(self) -> None:
        """What the image does with roles.sql as it makes the database."""
        words = ("-v", "ON_ERROR_STOP=1", "-X", "-q", "-f", str(FOLDER / "roles.sql"), self._server.url("admin", "app"))
        command = [str(programs() / "psql"), *words]
        subprocess.run(command, check=True, env={"TEXTS_PASSWORD": PASSWORDS["TEXTS_PASSWORD"]})  # noqa: S603

    def start(self, name: str, words: list[str] | None = None) -> subprocess.Popen[str]:
        """A container of the service, with its command or with other words, as ``docker compose run`` takes them."""
        container = service(name, **PASSWORDS)
        secrets = {
            name: str(value).replace("/run/secrets", str(self._folder)) for name, value in container.environment.items()
        }
        here = {"PGHOSTADDR": "127.0.0.1", "PGPORT": str(self._server.port), "CUSTOMERSMS_URL": self._sandbox.url}
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "customersms_async", *(container.words if words is None else words)],
            env=environment(self.home, **secrets, **here),
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def run(self, name: str, words: list[str] | None = None) -> str:
        """What a container that ended well has said."""
        process = self.start(name, words)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        return said


@pytest.fixture
def compose(shared_postgres: PostgresServerProcess, sandbox: Sandbox, tmp_path: Path) -> Iterator[Compose]:
    shared_postgres.sql("DROP SCHEMA IF EXISTS customersms, customersms_jobs CASCADE", database="app")
    compose = Compose(shared_postgres, sandbox, tmp_path)
    compose.make_roles()
    try:
        yield compose
    finally:
        for process in compose.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        shared_postgres.sql("DROP OWNED BY texts", "DROP ROLE texts", database="app")


def until(happened: Callable[[], Any], what: str) -> None:
    over = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < over, f"{what} did not happen"
        time.sleep(0.05)


def test_the_compose_file_runs_a_campaign_to_its_end(
    compose: Compose, sandbox: Sandbox, shared_postgres: PostgresServerProcess, tmp_path: Path
) -> None:
    """A person begins it and leaves it; once they say so, one of the workers ends it; nobody gets it twice."""
    rows = [f"+1212{number:07},Person {number}" for number in range(PEOPLE)]
    (tmp_path / "people.csv").write_text("\n".join(["phone,name", *rows]), encoding="utf-8")
    assert "the schema customersms has version" in compose.run("migrate")

    begin, resume, status = (next(each for each in typed() if each[1] == word) for word in ("run", "resume", "status"))
    assert begin[2] == "/people.csv"
    person = compose.start("worker", [*begin[:2], "people.csv", *begin[3:], "--batch-size", "1", "--pace", "none"])
    until(lambda: len(sandbox.texts) > 5, "the first texts")
    person.send_signal(signal.SIGINT)
    person.communicate(timeout=PATIENCE)
    assert person.returncode == 130

    worker = compose.start("worker")
    compose.run("worker", resume)
    ends = "SELECT count(*) FROM customersms.campaign_wanted WHERE state = 'done'"
    until(lambda: shared_postgres.sql(ends, database="app")[0][0], "the end")
    assert re.search(rf"accepted\W+{PEOPLE}\b", compose.run("worker", status))
    assert Counter(text.phone for text in sandbox.texts) == Counter({row.split(",")[0]: 1 for row in rows})

    probe = pods()["worker"][1]["readinessProbe"]["exec"]["command"][1:]
    assert '"limits"' in compose.run("worker", probe)
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, said
    assert "this worker does" in said
    assert KEY not in said
    assert list(compose.home.rglob("*")) == [], "a container's disk is read-only"
