"""The waiting room, on virtual time: order, connections, pace, reserve, max_wait, cancellation."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async import Limit, Priority
from customersms_async._admission.room import Room
from customersms_async._admission.rooms import room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Expired, Stopped, Ticket
from customersms_async._http.connections import Connections, LoopConnections
from support import virtual_loop

URGENT, NORMAL, BULK = Priority
HOLD_US = 35_000_000


class Desk:
    """A room and one client's terms, with a note of who was let in when."""

    def __init__(
        self, *limits: Limit, reserve: float = 0.0, pace: Limit | None = None, connections: int = 1_000
    ) -> None:
        self.store = virtual_loop.loop().quota()
        self.room = Room(self.store, "key", virtual_loop.loop())
        self.connections = Connections(connections)
        self.terms = Terms.of(limits or (Limit(1_000_000, 1),), reserve, pace, self.connections)
        self.admitted: list[tuple[str, float]] = []
        self.began = virtual_loop.loop().time()

    async def send(
        self, name: str, priority: Priority = NORMAL, *, lasts: float = 0.0, ticket: Ticket | None = None
    ) -> int:
        grant, _ = await self.room.admit(ticket or Ticket(priority), self.terms, HOLD_US)
        self.admitted.append((name, round(virtual_loop.loop().time() - self.began, 3)))
        try:
            await asyncio.sleep(lasts)
        finally:
            await self.store.settle("key", grant)
            self.connections.release(ticket.priority if ticket else priority)
        return grant

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.admitted]


async def tick(times: int = 5) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def test_waiters_go_by_priority_and_within_one_by_arrival() -> None:
    async def main() -> list[str]:
        desk = Desk(Limit(1, 10))
        await desk.send("first")
        waiting = []
        for name, priority in [
            ("b1", BULK),
            ("n1", NORMAL),
            ("b2", BULK),
            ("u1", URGENT),
            ("n2", NORMAL),
            ("u2", URGENT),
        ]:
            waiting.append(asyncio.create_task(desk.send(name, priority)))
            await tick()
        await asyncio.gather(*waiting)
        return desk.names

    assert virtual_loop.run(main()) == ["first", "u1", "u2", "n1", "n2", "b1", "b2"]


def test_an_urgent_waiter_who_comes_last_is_woken_first() -> None:
    async def main() -> list[tuple[str, float]]:
        desk = Desk(Limit(2, 10), reserve=0.5)
        bulk = [asyncio.create_task(desk.send(f"b{i}", BULK)) for i in range(3)]
        await asyncio.sleep(1)
        await desk.send("urgent", URGENT)
        await asyncio.gather(*bulk)
        return desk.admitted

    admitted = virtual_loop.run(main())
    assert admitted[:2] == [("b0", 0.0), ("urgent", 1.0)]


def test_bulk_leaves_the_reserve_to_the_others() -> None:
    async def main() -> tuple[int, int]:
        desk = Desk(Limit(100, 60), reserve=0.05)
        tasks = [asyncio.create_task(desk.send("bulk", BULK)) for _ in range(150)]
        await asyncio.sleep(1)
        bulk = len(desk.admitted)
        normal = [asyncio.create_task(desk.send("normal")) for _ in range(10)]
        await asyncio.sleep(1)
        together = len(desk.admitted)
        for task in tasks + normal:
            task.cancel()
        await asyncio.gather(*tasks, *normal, return_exceptions=True)
        return bulk, together

    assert virtual_loop.run(main()) == (95, 100)


def test_bulk_leaves_one_connection_to_the_others() -> None:
    async def main() -> list[str]:
        desk = Desk(connections=3)
        tasks = [asyncio.create_task(desk.send(f"b{i}", BULK, lasts=10)) for i in range(3)]
        await tick()
        tasks.append(asyncio.create_task(desk.send("n", NORMAL, lasts=10)))
        await tick()
        names = desk.names
        await asyncio.gather(*tasks)
        return names

    assert virtual_loop.run(main()) == ["b0", "b1", "n"]


def test_bulk_has_the_only_connection_if_there_is_one() -> None:
    async def main() -> list[str]:
        desk = Desk(connections=1)
        await asyncio.gather(*(desk.send(f"b{i}", BULK, lasts=1) for i in range(3)))
        return desk.names

    assert virtual_loop.run(main()) == ["b0", "b1", "b2"]


def test_the_pace_spreads_what_the_limits_would_let_through() -> None:
    async def main() -> list[float]:
        desk = Desk(pace=Limit(10, 1))
        await asyncio.gather(*(desk.send(str(i)) for i in range(31)))
        return [at for _, at in desk.admitted]

    times = virtual_loop.run(main())
    assert times[9] == 0.0
    assert times[30] == pytest.approx(2.1, abs=0.01)
    assert all(sum(begin <= at < begin + 1 for at in times) <= 20 for begin in times)


def test_a_retry_stands_in_its_old_place() -> None:
    async def main() -> list[str]:
        desk = Desk(Limit(1, 10))
        old = Ticket(NORMAL)
        await desk.send("first")
        later = [asyncio.create_task(desk.send(f"later{i}")) for i in range(2)]
        await tick()
        await desk.send("retry", ticket=old)
        await asyncio.gather(*later)
        return desk.names

    assert virtual_loop.run(main()) == ["first", "retry", "later0", "later1"]


def test_who_can_not_be_let_in_in_time_fails_at_once_and_hears_the_least_wait() -> None:
    async def main() -> tuple[float, float]:
        desk = Desk(Limit(1, 10))
        await desk.send("first")
        ahead = asyncio.create_task(desk.send("ahead"))
        await tick()
        now = virtual_loop.loop().time()
        with pytest.raises(Expired) as failure:
            await desk.send("late", ticket=Ticket(NORMAL, now + 15))
        took = virtual_loop.loop().time() - now
        await desk.send("in time", ticket=Ticket(URGENT, now + 15))
        await ahead
        return took, failure.value.wait_us / 1e6

    took, wait = virtual_loop.run(main())
    assert took == pytest.approx(0, abs=0.001)
    assert wait == pytest.approx(20, abs=0.01)


def test_a_waiter_that_is_overtaken_fails_when_its_time_is_over() -> None:
    async def main() -> tuple[float, list[str]]:
        desk = Desk(Limit(1, 10))
        await desk.send("first")
        began = virtual_loop.loop().time()
        slow = asyncio.create_task(desk.send("slow", ticket=Ticket(BULK, began + 12)))
        await tick()
        await desk.send("urgent", URGENT)
        with pytest.raises(Expired):
            await slow
        return virtual_loop.loop().time() - began, desk.names

    took, names = virtual_loop.run(main())
    assert took == pytest.approx(12)
    assert names == ["first", "urgent"]


def test_a_pause_of_the_key_counts_as_waiting() -> None:
    async def main() -> float:
        desk = Desk(Limit(10, 10))
        await desk.store.pause("key", 30_000_000)
        with pytest.raises(Expired):
            await desk.send("impatient", ticket=Ticket(NORMAL, virtual_loop.loop().time() + 29))
        await desk.send("patient", ticket=Ticket(NORMAL, virtual_loop.loop().time() + 31))
        return desk.admitted[0][1]

    assert virtual_loop.run(main()) == pytest.approx(30, abs=0.01)


def test_a_stopped_ticket_ends_its_wait_and_any_further_one() -> None:
    async def main() -> list[str]:
        desk = Desk(Limit(1, 10))
        await desk.send("first")
        ticket = Ticket(NORMAL)
        waiting = asyncio.create_task(desk.send("stopped", ticket=ticket))
        asleep = Ticket(NORMAL)
        sleeping = asyncio.create_task(asleep.sleep(1_000))
        await tick()
        ticket.stop("STOPPED")
        asleep.stop("STOPPED")
        for task in (waiting, sleeping):
            with pytest.raises(Stopped):
                await task
        with pytest.raises(Stopped):
            await desk.send("stopped again", ticket=ticket)
        await desk.send("next")
        return desk.names

    assert virtual_loop.run(main()) == ["first", "next"]


def test_clients_of_one_key_with_other_limits_share_its_tokens() -> None:
    async def main() -> tuple[int, int]:
        wide, narrow = Desk(Limit(10, 10)), Desk(Limit(4, 10))
        narrow.room, narrow.store = wide.room, wide.store
        tasks = [asyncio.create_task(narrow.send("narrow")) for _ in range(6)]
        await asyncio.sleep(1)
        first = len(narrow.admitted)
        tasks += [asyncio.create_task(wide.send("wide", URGENT)) for _ in range(8)]
        await asyncio.sleep(1)
        second = len(wide.admitted)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return first, second

    assert virtual_loop.run(main()) == (4, 6)


def test_a_connection_is_passed_on_between_the_rooms_of_two_keys() -> None:
    async def main() -> list[str]:
        one, gone, two = Desk(connections=1), Desk(), Desk()
        for desk in (gone, two):
            desk.connections, desk.admitted = one.connections, one.admitted
            desk.terms = Terms.of((Limit(10, 1),), 0.0, None, one.connections)
        tasks = [asyncio.create_task(one.send("one", lasts=5))]
        await tick()
        leaving = asyncio.create_task(gone.send("gone", lasts=5))
        await tick()
        tasks.append(asyncio.create_task(two.send("two", BULK, lasts=5)))
        await tick()
        leaving.cancel()
        await asyncio.gather(*tasks)
        return one.names

    assert virtual_loop.run(main()) == ["one", "two"]


def test_a_connection_that_comes_back_to_the_room_that_declines_it_is_used_at_once() -> None:
    """One connection for all: it is promised to who waits for its pace, and then to who stood before it in the room."""

    async def main() -> list[tuple[str, float]]:
        together = LoopConnections(1)
        first, paced = Desk(), Desk()
        paced.room, paced.store, paced.admitted = first.room, first.store, first.admitted
        for desk, pace in ((first, None), (paced, Limit(1, 60))):
            desk.connections = Connections(1, together)
            desk.terms = Terms.of((Limit(9, 1),), 0.0, pace, desk.connections)
        await paced.send("paced")
        tasks = [asyncio.create_task(first.send(name, lasts=lasts)) for name, lasts in (("long", 5), ("first", 0))]
        await tick()
        tasks.append(asyncio.create_task(paced.send("paced")))
        await asyncio.gather(*tasks)
        return first.admitted

    assert virtual_loop.run(main()) == [("paced", 0), ("long", 0), ("first", 5), ("paced", 60)]


def test_cancelled_at_any_step_between_arrival_and_admission_nothing_stays_taken() -> None:
    async def main(steps: int) -> None:
        desk = Desk(Limit(1, 10), pace=Limit(10, 1))
        task = asyncio.create_task(desk.send("cancelled", lasts=100))
        await tick(steps)
        task.cancel()
        await asyncio.wait([task])
        await tick()
        assert desk.connections.free(NORMAL)
        assert not any(desk.room.waiting.values())
        if not desk.names:
            await desk.send("next")
            assert desk.admitted == [("next", 0.0)]

    for steps in range(10):
        virtual_loop.run(main(steps))


def test_a_store_that_fails_tells_the_waiter_and_serves_the_next() -> None:
    async def main() -> list[str]:
        desk = Desk(Limit(10, 1))
        take = desk.store.take
        calls = 0

        class Failing:
            in_process = False

            def __getattr__(self, name: str) -> object:
                return getattr(desk.store, name)

            async def take(self, *args: object) -> object:
                nonlocal calls
                calls += 1
                if calls == 1:
                    raise OSError("out of reach")
                return await take(*args)  # type: ignore[arg-type]  # passed through

        desk.room = Room(Failing(), "key", virtual_loop.loop())  # type: ignore[arg-type]  # it has the store's methods
        first, second = (asyncio.create_task(desk.send(name)) for name in ("first", "second"))
        with pytest.raises(OSError, match="out of reach"):
            await first
        await second
        return desk.names

    assert virtual_loop.run(main()) == ["second"]


def test_an_idle_room_has_no_task_and_is_forgotten() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.send("only")
        await tick()
        assert len(asyncio.all_tasks()) == 1
        found = room(desk.store, "key")
        assert room(desk.store, "key") is found
        assert room(desk.store, "other") is not found

    virtual_loop.run(main())


@given(
    seed=st.integers(0, 2**32),
    waiters=st.lists(st.tuples(st.sampled_from(Priority), st.integers(0, 3_000), st.integers(0, 9)), max_size=25),
    requests=st.integers(1, 4),
    connections=st.integers(1, 4),
    paced=st.booleans(),
)
def test_cancelled_waiters_cost_nobody_a_token_a_connection_or_a_turn(
    seed: int, waiters: list[tuple[Priority, int, int]], requests: int, connections: int, paced: bool
) -> None:
    """Some waiters are cancelled at random moments; all others are let in, in order, and nothing stays taken."""

    async def main() -> None:
        dice = random.Random(seed)
        desk = Desk(Limit(requests, 1), pace=Limit(5, 1) if paced else None, connections=connections)
        tasks = {}
        for number, (priority, at_ms, fate) in enumerate(sorted(waiters, key=lambda waiter: waiter[1])):
            await asyncio.sleep(max(0.0, desk.began + at_ms / 1e3 - virtual_loop.loop().time()))
            task = asyncio.create_task(desk.send(f"{priority.value}-{number:02}", priority, lasts=dice.random() / 3))
            if fate < 4:
                virtual_loop.loop().call_later(dice.random() * 2, task.cancel)
            else:
                tasks[task] = priority
            await tick(fate)
        await asyncio.gather(*tasks)
        await asyncio.sleep(5)
        for priority in Priority:
            names = [name for name in desk.names if name.startswith(str(priority.value))]
            assert names == sorted(names), "first come, first served within one priority"
        assert desk.connections.free(NORMAL)
        assert not any(desk.room.waiting.values())
        usage, _ = await desk.store.usage("key", desk.terms.layers)
        assert usage[0].used == 0
        assert len(asyncio.all_tasks()) == 1

    virtual_loop.run(main())
