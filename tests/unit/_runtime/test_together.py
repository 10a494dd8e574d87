"""``together``: several calls under way at once, one of them in the task that waits for all."""

from __future__ import annotations

import asyncio

import pytest

from customersms_async._runtime.tasks import together


async def test_all_are_under_way_at_once_and_answer_in_their_order() -> None:
    loop, events = asyncio.get_running_loop(), [asyncio.Event() for _ in range(3)]

    async def answer(number: int) -> int:
        events[number].set()
        for event in events:
            await event.wait()
        return number

    assert await together(loop, *map(answer, range(3))) == [0, 1, 2]


@pytest.mark.parametrize("failing", [{0}, {1}, {2}, {0, 2}, {1, 2}, {0, 1, 2}])
async def test_the_first_error_is_raised_once_all_have_ended(failing: set[int]) -> None:
    loop, ended = asyncio.get_running_loop(), []

    async def end(number: int) -> None:
        for _ in range(3 - number):  # the last one first
            await asyncio.sleep(0)
        ended.append(number)
        if number in failing:
            raise LookupError(number)

    with pytest.raises(LookupError) as caught:
        await together(loop, *map(end, range(3)))
    assert caught.value.args == (min(failing),)
    assert sorted(ended) == [0, 1, 2]


@pytest.mark.parametrize("endless", [{0, 1, 2}, {0}, {2}])
async def test_a_cancel_ends_all_that_are_still_under_way(endless: set[int]) -> None:
    loop, cancelled = asyncio.get_running_loop(), set()

    async def wait(number: int) -> None:
        if number in endless:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.add(number)
                raise

    waiting = loop.create_task(together(loop, *map(wait, range(3))))
    for _ in range(3):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert cancelled == endless
