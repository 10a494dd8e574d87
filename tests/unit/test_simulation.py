"""Whole clients on virtual time, against a judge with clocks and windows of its own: hours in seconds."""

from __future__ import annotations

import asyncio
import json
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customersms_async import DOCUMENTED_LIMITS, AsyncClient, Limit, MemoryQuota, Priority
from customersms_async._core.layers import layers
from customersms_async._core.secret import Secret
from support import virtual_loop

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "cspro_key"


class Judge(httpx.AsyncBaseTransport):
    """A gateway far away: each request arrives after a random delay, and its answer takes another."""

    def __init__(self, delay: tuple[float, float], seed: int) -> None:
        self.arrivals: list[float] = []
        self._delay = delay
        self._dice = random.Random(seed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(await request.aread())
        await asyncio.sleep(self._dice.uniform(*self._delay))
        self.arrivals.append(virtual_loop.loop().time())
        await asyncio.sleep(self._dice.uniform(*self._delay))
        rows = [{"phone": phone, "success": True, "message_id": "m"} for phone in body["phone"]]
        return httpx.Response(200, json={"success": True, "results": rows})

    def most_in_a_rolling_window(self, limit: Limit) -> int:
        times = sorted(self.arrivals)
        return max(i - bisect_right(times, at - limit.seconds) + 1 for i, at in enumerate(times))

    def most_in_a_fixed_window(self, limit: Limit) -> int:
        return max(Counter(int(at // limit.seconds) for at in self.arrivals).values())


def best_seconds(requests: int, limits: Sequence[Limit]) -> float:
    """When the last of ``requests`` could leave at best, with answers that take no time."""
    at: list[float] = []
    for number in range(requests):
        at.append(
            max([0.0, *(at[number - each.requests] + each.seconds for each in limits if number >= each.requests)])
        )
    return at[-1]


async def campaign(judge: Judge, quota: MemoryQuota, requests: int, **options: Any) -> float:
    """Send ``requests`` requests; gives the seconds that it took."""
    began = virtual_loop.loop().time()
    defaults: dict[str, Any] = {"api_key": KEY, "quota": quota, "batch_size": 1, "pace": None, "reserve": 0}
    async with (
        httpx.AsyncClient(transport=judge) as http,
        AsyncClient(http_client=http, **(defaults | options)) as client,
    ):
        report = await client.send_many([f"+1212{i:07}" for i in range(requests)], "Hello")
    assert report.accepted == requests
    return virtual_loop.loop().time() - began


@pytest.mark.parametrize(
    ("delay", "requests", "limits", "within"),
    [
        ((0.0, 0.0), 6_000, DOCUMENTED_LIMITS, 1.001),
        ((0.02, 0.5), 1_500, DOCUMENTED_LIMITS, 1.02),
        ((0.02, 0.5), 300, (Limit(20, 4), Limit(50, 12)), 1.3),
        ((0.0, 2.5), 300, (Limit(10, 3), Limit(100, 60)), 1.3),
    ],
)
def test_the_limits_are_never_exceeded_and_never_under_used(
    delay: tuple[float, float], requests: int, limits: tuple[Limit, ...], within: float
) -> None:
    async def main() -> tuple[Judge, float]:
        judge = Judge(delay, seed=requests)
        return judge, await campaign(judge, virtual_loop.loop().quota(), requests, limits=limits, max_concurrency=64)

    judge, seconds = virtual_loop.run(main())
    for limit in limits:
        assert judge.most_in_a_rolling_window(limit) <= limit.requests
        assert judge.most_in_a_fixed_window(limit) <= limit.requests
    assert seconds <= best_seconds(requests, limits) * within + 2 * delay[1]


def test_two_clients_of_one_key_share_its_limits() -> None:
    limits = (Limit(30, 10), Limit(100, 60))

    async def main() -> tuple[Judge, float]:
        judge, quota = Judge((0.0, 1.0), seed=1), virtual_loop.loop().quota()
        both = await asyncio.gather(*(campaign(judge, quota, 150, limits=limits, max_concurrency=32) for _ in range(2)))
        return judge, max(both)

    judge, seconds = virtual_loop.run(main())
    for limit in limits:
        assert judge.most_in_a_rolling_window(limit) <= limit.requests
        assert judge.most_in_a_fixed_window(limit) <= limit.requests
    assert seconds <= best_seconds(300, limits) * 1.1 + 2


def test_an_urgent_text_leaves_at_once_while_a_campaign_saturates_the_key() -> None:
    async def main() -> list[float]:
        judge, quota = Judge((0.05, 0.3), seed=2), virtual_loop.loop().quota()
        bulk = asyncio.create_task(campaign(judge, quota, 400, reserve=0.05, limits=Limit(100, 60)))
        waits = []
        async with (
            httpx.AsyncClient(transport=judge) as http,
            AsyncClient(api_key=KEY, quota=quota, http_client=http, limits=Limit(100, 60)) as client,
        ):
            for _ in range(10):
                await asyncio.sleep(17)
                began = virtual_loop.loop().time()
                await client.send("+12125551234", "Your code is 123456", priority=Priority.URGENT)
                waits.append(virtual_loop.loop().time() - began)
        await bulk
        return waits

    assert max(virtual_loop.run(main())) < 0.7, "a round trip, and no wait"


def test_an_estimate_says_when_the_last_request_may_leave() -> None:
    async def main() -> tuple[float, float]:
        judge, quota = Judge((0.0, 0.0), seed=3), virtual_loop.loop().quota()
        async with httpx.AsyncClient(transport=judge) as http:
            options: dict[str, Any] = {"quota": quota, "http_client": http, "batch_size": 1, "pace": None}
            client = AsyncClient(api_key=KEY, **options)
            phones = [f"+1212{i:07}" for i in range(700)]
            await client.send_many(phones[:30], "Before")
            await asyncio.sleep(20)
            estimate = await client.estimate(phones, "Hello")
            began = virtual_loop.loop().time()
            await client.send_many(phones, "Hello")
            await client.aclose()
        assert bisect_left(judge.arrivals, began) == 30
        return estimate.seconds, judge.arrivals[-1] - began

    estimated, took = virtual_loop.run(main())
    assert estimated == pytest.approx(took, abs=1)


class Rehearsal(NamedTuple):
    """What a key has behind it when somebody asks for an estimate; times in milliseconds."""

    limits: tuple[Limit, ...]
    reserve: float
    used: int
    then_ms: int
    in_flight: int
    pause_ms: int
    pace: Limit | None
    requests: int


rehearsals = st.builds(
    Rehearsal,
    st.tuples(
        st.builds(Limit, st.integers(1, 20), st.integers(1, 10)),
        st.builds(Limit, st.integers(20, 80), st.integers(10, 100)),
    ),
    st.sampled_from([0.0, 0.05, 0.3]),
    st.integers(0, 30),
    st.integers(0, 20_000),
    st.integers(0, 10),
    st.sampled_from([0, 0, 3_000, 30_000]),
    st.one_of(st.none(), st.builds(Limit, st.integers(4, 10), st.sampled_from([0.5, 1, 2]))),
    st.integers(1, 100),
)


@settings(max_examples=40)
@given(rehearsals)
def test_an_estimate_is_right_to_the_second_whatever_the_key_has_behind_it(case: Rehearsal) -> None:
    """Quota used, requests in flight that are answered now, a pause, two limits, BULK's reserve, the pace."""

    async def main() -> tuple[float, float]:
        judge, quota = Judge((0.0, 0.0), seed=4), virtual_loop.loop().quota()
        options: dict[str, Any] = {"limits": case.limits, "reserve": case.reserve, "pace": case.pace}
        async with (
            httpx.AsyncClient(transport=judge) as http,
            AsyncClient(api_key=KEY, quota=quota, http_client=http, batch_size=1, **options) as client,
        ):
            key_id, all_tokens = Secret(KEY).key_id, layers(case.limits)
            await client.send_many([f"+1212{i:07}" for i in range(case.used)], "Before")
            await asyncio.sleep(case.then_ms / 1e3)
            taken = [await quota.take(key_id, all_tokens, 60_000_000) for _ in range(case.in_flight)]
            await quota.pause(key_id, case.pause_ms * 1_000)
            phones = [f"+1212{i:07}" for i in range(case.requests)]
            estimate = await client.estimate(phones, "Hello")
            began = virtual_loop.loop().time()
            for grant in taken:
                if isinstance(grant, int):
                    await quota.settle(key_id, grant)
            await client.send_many(phones, "Hello")
        return estimate.seconds, judge.arrivals[-1] - began

    estimated, took = virtual_loop.run(main())
    assert estimated == pytest.approx(took, abs=1)
