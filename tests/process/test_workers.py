"""``customersms worker`` as processes: what is wanted is run by somebody, once, whoever dies, and nothing else is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from customersms_async.sandbox import Fault, Sandbox
from support.fleet_workers import KEY, LIMITS, OTHER_KEY, Fleet
from support.ports import free_port
from support.postgres_servers import pgbouncer
from support.real_time import PATIENCE
from support.scraping import figure, scraped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres_servers import PostgresServerProcess

SLOW = dict.fromkeys(range(1, 1_000), (Fault.SLOW, 200.0))
MOST_BEYOND_GRACE = 10.0
"""Seconds that a worker takes beyond its grace, at most, as docs/fleet.md says."""

NAMES = [f"campaign {number}" for number in range(20)]


@pytest.fixture
def fleet(shared_postgres: PostgresServerProcess, tmp_path: Path) -> Iterator[Fleet]:
    sandbox = Sandbox(keys={KEY: 10**6, OTHER_KEY: 10**6}, limits=LIMITS, latency=(0.05, 0.3))
    with sandbox.serve_in_thread():
        fleet = Fleet(shared_postgres, sandbox, tmp_path)
        try:
            yield fleet
        finally:
            fleet.close()


def test_everyone_gets_one_text_or_is_unknown_when_a_worker_is_killed(fleet: Fleet) -> None:
    fleet.add(NAMES, 50)
    how = ("--concurrency", "6", "--batch-size", "10", "--timeout", "2")
    killed = fleet.start(*how)
    fleet.until(lambda: "this worker does" in fleet.log(killed), "the first campaign")
    other = fleet.start(*how)
    fleet.until(lambda: len(fleet.sandbox.texts) > 100, "the first texts")
    killed.kill()
    killed.wait()
    fleet.until_done(20)
    assert fleet.stop(other) == 0
    assert set(fleet.sent().values()) == {1}
    found = fleet.recipients()
    assert found["accepted"] + found["unknown"] == 20 * 50
    assert found["accepted"] <= len(fleet.sandbox.texts) <= found["accepted"] + found["unknown"]
    assert "this worker does" in fleet.log(other)
    assert KEY not in fleet.log(killed) + fleet.log(other)


def test_what_no_run_is_wanted_of_is_not_touched(fleet: Fleet) -> None:
    fleet.add(["draft"], wanted=False)
    fleet.add(["paused", "stopped", "run"])
    fleet.say("paused", "pause")
    fleet.say("stopped", "stop")
    worker = fleet.start("--json")
    fleet.until(lambda: '"ended"' in fleet.log(worker), "the end")
    fleet.stop(worker)
    assert {text.message for text in fleet.sandbox.texts} == {"Hello from run"}
    assert fleet.states() == {"draft": 1, "paused": 1, "stopped": 1, "done": 1}
    events = [json.loads(line) for line in fleet.log(worker).splitlines() if line.startswith("{")]
    assert [(event["event"], event["campaign"]) for event in events] == [("began", "run"), ("ended", "run")]


def test_a_campaign_is_run_with_the_key_of_its_terms_and_by_no_other(fleet: Fleet) -> None:
    fleet.add(["theirs"], key=OTHER_KEY)
    fleet.add(["ours"])
    first = fleet.start()
    fleet.until_done(1)
    fleet.until(lambda: "left to other workers" in fleet.log(first), "what is left")
    assert {text.message for text in fleet.sandbox.texts} == {"Hello from ours"}
    file = fleet.folder / "other-key"
    file.write_text(f"{OTHER_KEY}\n")
    second = fleet.start("--key", f"somebody={file}", CUSTOMERSMS_API_KEY="")
    fleet.until_done(2)
    assert fleet.log(first).count("left to other workers") == 1
    assert OTHER_KEY not in fleet.log(first) + fleet.log(second)


def test_prometheus_gets_what_a_worker_does_by_key_while_it_does_it(fleet: Fleet) -> None:
    fleet.add(["theirs"], 400, key=OTHER_KEY)
    fleet.add(["ours"], 400)
    keys, port = {"shop": KEY, "clinic": OTHER_KEY}, free_port()
    named: list[str] = []
    for label, key in keys.items():
        file = fleet.folder / label
        file.write_text(f"{key}\n")
        named += ["--key", f"{label}={file}"]
    slowly = ("--batch-size", "1", "--max-concurrency", "1", "--metrics-port", str(port))
    worker = fleet.start(*named, *slowly, CUSTOMERSMS_API_KEY="")
    fleet.until(lambda: len({text.message for text in fleet.sandbox.texts}) == 2, "the first texts")
    text = ""

    def both_are_told_of() -> bool:
        nonlocal text
        text = scraped(port)
        return all(figure(text, "customersms_client_outcomes_total", key=key, status="accepted") for key in keys)

    fleet.until(both_are_told_of, "the first outcomes")
    for key in keys:
        states = ("planned", "sending", "accepted")
        count = {each: figure(text, "customersms_campaign_recipients", key=key, state=each) for each in states}
        assert 0 < count["planned"] < sum(count.values()) == 400
        assert figure(text, "customersms_quota_usage", key=key) > 0
    assert KEY not in text
    assert OTHER_KEY not in text
    assert not re.search(r"1212\d{7}", text)
    assert fleet.stop(worker) == 0
    assert "Traceback" not in fleet.log(worker)
    assert fleet.states() == {"run": 2}


def test_a_key_is_sent_nowhere_else_than_the_worker_was_told(fleet: Fleet) -> None:
    fleet.add(["elsewhere"], url="https://127.0.0.1:9/api.php")
    fleet.add(["here"])
    worker = fleet.start()
    fleet.until_done(1)
    fleet.until(lambda: "go to" in fleet.log(worker), "what is left")
    assert fleet.states() == {"run": 1, "done": 1}


def test_a_stopped_worker_hands_its_campaigns_over(fleet: Fleet) -> None:
    fleet.add(NAMES[:4], 400)
    how = ("--batch-size", "10", "--max-concurrency", "4")
    first = fleet.start(*how)
    fleet.until(lambda: fleet.runners() == 4 and len(fleet.sandbox.texts) > 100, "the first worker")
    second = fleet.start(*how)
    fleet.until(lambda: "looks for campaigns" in fleet.log(second), "the second worker")
    assert fleet.stop(first) == 0
    assert fleet.states() == {"run": 4}
    fleet.until(lambda: "this worker does" in fleet.log(second), "the take-over")
    fleet.until_done(4)
    assert set(fleet.sent().values()) == {1}
    assert fleet.recipients() == {"accepted": 1_600}


def test_losing_all_jobs_loses_nothing(fleet: Fleet) -> None:
    fleet.add(NAMES, 20)
    fleet.start("--concurrency", "2")
    for _ in range(20):
        fleet.lose_jobs()
        fleet.until(lambda: fleet.runners() > 0 or fleet.states()["done"] == 20)
    fleet.until_done(20)
    assert set(fleet.sent().values()) == {1}
    assert fleet.recipients() == {"accepted": 400}


def test_a_lock_on_the_table_of_jobs_holds_up_neither_campaigns_nor_the_end_of_a_worker(fleet: Fleet) -> None:
    """As VACUUM FULL and ALTER TABLE take one: jobs are a doorbell, and what is wanted is found by state."""
    fleet.add(["first", "second"])
    with psycopg.connect(fleet.server.url("admin", "app")) as other:
        other.execute("LOCK TABLE customersms_jobs.procrastinate_jobs IN ACCESS EXCLUSIVE MODE")
        worker = fleet.start("--grace", "1")
        fleet.until_done(2)
        assert set(fleet.sent().values()) == {1}
        began = time.monotonic()
        assert fleet.stop(worker) == 0
        assert time.monotonic() - began < 1 + MOST_BEYOND_GRACE
    assert "jobs for workers can't be used, and are tried again: canceling statement due to" in fleet.log(worker)


def test_a_worker_ends_soon_after_its_grace_where_its_pooler_stands_still(fleet: Fleet) -> None:
    """A connection that is neither closed nor answered is what a proxy leaves whose machine has stopped."""
    with pgbouncer(fleet.server, pool_size=6) as port:
        through = f"postgresql://app@127.0.0.1:{port}/app"
        fleet.add(["first", "second", "third"], 400, alike=1)
        fleet.address = f"{through}?lease=3"
        worker = fleet.start("--batch-size", "1", "--grace", "1", quota=through)
        fleet.until(lambda: len(fleet.sandbox.texts) > 20, "the first texts")
        with standing_still():
            began = time.monotonic()
            assert fleet.stop(worker) in (0, 1)
            assert time.monotonic() - began < 1 + MOST_BEYOND_GRACE
    assert set(fleet.sent().values()) == {1}


@contextlib.contextmanager
def standing_still() -> Iterator[None]:
    """Have the one pooler that this process has started stand still."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    (pooler,) = [int(child) for child in children if b"pgbouncer" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(pooler, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pooler, signal.SIGCONT)


def test_a_second_signal_ends_a_worker_at_once(fleet: Fleet) -> None:
    fleet.sandbox.misbehave(SLOW)
    fleet.add(["slow"])
    worker = fleet.start("--grace", "300")
    fleet.until(lambda: fleet.recipients()["sending"] > 0, "an intent")
    worker.send_signal(signal.SIGTERM)
    fleet.until(lambda: "the worker stops" in fleet.log(worker), "the stop")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 130
    assert fleet.recipients() == {"unknown": 20}
    assert fleet.runners() == 0


def test_what_is_on_its_way_after_the_grace_is_aborted_and_unknown(fleet: Fleet) -> None:
    fleet.sandbox.misbehave(SLOW)
    fleet.add(["slow"])
    worker = fleet.start("--grace", "0.5")
    fleet.until(lambda: fleet.recipients()["sending"] > 0, "an intent")
    assert fleet.stop(worker) == 0
    assert fleet.recipients() == {"unknown": 20}
    assert fleet.runners() == 0
    assert fleet.states() == {"run": 1}


def test_a_refused_key_is_told_with_the_campaign_and_not_tried_again_and_again(fleet: Fleet) -> None:
    fleet.add(["refused"], key="cspro_nobodys")
    worker = fleet.start(CUSTOMERSMS_API_KEY="cspro_nobodys")
    fleet.until(lambda: "the campaign refused failed" in fleet.log(worker), "the failure")
    assert fleet.states() == {"stopped": 1}
    assert fleet.sandbox.requests == 1


def test_a_database_without_tables_of_jobs_says_what_to_do(fleet: Fleet) -> None:
    fleet.server.sql("DROP SCHEMA customersms_jobs CASCADE", database="app")
    worker = fleet.start()
    assert worker.wait(PATIENCE) == 1
    assert "no tables of jobs for workers: customersms ledger migrate" in " ".join(fleet.log(worker).split())
