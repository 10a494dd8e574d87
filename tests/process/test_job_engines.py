"""``run_campaign`` as a job of other engines: delivered twice, with a worker killed, each is texted once.

The jobs and their workers are those of ``examples/workers``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Sandbox
from support.fleet_workers import KEY, LIMITS, Fleet
from support.real_time import PATIENCE
from support.worker_examples import ENGINES, WORKERS, WorkerExample, queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess


@pytest.fixture
def fleet(shared_postgres: PostgresServerProcess, tmp_path: Path) -> Iterator[Fleet]:
    sandbox = Sandbox(keys={KEY: 10**6}, limits=LIMITS, latency=(0.1, 0.3))
    with sandbox.serve_in_thread():
        yield Fleet(shared_postgres, sandbox, tmp_path)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_job_that_comes_twice_and_whose_worker_is_killed_texts_everyone_once(
    engine: str, fleet: Fleet, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add(["spring"], 300, alike=5)
    with queue(engine, fleet.folder, request) as environment:
        environment |= {
            "CUSTOMERSMS_LEDGER": fleet.address,
            "CUSTOMERSMS_API_KEY": KEY,
            "CUSTOMERSMS_URL": fleet.sandbox.url,
            "SMS_TIMEOUT": "2",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with WorkerExample(engine, fleet.folder, environment) as example:
            if engine == "procrastinate":
                example.run("python -m procrastinate --app=procrastinate_worker.app schema")
            worker = example.start(WORKERS[engine])
            example.put("campaign", name="spring")
            example.put("campaign", name="spring")
            example.until(lambda: len(fleet.sandbox.texts) > 20)
            example.start(WORKERS[engine])
            example.kill(worker)
            over = time.monotonic() + PATIENCE
            while fleet.states() != {"done": 1}:
                assert time.monotonic() < over, example.log()
                example.put("campaign", name="spring")
                time.sleep(1)
    assert set(fleet.sent().values()) == {1}
    found = fleet.recipients()
    assert found["accepted"] + found["unknown"] == 300
    assert found["accepted"] <= len(fleet.sandbox.texts)
