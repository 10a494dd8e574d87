"""``cancelled_until_it_ends``: a call of somebody else's code, which may swallow a cancel."""

from __future__ import annotations

import asyncio

import pytest

from customersms_async._runtime import tasks
from customersms_async._runtime.tasks import cancelled_until_it_ends


async def test_it_gives_what_the_call_gives_and_raises_what_it_raises() -> None:
    loop = asyncio.get_running_loop()

    async def answer() -> int:
        return 17

    async def fail() -> None:
        raise LookupError

    async def cancel_itself() -> None:
        raise asyncio.CancelledError

    assert await cancelled_until_it_ends(loop, answer()) == 17
    with pytest.raises(LookupError):
        await cancelled_until_it_ends(loop, fail())
    with pytest.raises(asyncio.CancelledError):
        await cancelled_until_it_ends(loop, cancel_itself())


@pytest.mark.parametrize("swallowed", range(4))
@pytest.mark.parametrize("end", [asyncio.CancelledError, LookupError, None])
async def test_a_call_ends_that_swallows_cancels(
    swallowed: int, end: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_SECONDS", 0.001)
    loop, told = asyncio.get_running_loop(), []

    async def go_on() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told.append(1)
                if len(told) <= swallowed:
                    continue
                if end is None:
                    return
                raise end from None

    before = asyncio.all_tasks()
    calling = loop.create_task(cancelled_until_it_ends(loop, go_on()))
    await asyncio.sleep(0.001)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert len(told) == swallowed + 1
    assert asyncio.all_tasks() == before
