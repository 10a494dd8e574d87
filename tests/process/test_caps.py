"""Caps and the list with whole processes: no window sees more than a cap allows, and nobody who said no is texted.

Workers of several processes send to the same few numbers, one by one and in bulk, while some are killed, others are
cancelled, and people say no. What counts is when the gateway judged each text.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import RedisQuota, SQLiteQuota, SQLiteSuppression
from customersms_async.sandbox import Sandbox
from support import capped_workers, forked
from support.capped_workers import ABROAD, CAPS, KEY, PHONES
from support.redis_servers import redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from multiprocessing.process import BaseProcess
    from pathlib import Path

PROCESSES, KILLS = 3, 3


@contextmanager
def in_a_file(folder: Path) -> Iterator[Callable[[], Any]]:
    yield partial(SQLiteQuota, folder / "quota.sqlite")


@contextmanager
def in_a_server(folder: Path) -> Iterator[Callable[[], Any]]:
    with redis_server(folder) as server:
        yield partial(RedisQuota, server.url)


def most_within(times_us: Sequence[int], window_us: int) -> int:
    """The most of these times, ascending, that any window sees, wherever it is placed."""
    most = first = 0
    for last, at_us in enumerate(times_us):
        while at_us - times_us[first] >= window_us:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("place", [in_a_file, in_a_server])
def test_no_window_sees_more_than_a_cap_allows_and_nobody_is_texted_who_said_no(
    place: Callable[[Path], AbstractContextManager[Callable[[], Any]]], tmp_path: Path
) -> None:
    sandbox = Sandbox(keys={KEY: 10**6}, limits=(), latency=(0.0, 0.02))
    said_no: dict[str, int] = {}
    listed = tmp_path / "no.db"
    draw = random.Random(7)
    with sandbox.serve_in_thread() as url, place(tmp_path) as make_quota:

        def begin() -> BaseProcess:
            return forked.begin(capped_workers.work, url, make_quota, listed, draw.random())

        children = [begin() for _ in range(PROCESSES)]
        for number in range(KILLS):
            time.sleep(draw.uniform(0.2, 0.6))  # it is a random moment that is wanted
            phone = PHONES[number]
            asyncio.run(say_no(listed, phone))
            said_no[phone] = time.time_ns() // 1_000
            victim = children.pop(0)
            victim.kill()
            assert forked.ended(victim) == -signal.SIGKILL
            children.append(begin())
        assert [forked.ended(child) for child in children] == [0] * PROCESSES
    by_number: dict[str, list[int]] = defaultdict(list)
    for text in sandbox.texts:
        by_number[text.phone].append(text.at_us)
    for limit in CAPS.per_number:
        assert max(most_within(times, limit.window_us) for times in by_number.values()) <= limit.requests
    abroad = sorted(at_us for phone in ABROAD for at_us in by_number[phone])
    assert 2 < most_within(abroad, 1_000_000) <= 4
    assert 20 < most_within(sorted(text.at_us for text in sandbox.texts), 1_000_000) <= 40
    grace_us = 1_000_000  # a text that was let through just before is on its way
    assert [phone for phone, at_us in said_no.items() if max(by_number[phone], default=0) > at_us + grace_us] == []


async def say_no(listed: Path, phone: str) -> None:
    async with SQLiteSuppression(listed) as suppression:
        await suppression.add(phone, why="replied STOP")
