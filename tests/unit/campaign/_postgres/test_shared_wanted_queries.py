"""One question for many runs that look; a turn of the event loop stands for the time that is waited for others here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from customersms_async._postgres.errors import PostgresError
from customersms_async.campaign._postgres.shared_wanted_queries import SharedWantedQueries

if TYPE_CHECKING:
    from customersms_async._postgres.server import PostgresServer
    from customersms_async._postgres.wire import Row


class Server:
    """Knows which runs are wanted, and keeps what it was asked."""

    def __init__(self, *wanted: int) -> None:
        self.wanted, self.asked = wanted, list[bytes]()
        self.error: PostgresError | None = None
        self.hears = asyncio.Event()

    async def ask(self, command: bytes, *given: bytes | None) -> list[Row]:
        del command
        (about,) = given
        assert about is not None
        self.asked.append(about)
        self.hears.set()
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return [(b"%d" % each,) for each in self.wanted if b"%d" % each in about.strip(b"{}").split(b",")]


def shared(server: Server) -> SharedWantedQueries:
    return SharedWantedQueries(cast("PostgresServer", server), seconds=0.0)


async def test_all_who_look_at_the_same_time_ask_one_question() -> None:
    server = Server(2, 3)
    looks_of_host = shared(server)
    found = await asyncio.gather(*(looks_of_host.run_is_wanted(each, alone=False) for each in (3, 1, 2, 3)))
    assert found == [True, False, True, True]
    assert server.asked == [b"{1,2,3}"]


async def test_who_looks_once_the_question_was_asked_gets_an_answer_of_their_own() -> None:
    server = Server(1)
    looks_of_host = shared(server)
    first = asyncio.ensure_future(looks_of_host.run_is_wanted(1, alone=False))
    await server.hears.wait()
    server.wanted = ()
    assert not await looks_of_host.run_is_wanted(1, alone=False)
    await first
    assert server.asked == [b"{1}", b"{1}"]


async def test_one_who_is_cancelled_takes_nobody_s_answer_away() -> None:
    server = Server(1, 2)
    looks_of_host = shared(server)
    first = asyncio.ensure_future(looks_of_host.run_is_wanted(1, alone=False))
    second = asyncio.ensure_future(looks_of_host.run_is_wanted(2, alone=False))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert len(server.asked) == 1


async def test_a_server_that_is_away_is_told_to_all_and_asked_again_by_the_next() -> None:
    server = Server(1)
    looks_of_host = shared(server)
    server.error = PostgresError("it is away", temporary=True)
    told: list[Any] = await asyncio.gather(
        *(looks_of_host.run_is_wanted(each, alone=False) for each in (1, 2)), return_exceptions=True
    )
    assert told == [server.error, server.error]
    server.error = None
    assert await looks_of_host.run_is_wanted(1, alone=False)


def test_each_event_loop_asks_for_itself() -> None:
    server = Server(1)
    looks_of_host = shared(server)
    for _ in range(2):
        assert asyncio.run(looks_of_host.run_is_wanted(1, alone=True))
    assert len(server.asked) == 2
