"""The book of requests in flight: who closes waits for the right ones, or aborts them."""

from __future__ import annotations

import asyncio

from customersms_async._http.in_flight import InFlight


async def a_turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_one_client_waits_for_its_own_requests_and_the_owner_of_the_connections_for_all() -> None:
    book, ours, theirs = InFlight(), object(), object()
    first, second, third = (asyncio.create_task(asyncio.sleep(60)) for _ in range(3))
    book.enter(first, ours)
    book.enter(second, theirs)
    book.enter(third, ours)
    one, everyone = asyncio.create_task(book.wait_for(ours)), asyncio.create_task(book.wait())
    book.leave(first)
    await a_turn()
    assert not one.done()
    book.leave(third)
    await a_turn()
    assert one.done()
    assert not everyone.done()
    book.leave(second)
    await a_turn()
    assert everyone.done()
    assert not book
    await book.wait()
    await book.wait_for(ours)
    for request in (first, second, third):
        book.enter(request, ours)
    book.abort()
    await asyncio.wait([first, second, third])
    assert first.cancelled()


async def test_a_wait_that_is_cancelled_is_forgotten_and_others_go_on() -> None:
    book, owner = InFlight(), object()
    request = asyncio.create_task(asyncio.sleep(60))
    book.enter(request, owner)
    cancelled, waiting = asyncio.create_task(book.wait_for(owner)), asyncio.create_task(book.wait_for(owner))
    await a_turn()
    cancelled.cancel()
    await asyncio.wait([cancelled])
    book.leave(request)
    await a_turn()
    assert waiting.done()
    request.cancel()
    await asyncio.wait([request])


async def test_a_request_may_be_counted_out_twice() -> None:
    book = InFlight()
    request = asyncio.create_task(asyncio.sleep(0))
    book.enter(request, object())
    book.leave(request)
    book.leave(request)
    assert len(book) == 0
    await request
