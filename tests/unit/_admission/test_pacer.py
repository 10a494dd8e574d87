"""The pace: how long it takes until there is a turn, on virtual time."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from customersms_async import Limit
from customersms_async._admission.pacer import Pacer
from support import virtual_loop

MOMENT: Final = 1e-5
"""Seconds by which a wait may be wrong, as all times are floats of a loop that has run for days."""


@pytest.mark.parametrize("pace", [Limit(10, 1), Limit(1, 1), Limit(1, 3_600), Limit(7, 0.1)], ids=str)
def test_a_wait_is_as_long_as_it_takes_until_there_is_a_turn(pace: Limit) -> None:
    async def main() -> None:
        pacer, loop = Pacer(), virtual_loop.loop()
        for _ in range(3 * pace.requests):
            while (wait := pacer.wait(pace)) > 0:
                assert not pacer.is_ready(pace)
                await asyncio.sleep(max(0.0, wait - MOMENT))
                assert pacer.wait(pace) < 2 * MOMENT
                await asyncio.sleep(MOMENT)
            assert pacer.is_ready(pace)
            pacer.use_turn(pace)
        took = loop.time() - 1e6
        assert took == pytest.approx(2 * pace.seconds, abs=3 * pace.requests * MOMENT)

    virtual_loop.run(main())


def test_who_is_behind_others_waits_for_their_turns_too() -> None:
    async def main() -> None:
        pacer, pace = Pacer(), Limit(10, 1)
        assert [pacer.wait_us(pace, ahead) for ahead in (0, 9, 10, 14)] == [0, 0, 100_000, 500_000]
        for _ in range(10):
            pacer.use_turn(pace)
        await asyncio.sleep(0.25)
        assert pacer.wait_us(pace, 0) == 0
        assert pacer.wait_us(pace, 4) == pytest.approx(250_000, abs=2)
        assert pacer.wait_us(None, 1_000) == 0

    virtual_loop.run(main())
