"""``run_campaign`` as a job of taskiq, SAQ and Celery: delivered twice, with a worker killed, each is texted once."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Sandbox
from support.fleet_workers import KEY, LIMITS, Fleet
from support.places import ROOT
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess
    from support.redis_servers import RedisServer

MODULES = "support.job_engines"
ENGINES = {
    "taskiq": ("taskiq", "worker", f"{MODULES}.with_taskiq:broker", "--workers", "1"),
    "saq": ("saq", f"{MODULES}.with_saq.settings"),
    "celery": ("celery", "-A", f"{MODULES}.with_celery", "worker", "--pool", "prefork", "--concurrency", "2"),
}
NEEDS = {"taskiq": "taskiq_redis", "saq": "saq", "celery": "celery"}


@pytest.fixture
def fleet(shared_postgres: PostgresServerProcess, tmp_path: Path) -> Iterator[Fleet]:
    sandbox = Sandbox(keys={KEY: 10**6}, limits=LIMITS, latency=(0.1, 0.3))
    with sandbox.serve_in_thread():
        yield Fleet(shared_postgres, sandbox, tmp_path)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_job_that_comes_twice_and_whose_worker_is_killed_texts_everyone_once(
    engine: str, fleet: Fleet, shared_redis: RedisServer
) -> None:
    if importlib.util.find_spec(NEEDS[engine]) is None:
        pytest.skip(f"{engine} is not installed")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "JOBS_REDIS": shared_redis.url,
        "CUSTOMERSMS_LEDGER": fleet.address,
        "CUSTOMERSMS_API_KEY": KEY,
        "CUSTOMERSMS_URL": fleet.sandbox.url,
        "CUSTOMERSMS_QUOTA": fleet.server.url(),
    }

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *ENGINES[engine]]
        with (fleet.folder / "engine.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the engine's own
                command, env=environment, stdout=log, stderr=log, cwd=fleet.folder, start_new_session=True
            )

    def put() -> None:
        command = [sys.executable, "-m", f"{MODULES}.with_{engine}", "spring"]
        subprocess.run(command, env=environment, check=True, cwd=fleet.folder)  # noqa: S603

    fleet.add(["spring"], 300)
    workers = [start()]
    try:
        put()
        put()
        fleet.until(lambda: len(fleet.sandbox.texts) > 20, (fleet.folder / "engine.log").read_text())
        workers.append(start())
        os.killpg(workers[0].pid, signal.SIGKILL)
        over = time.monotonic() + PATIENCE
        while fleet.states() != {"done": 1}:
            assert time.monotonic() < over, (fleet.folder / "engine.log").read_text()
            put()
            time.sleep(1)
    finally:
        for worker in workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    assert set(fleet.sent().values()) == {1}
    found = fleet.recipients()
    assert found["accepted"] + found["unknown"] == 300
    assert found["accepted"] <= len(fleet.sandbox.texts)
