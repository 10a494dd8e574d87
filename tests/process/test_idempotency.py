"""Promise 4 with whole processes: jobs that are given again and again, while workers are killed, stopped, cancelled.

*Of all calls with one idempotency key, in any number of processes that share the store, at most one text leaves within
`keep`, as long as the store keeps what it acknowledged and unless a person says otherwise; each of them ends with the
outcome of that one; if nobody can know it, each ends as unknown.*
"""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from customersms_async import PostgresIdempotency, RedisIdempotency, SQLiteIdempotency
from customersms_async.sandbox import Sandbox
from support.idempotent_workers import Workers, phone_of
from support.postgres_servers import postgres_server
from support.redis_servers import redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from customersms_async.idempotency import IdempotencyStore

KEYS, PROCESSES, ROUNDS = 150, 2, 4
DURABLE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")

Place = tuple["Callable[[], IdempotencyStore]", "Callable[[], None]"]


@contextmanager
def in_a_file(folder: Path) -> Iterator[Place]:
    yield partial(SQLiteIdempotency, folder / "keys.db"), lambda: None


@contextmanager
def in_a_server_that_restarts(folder: Path) -> Iterator[Place]:
    with redis_server(folder, *DURABLE) as server:

        def restart() -> None:
            server.stop()
            server.start()

        yield partial(RedisIdempotency, server.url), restart


@contextmanager
def in_a_database_that_crashes(folder: Path) -> Iterator[Place]:
    del folder
    with postgres_server() as server:

        def restart() -> None:
            server.stop()
            server.start()

        yield partial(PostgresIdempotency, server.url()), restart


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("place", [in_a_file, in_a_server_that_restarts, in_a_database_that_crashes])
def test_nobody_is_texted_twice_and_everyone_hears_the_same(
    place: Callable[[Path], AbstractContextManager[Place]], tmp_path: Path
) -> None:
    sandbox = Sandbox(keys={"cspro_k": 10**6}, limits=())
    with sandbox.serve_in_thread() as url, place(tmp_path) as (make_store, disturb):
        workers = Workers(make_store, url, "cspro_k", KEYS)
        workers.torture(PROCESSES, ROUNDS, disturb)
        ends = [asyncio.run(workers.work(random.Random(seed))) for seed in range(2)]
        assert sandbox.duplicates() == ()
        assert ends[0] == ends[1]
        texted = {text.phone for text in sandbox.texts}
        for key, end in enumerate(ends[0]):
            assert end in ("accepted", "unknown", "OutcomeUnknownError")
            assert end != "accepted" or phone_of(key) in texted
        assert ends[0].count("accepted") > KEYS // 2
