"""Real processes that share what counts for caps, one of them killed, against a judge with a clock of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import sys
from bisect import bisect_left
from typing import TYPE_CHECKING

import pytest

from customersms_async._core.caps import CapScopes
from customersms_async.quota.sqlite import SQLiteQuota
from customersms_async.testing._contract.cap_store import SPACE, counted, room, scope, text
from support.caps_process import CAPS, PHONES
from support.places import SUPPORT
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from customersms_async import Limit

EACH = 12
"""Texts that each process sends, at least, if it is not killed before."""


@pytest.fixture(params=["sqlite", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    kind: str = request.param
    where = request.getfixturevalue("own_redis") if kind == "redis" else str(tmp_path / "quota")
    return {"store": kind, "place": where}


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterable[str]:
    """A server of this test's own: its caps have the name of any other run's."""
    from support.redis_servers import redis_server

    (folder := tmp_path / "redis").mkdir()
    with redis_server(folder) as server:
        yield server.url


async def lines(process: asyncio.subprocess.Process, into: list[tuple[str, float]]) -> None:
    """What a process sent and when, until it is done or gone."""
    assert process.stdout is not None
    while (line := (await process.stdout.readline()).decode()) not in ("done\n", ""):
        if line.endswith("\n") and line != "ready\n":
            phone, at = line.split()
            into.append((phone, float(at)))


def over(times: list[float], limits: Iterable[Limit]) -> list[tuple[float, Limit]]:
    """Windows over a cap: when they begin, and which."""
    return [
        (at, limit)
        for limit in limits
        for place, at in enumerate(times)
        if bisect_left(times, at + limit.seconds) - place > limit.requests
    ]


def test_the_judge_sees_windows_that_are_over() -> None:
    (limit, _) = CAPS.per_number
    assert over([0.0, 0.3, 0.4], [limit]) == [(0.3, limit)]
    assert over([0.0, 0.2, 0.4], [limit]) == []


async def test_four_processes_one_of_them_killed_send_no_window_more_than_its_cap(place: dict[str, str]) -> None:
    seed, sent = secrets.randbits(32), list[tuple[str, float]]()
    pipe, processes = asyncio.subprocess.PIPE, list[asyncio.subprocess.Process]()
    try:
        async with asyncio.timeout(PATIENCE):
            for number in range(4):
                job = place | {"count": EACH, "seed": seed + number}
                arguments = [sys.executable, str(SUPPORT / "caps_process.py"), json.dumps(job)]
                processes.append(await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe))
            for process in processes:
                assert process.stdout is not None
                assert await process.stdout.readline() == b"ready\n"
            reading = [asyncio.ensure_future(lines(process, sent)) for process in processes]
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(b"go\n")
            while len(sent) < random.Random(seed).randint(5, 15):  # noqa: ASYNC110 - they say it to the readers
                await asyncio.sleep(0.01)
            processes[0].kill()
            await asyncio.gather(*reading)
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
    sent.sort(key=lambda each: each[1])
    assert len(sent) >= 3 * EACH, seed
    for phone in PHONES:
        assert over([at for to, at in sent if to == phone], CAPS.per_number) == [], seed
    for prefix, limits in CAPS.per_prefix.items():
        assert over([at for to, at in sent if to.startswith(prefix)], limits) == [], seed
    assert over([at for _, at in sent], CAPS.total) == [], seed


async def test_what_a_killed_process_let_through_counts(tmp_path: Path) -> None:
    script = """if True:
        import asyncio, os, signal, sys
        from customersms_async.quota.sqlite import SQLiteQuota
        from customersms_async.testing._contract.cap_store import SPACE, scope, text
        async def main():
            ten = scope("ten", (10, 10**12))
            store = SQLiteQuota(sys.argv[1])
            assert not any(await store.take_caps(SPACE, [text(ten) for _ in range(7)], 10**12))
            os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(main())
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(tmp_path / "quota"))
    assert await process.wait() == -9
    ten = scope("ten", (10, 10**12))
    async with SQLiteQuota(tmp_path / "quota") as store:
        assert await room(store, ten) == 3
        await counted(store, *(text(ten) for _ in range(3)))
        assert any(await store.take_caps(SPACE, [text(ten)], 1))


def test_the_worker_s_numbers_count_in_all_kinds_of_scopes() -> None:
    kinds = {scope.kind.name for phone in PHONES for scope in CapScopes(CAPS).text(phone, b"").scopes if scope.kind}
    assert kinds == {"per_number", "per_prefix", "total"}
