"""An engine's connections: which one a request gets, when an idle one is closed, and what a closing leaves behind."""

from __future__ import annotations

import asyncio

import pytest

from customersms_async._http.connection_stacks import ConnectionStacks
from support import virtual_loop

KEEP = 0.5
ROUTE = "the gateway"


class FakeConnection:
    """Knows its number and whether it was closed; ``stuck`` ones never come to the end of closing."""

    def __init__(self, number: int, *, stuck: bool = False, error: Exception | None = None) -> None:
        self.number = number
        self.stuck = stuck
        self.error = error
        self.closed = 0

    async def aclose(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error
        await asyncio.sleep(1e6 if self.stuck else 0)


class Stacks:
    """Stacks of fakes, and all that were opened, in order."""

    def __init__(self) -> None:
        self.stacks: ConnectionStacks[FakeConnection] = ConnectionStacks(KEEP)
        self.opened: list[FakeConnection] = []

    def take(self, route: str = ROUTE) -> FakeConnection:
        return self.stacks.take(route, self._open)

    def _open(self) -> FakeConnection:
        self.opened.append(FakeConnection(len(self.opened)))
        return self.opened[-1]

    @property
    def closed(self) -> list[int]:
        return [each.number for each in self.opened if each.closed]


def test_each_request_has_a_connection_of_its_own_and_the_most_recently_used_goes_first() -> None:
    async def main() -> None:
        world = Stacks()
        first, second, third = world.take(), world.take(), world.take()
        assert [each.number for each in (first, second, third)] == [0, 1, 2]
        for each in (second, first, third):
            world.stacks.give_back(ROUTE, each)
        assert [world.take().number for _ in range(4)] == [2, 0, 1, 3]

    virtual_loop.run(main())


def test_a_connection_leads_along_its_own_route_only() -> None:
    async def main() -> None:
        world = Stacks()
        world.stacks.give_back("here", world.take("here"))
        assert world.take("there").number == 1
        assert world.take("here").number == 0

    virtual_loop.run(main())


def test_an_idle_connection_is_closed_when_its_time_is_over_though_nobody_sends_any_more() -> None:
    async def main() -> None:
        world = Stacks()
        first, second, third = world.take(), world.take("another"), world.take()
        world.stacks.give_back(ROUTE, first)
        await asyncio.sleep(0.2)
        world.stacks.give_back("another", second)
        await asyncio.sleep(0.2)
        world.stacks.give_back(ROUTE, third)
        for closed, seconds in (
            ([], 0.09),
            ([0], 0.02),
            ([0], 0.17),
            ([0, 1], 0.03),
            ([0, 1], 0.18),
            ([0, 1, 2], 0.02),
        ):
            await asyncio.sleep(seconds)
            assert world.closed == closed
        assert len(asyncio.all_tasks()) == 1
        assert not world.stacks._stacks
        assert world.stacks._timer is None, "nothing is left that would wake the loop"

    virtual_loop.run(main())


def test_under_traffic_only_those_that_nobody_needs_any_more_are_closed() -> None:
    async def main() -> None:
        world = Stacks()
        burst = [world.take() for _ in range(20)]
        for each in burst:
            world.stacks.give_back(ROUTE, each)
        for _ in range(30):
            one, other = world.take(), world.take()
            await asyncio.sleep(0.05)
            world.stacks.give_back(ROUTE, one)
            world.stacks.give_back(ROUTE, other)
        assert len(world.opened) == 20
        assert world.closed == list(range(18))

    virtual_loop.run(main())


def test_a_connection_that_was_discarded_is_closed_and_never_comes_back() -> None:
    async def main() -> None:
        world = Stacks()
        await world.stacks.discard(world.take())
        assert world.closed == [0]
        other = world.take()
        assert other.number == 1
        world.stacks.give_back(ROUTE, other)
        assert not world.stacks._taken, "nor does anything remember it"

    virtual_loop.run(main())


def test_closing_closes_all_whether_idle_or_taken_and_what_comes_back_later() -> None:
    async def main() -> None:
        world = Stacks()
        idle, taken = world.take(), world.take()
        world.stacks.give_back(ROUTE, idle)
        await world.stacks.aclose()
        assert world.closed == [0, 1]
        world.stacks.give_back(ROUTE, taken)
        late = world.take()
        world.stacks.give_back(ROUTE, late)
        await asyncio.sleep(0.01)
        assert world.closed == [0, 1, 2]
        await world.stacks.aclose()
        assert len(asyncio.all_tasks()) == 1

    virtual_loop.run(main())


def test_a_closing_that_is_cancelled_goes_on() -> None:
    async def main() -> None:
        world = Stacks()
        taken = [world.take() for _ in range(5)]
        taken[0].stuck = True
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await world.stacks.aclose()
        assert world.closed == [0, 1, 2, 3, 4]

    virtual_loop.run(main())


def test_a_connection_that_can_not_be_closed_keeps_no_other_open_and_logs_nothing() -> None:
    async def main() -> None:
        world = Stacks()
        first, second = world.take(), world.take()
        first.error = OSError("no such socket")
        world.stacks.give_back(ROUTE, first)
        world.stacks.give_back(ROUTE, second)
        await asyncio.sleep(1)
        assert world.closed == [0, 1]
        await world.stacks.aclose()

    virtual_loop.run(main())


def test_a_thousand_idle_connections_cost_a_request_nothing() -> None:
    """Neither taking nor giving back looks at any other connection: counted, as a clock would be noisy."""

    async def main() -> None:
        world = Stacks()
        for each in [world.take() for _ in range(1_000)]:
            world.stacks.give_back(ROUTE, each)
        timer = world.stacks._timer
        for _ in range(10):
            world.stacks.give_back(ROUTE, world.take())
        assert world.stacks._timer is timer, "one timer, set once"
        assert len(world.opened) == 1_000

    virtual_loop.run(main())
