"""Turns at a Redis server's connections, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from customersms_async.quota._redis.turns import Turns
from support import virtual_loop


@pytest.mark.parametrize(("askers", "most", "round_trip"), [(300, 50, 1.9), (1_000, 1, 0.5), (5, 5, 1.0)])
def test_who_finds_no_connection_waits_as_long_as_others_get_answers(askers: int, most: int, round_trip: float) -> None:
    async def main() -> tuple[int, list[int], float]:
        turns, at_once, most_at_once, order = Turns(most, 2.0), 0, 0, list[int]()
        began = virtual_loop.loop().time()

        async def ask(number: int) -> None:
            nonlocal at_once, most_at_once
            async with turns:
                at_once += 1
                most_at_once = max(at_once, most_at_once)
                order.append(number)
                await asyncio.sleep(round_trip)
                at_once -= 1
                turns.hear_answer()

        await asyncio.gather(*map(ask, range(askers)))
        return most_at_once, order, virtual_loop.loop().time() - began

    most_at_once, order, took = virtual_loop.run(main())
    assert most_at_once == min(most, askers)
    assert sorted(order) == list(range(askers))
    assert took == pytest.approx(-(-askers // most) * round_trip, rel=1e-3), "nothing beyond the round trips"


def test_who_waits_gives_up_when_nobody_got_an_answer_for_as_long_as_it_waited() -> None:
    async def main() -> list[float]:
        turns, loop, gave_up = Turns(2, 2.0), virtual_loop.loop(), list[float]()
        began = loop.time()

        async def ask() -> None:
            try:
                async with turns, asyncio.timeout(2):
                    await loop.create_future()
            except TimeoutError:
                gave_up.append(loop.time() - began)

        await asyncio.gather(*(ask() for _ in range(50)))
        assert not turns._places.locked()
        return gave_up

    gave_up = virtual_loop.run(main())
    assert len(gave_up) == 50
    assert max(gave_up) <= 4.01, "not one after the other"


def test_who_is_cancelled_takes_no_place_away() -> None:
    async def main() -> None:
        turns = Turns(3, 2.0)

        async def ask() -> None:
            async with turns:
                await asyncio.sleep(0.3)
                turns.hear_answer()

        for patience in (0.0, 0.05, 0.3, 0.35, 0.6):
            askers = [asyncio.create_task(ask()) for _ in range(20)]
            await asyncio.sleep(patience)
            for asker in askers[::2]:
                asker.cancel()
            await asyncio.wait(askers)
        assert turns._places._value == 3

    virtual_loop.run(main())
