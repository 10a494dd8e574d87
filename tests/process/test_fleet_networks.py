"""The compose file with a network for each of its containers, which can be cut off: database, gateway, two workers.

A worker is cut off with requests on their way, and the other one goes on; then its link is up again, and what it knows
still counts.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from support.command import environment, until
from support.fleet_example import FOLDER, service, services, typed
from support.networks import NetworkHost, switch
from support.postgres_servers import postgres_server, programs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

KEY: Final = "cspro_key_of_the_example"
PASSWORDS: Final = {"OWNER_PASSWORD": "of the owner", "TEXTS_PASSWORD": "of 'the' workers"}
PEOPLE: Final = 60
PORT: Final = 8025
_PATIENCE: Final = 120.0
"""Seconds: what can't be answered is unknown after half a minute, and five seconds."""

_RUNNER: Final = (
    "SELECT convert_from(h.words, 'UTF8') FROM customersms.campaign_leases l JOIN customersms.campaign_hosts h"
    " ON h.host = l.host WHERE l.holder IS NOT NULL"
)


class Compose:
    """The services of the file, each in the network of its container. Mutable state: the processes that run."""

    def __init__(self, server: PostgresServerProcess, hosts: dict[str, NetworkHost], folder: Path) -> None:
        self.server, self.hosts, self.folder = server, hosts, folder
        (folder / "api_key").write_text(f"{KEY}\n", encoding="utf-8")
        self.running: list[subprocess.Popen[str]] = []

    def make_roles(self) -> None:
        """What the image does as it makes the database: its owner, and roles.sql."""
        self.server.sql(f"ALTER ROLE app SUPERUSER PASSWORD '{PASSWORDS['OWNER_PASSWORD']}'")
        words = ("-v", "ON_ERROR_STOP=1", "-X", "-q", "-f", str(FOLDER / "roles.sql"), self.server.url("admin"))
        command = [str(programs() / "psql"), *words]
        subprocess.run(command, check=True, env={"TEXTS_PASSWORD": PASSWORDS["TEXTS_PASSWORD"]})  # noqa: S603

    def start(self, host: str, name: str, words: list[str] | None = None, **also: str) -> subprocess.Popen[str]:
        """A container of the service on this host, with its command or with other words, and ``also`` to be known."""
        container = service(name, **PASSWORDS)
        secrets = {
            name: str(value).replace("/run/secrets", str(self.folder)) for name, value in container.environment.items()
        }
        url = {"CUSTOMERSMS_URL": f"http://127.0.0.1:{PORT}/sms_system/api.php"}
        command = [sys.executable, "-m", "customersms_async", *(container.words if words is None else words)]
        return self.run_there(host, command, **{**secrets, **url, **also})

    def run_there(self, host: str, command: list[str], **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*self.hosts[host].command, *command],
            env=environment(self.folder / "home", **variables),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def run(self, name: str, words: list[str] | None = None, **also: str) -> str:
        """What a container that ended well has said, on a host of its own."""
        process = self.start("run", name, words, **also)
        said, _ = process.communicate(timeout=_PATIENCE)
        assert process.returncode == 0, said
        return said

    def texts(self) -> Counter[str]:
        """How often each number got its text, as the gateway's inbox says."""
        url = f"http://{self.hosts['gateway'].address}:{PORT}/texts?limit=1000"
        with urllib.request.urlopen(url) as answer:
            return Counter(text["phone"] for text in json.load(answer)["texts"])

    def ask(self, statement: str) -> Any:
        """The one value that the database gives; ``None`` if there is none."""
        rows = self.server.sql(statement, database="app")
        return rows[0][0] if rows else None

    def planned(self) -> int:
        return int(self.ask("SELECT count(*) FROM customersms.campaign_recipients WHERE state = 'planned'"))


@pytest.fixture
def compose(tmp_path: Path) -> Iterator[Compose]:
    assert services()["worker"]["deploy"]["replicas"] == 2
    with switch(db=2, gateway=3, run=4, first=5, second=6) as hosts, postgres_server(hosts["db"]) as server:
        for name in ("run", "first", "second"):
            hosts[name].relay(PORT, hosts["gateway"])
        compose = Compose(server, hosts, tmp_path)
        compose.make_roles()
        try:
            yield compose
        finally:
            for process in compose.running:
                if process.poll() is None:
                    process.kill()
                process.wait()
                assert process.stdout is not None
                process.stdout.close()


def test_a_worker_that_is_cut_off_loses_the_campaign_and_nobody_is_sent_to_twice(compose: Compose) -> None:
    words = ["sandbox", "--host", "0.0.0.0", "--port", str(PORT), "--key", KEY, "--latency", "0.5,1", "--quiet"]  # noqa: S104
    compose.run_there("gateway", [sys.executable, "-m", "customersms_async", *words])
    assert "the schema customersms has version" in compose.run("migrate")
    begin, resume = (next(each for each in typed() if each[1] == word) for word in ("run", "resume"))
    rows = [f"+1212{number:07},Person {number}" for number in range(PEOPLE)]
    (compose.folder / "people.csv").write_text("\n".join(["phone,name", *rows]), encoding="utf-8")

    person = compose.start(
        "run", "worker", [*begin[:2], "people.csv", *begin[3:], "--batch-size", "1", "--pace", "none"]
    )
    until(lambda: compose.texts() or person.poll() is not None, _PATIENCE)
    person.send_signal(signal.SIGINT)
    said, _ = person.communicate(timeout=_PATIENCE)
    assert person.returncode == 130, said

    ledger = service("worker", **PASSWORDS).environment["CUSTOMERSMS_LEDGER"]
    first = compose.start("first", "worker", CUSTOMERSMS_LEDGER=f"{ledger}?lease=2")
    compose.run("worker", resume)
    until(lambda: compose.ask(_RUNNER), _PATIENCE)
    before = compose.texts().total()
    until(lambda: compose.texts().total() > before, _PATIENCE)
    compose.hosts["first"].cut()
    assert compose.planned(), "it is cut off in the midst of it"

    second = compose.start("second", "worker", CUSTOMERSMS_LEDGER=f"{ledger}?lease=2")
    until(lambda: not compose.planned(), _PATIENCE)
    compose.hosts["first"].join()
    done = "SELECT count(*) FROM customersms.campaign_wanted WHERE state = 'done'"
    until(lambda: compose.ask(done), _PATIENCE)

    states = dict(
        compose.server.sql("SELECT state, count(*) FROM customersms.campaign_recipients GROUP BY 1", database="app")
    )
    came = compose.texts()
    assert max(came.values()) == 1
    assert states.get("accepted", 0) + states.get("unknown", 0) == PEOPLE
    assert states.get("accepted", 0) <= came.total()
    for worker in (first, second):
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=_PATIENCE)
        assert worker.returncode == 0, said
