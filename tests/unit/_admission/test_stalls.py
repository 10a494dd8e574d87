"""A room in which nobody can go for a minute says so once, and says when somebody goes again; on virtual time."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import TYPE_CHECKING

import pytest

from customersms_async import Limit
from customersms_async._admission.room import Room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Ticket
from customersms_async._http.connections import Connections
from customersms_async.models import Priority
from support import virtual_loop

if TYPE_CHECKING:
    from collections.abc import Coroutine

HOLD_US = 35_000_000


class Hall:
    """A room that lets one request go in so many seconds, and one connection of it."""

    def __init__(self, seconds: float, connections: int = 9) -> None:
        self.loop = virtual_loop.loop()
        self.store = self.loop.quota()
        self.room = Room(self.store, "0123456789abcdef", self.loop)
        self.terms = Terms.of((Limit(1, seconds),), 0.0, None, Connections(connections))

    async def send(self, lasts: float = 0.0) -> None:
        grant, _ = await self.room.admit(Ticket(Priority.NORMAL), self.terms, HOLD_US)
        await self.store.settle("0123456789abcdef", grant)
        await asyncio.sleep(lasts)
        self.terms.connections.release(Priority.NORMAL)


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "customersms_async")


def lines(caplog: pytest.LogCaptureFixture, main: Coroutine[None, None, None]) -> list[tuple[str, str]]:
    virtual_loop.run(main)
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_minute_without_anybody_going_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        hall = Hall(1_000)
        await asyncio.gather(*(hall.send() for _ in range(3)))

    quota = "the quota is used up, or the key pauses (key 01234567)"
    assert lines(caplog, main()) == [
        ("WARNING", f"nothing could go out for 60 s, and 2 requests wait: {quota}"),
        ("INFO", "requests go out again, after 1000 s (key 01234567)"),
        ("WARNING", f"nothing could go out for 60 s, and 1 request waits: {quota}"),
        ("INFO", "requests go out again, after 1000 s (key 01234567)"),
    ]
    first = vars(caplog.records[0])
    told = {name: first[name] for name in ("sms_event", "sms_key", "sms_reason", "sms_waiting")}
    assert told == {"sms_event": "stalled", "sms_key": "01234567", "sms_reason": "quota", "sms_waiting": 2}
    assert first["sms_seconds"] == pytest.approx(60, abs=0.1)
    assert vars(caplog.records[1])["sms_event"] == "going_again"


def test_nothing_is_told_while_somebody_goes_within_each_minute(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        hall = Hall(50)
        await asyncio.gather(*(hall.send() for _ in range(8)))

    assert lines(caplog, main()) == []


def test_nothing_is_told_of_those_who_leave_before(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        hall = Hall(1_000)
        await hall.send()
        for _ in range(4):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hall.send(), 50)
            await asyncio.sleep(50)

    assert lines(caplog, main()) == []


def test_a_connection_that_is_never_free_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        hall = Hall(0.001, connections=1)
        await asyncio.gather(hall.send(lasts=100), hall.send())

    (_, told), (_, end) = lines(caplog, main())
    assert "1 request waits: all connections are taken by requests without an answer" in told
    assert "after 100 s" in end


def test_when_those_who_waited_have_left_the_next_to_go_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        hall = Hall(1_000)
        await hall.send()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hall.send(), 100)
        await asyncio.sleep(2_000)
        assert not hall.room.is_at_rest, "another room in its place would not say that it ends"
        await hall.send()
        assert hall.room.is_at_rest
        await asyncio.sleep(2_000)
        await hall.send()

    assert [level for level, _ in lines(caplog, main())] == ["WARNING", "INFO"]


def test_a_room_is_not_kept_by_its_watch() -> None:
    async def main() -> None:
        hall = Hall(1_000)
        await hall.send()
        waiting = asyncio.create_task(hall.send())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        kept = weakref.ref(hall.room)
        del hall, waiting
        gc.collect()
        assert kept() is None

    virtual_loop.run(main())
