"""Texts as jobs of taskiq, SAQ, Celery and procrastinate: put twice, refused, told to wait, with a worker killed."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, PostgresIdempotency, RedisIdempotency
from customersms_async.sandbox import Fault, Sandbox, magic
from support.platforms import NO_POSIX, WINDOWS
from support.worker_examples import ENGINES, WORKERS, WorkerExample, queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(WINDOWS, reason=NO_POSIX)

KEY = "cspro_key_of_the_workers"
REFUSED = magic.number(Fault.ROW_REJECTED)
TEXT = "Order 17 is on its way"
PUT_TWICE = "+12125551234"
WORKER_KILLED, TOLD_TO_WAIT, WORKER_STOPPED = (f"+1212555000{number}" for number in range(3))
PUT = {
    "procrastinate": ("order=", "python -m procrastinate --app=procrastinate_worker.app defer send_text"),
}
"""How the lines begin that put a job: the first one of PUT_TWICE."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(keys={KEY: 1_000})
    with sandbox.serve_in_thread():
        yield sandbox


@pytest.fixture
def environment(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    with queue(engine, tmp_path, request) as environment:
        yield environment


@pytest.mark.parametrize("engine", ENGINES)
def test_each_text_comes_once_whatever_becomes_of_its_job_and_of_its_worker(
    engine: str, sandbox: Sandbox, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**environment, "CUSTOMERSMS_API_KEY": KEY, "CUSTOMERSMS_URL": sandbox.url, "SMS_TIMEOUT": "2"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def came() -> Counter[str]:
        return Counter(text.phone for text in sandbox.texts)

    def put(phone: str, key: str = "") -> None:
        example.put("send_text", phone=phone, text=TEXT, idempotency_key=key or phone)

    with WorkerExample(engine, tmp_path, settings) as example:
        if engine == "procrastinate":
            example.run("python -m procrastinate --app=procrastinate_worker.app schema")
        if engine == "taskiq":
            example.start("taskiq scheduler")
        worker = example.start(WORKERS[engine])
        example.run(*PUT.get(engine, [f"python {engine}_worker.py send_text"]))
        put(PUT_TWICE, "order-17/shipped")
        put(REFUSED)
        example.until(lambda: came()[PUT_TWICE] == 1 and "RejectedError" in example.log())
        refusals = example.log().count("RejectedError")

        sandbox.misbehave([(Fault.SLOW, 60.0)])
        put(WORKER_KILLED)
        example.until(lambda: came()[WORKER_KILLED] == 1)
        example.kill(worker)

        sandbox.misbehave([(Fault.STATUS_429, 4.0)])
        worker = example.start(WORKERS[engine])
        put(TOLD_TO_WAIT)
        put(TOLD_TO_WAIT)
        example.until(lambda: came()[TOLD_TO_WAIT] == 1 and "OutcomeUnknownError" in example.log())

        sandbox.misbehave([(Fault.SLOW, 1.0)])
        put(WORKER_STOPPED)
        example.until(lambda: came()[WORKER_STOPPED] == 1)
        assert example.stop(worker) == 0
        assert example.log().count("RejectedError") == refusals, "it was tried again"

    assert came() == Counter([PUT_TWICE, WORKER_KILLED, TOLD_TO_WAIT, WORKER_STOPPED])
    assert sandbox.requests == 6, "twice for the one that was told to wait, and once for each other"
    assert asyncio.run(unknown(settings)) == 1, "only the text of the worker that was killed"


async def unknown(environment: dict[str, str]) -> int:
    url = environment.get("REDIS_URL")
    store = PostgresIdempotency(environment["DATABASE_URL"]) if url is None else RedisIdempotency(url)
    async with store, AsyncClient(idempotency=store) as client:
        return len(await client.idempotency.unknown())
