"""Promise 1 over every store, by a state machine against a brute-force oracle and an adversary.

(a) No placement of any window ever sees more than L arrivals, each arrival anywhere between its grant and its end: the
adversary of ``oracle`` places all of them at the end of every example. (b) No grant is later than the rule demands:
whenever a plain list says that a token of every layer is free, ``take`` grants, and who asks again whenever the wait
is over is granted at the first microsecond that has one. Processes are store objects with the requests that they were
granted; one that crashes says nothing more of them. Hypothesis chooses the schedule, the limits and the priorities; it
shows no absence of faults, but the machine stops at every microsecond while somebody waits, so nothing hides between.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from customersms_async import Limit, MemoryQuota, Priority
from customersms_async._core.layers import Layer, Usage, Wait, layers
from customersms_async.quota import PostgresQuota, RedisQuota
from customersms_async.quota.sqlite import SQLiteQuota
from support.clocks import Clock, HostClock, SteppingClock
from support.quota_oracle import Oracle, Sent, Token, over_a_limit
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from customersms_async.quota import QuotaStore
    from support.postgres_servers import PostgresServerProcess
    from support.redis_servers import RedisServer

T = TypeVar("T")

LONGEST_US = 40
"""Every client has a limit of this window: a log is cut at the longest window asked for so far."""

LONGEST = Layer(99, LONGEST_US + 1)

PROCESSES = 3


@dataclass
class Request:
    """One grant, as the process, the oracle and the judge know it."""

    number: int
    token: Token
    sent: Sent


@dataclass
class Waiter:
    """Somebody who asks again whenever the store's wait is over."""

    process: int
    layers: tuple[Layer, ...]
    ask_us: int


limit_sets = st.builds(
    lambda short, most: (*short, Limit(most, LONGEST_US / 1e6)),
    st.lists(st.builds(Limit, st.integers(1, 5), st.integers(1, LONGEST_US).map(lambda us: us / 1e6)), max_size=2),
    st.integers(1, 7),
)
processes = st.integers(0, PROCESSES - 1)
priorities = st.sampled_from(Priority)
holds = st.integers(1, 60)
reserves = st.sampled_from([0.0, 0.05, 0.3, 0.5, 1.0])


class Machine(RuleBasedStateMachine):
    """Any schedule of calls by any mix of clients in several processes that share one store."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, open_store: Callable[[], Any]) -> None:
        super().__init__()
        self.loop, self.clock, self.open_store = loop, clock, open_store
        self.closing = AsyncExitStack()
        self.stores: list[QuotaStore] = [self.opened() for _ in range(PROCESSES)]
        self.oracle = Oracle()
        self.requests: list[list[Request]] = [[] for _ in range(PROCESSES)]
        self.sent: list[Sent] = []
        self.waiters: list[Waiter] = []
        self.unheard: dict[int, Token] = {}
        self.clients: list[tuple[tuple[Layer, ...], tuple[Layer, ...]]] = []

    def opened(self) -> QuotaStore:
        store: QuotaStore = self.open_store()
        if hasattr(store, "aclose"):
            self.closing.push_async_callback(store.aclose)
        return store

    def run(self, call: Awaitable[T]) -> T:
        async def main() -> T:
            return await call

        return self.loop.run_until_complete(main())

    @initialize(limits=st.lists(limit_sets, min_size=1, max_size=3), reserve=reserves)
    def meet(self, limits: list[tuple[Limit, ...]], reserve: float) -> None:
        self.clients = [(layers(of), layers(of, reserve)) for of in limits]
        for full, smaller in self.clients:
            assert [one.requests - max(0, min(one.requests - 1, int(one.requests * reserve))) for one in full] == [
                one.requests for one in smaller
            ]

    @rule(
        process=processes, who=st.integers(0, 2), priority=priorities, hold_us=st.lists(holds, min_size=1, max_size=3)
    )
    def take(self, process: int, who: int, priority: Priority, hold_us: list[int]) -> None:
        for one_us in hold_us:
            self.ask(process, self.layers_of(who, priority), one_us)

    @rule(process=processes, who=st.integers(0, 2), priority=priorities)
    def wait_in_line(self, process: int, who: int, priority: Priority) -> None:
        asked = self.layers_of(who, priority)
        if (wait_us := self.ask(process, asked, 20)) is not None:
            self.waiters.append(Waiter(process, asked, self.clock.store_us + wait_us))

    @rule(which=st.integers(0, 9))
    def leave_the_line(self, which: int) -> None:
        if self.waiters:
            del self.waiters[which % len(self.waiters)]

    @rule(process=processes, which=st.integers(0, 30))
    def settle(self, process: int, which: int) -> None:
        if self.requests[process]:
            request = self.requests[process][which % len(self.requests[process])]
            self.run(self.stores[process].settle("key", request.number))
            self.oracle.settle(self.clock.store_us, request.token)
            request.sent.last_us = min(request.sent.last_us, self.clock.real_us)

    @rule(process=processes, which=st.integers(0, 30))
    def settle_the_latest(self, process: int, which: int) -> None:
        self.settle(process, -1 - which % 3)

    @rule(process=processes, which=st.integers(0, 30))
    def give_back(self, process: int, which: int) -> None:
        if self.requests[process]:
            request = self.requests[process].pop(which % len(self.requests[process]))
            self.run(self.stores[process].give_back("key", request.number))
            self.never_left(request)
            self.look_again()

    @rule(process=processes, which=st.integers(0, 30), who=st.integers(0, 2), priority=priorities, hold_us=holds)
    def renew(self, process: int, which: int, who: int, priority: Priority, hold_us: int) -> None:
        if self.requests[process]:
            request = self.requests[process].pop(which % len(self.requests[process]))
            self.never_left(request)
            asked = self.layers_of(who, priority)
            if self.ask(process, asked, hold_us, renewing=request.number) is not None:
                self.look_again()

    @rule(process=processes, which=st.integers(0, 30))
    def say_it_twice(self, process: int, which: int) -> None:
        """Of a request that ended already, in a process that did not take it."""
        ended = [r for of in self.requests for r in of if r.token.end_us <= self.clock.store_us]
        if ended:
            number = ended[which % len(ended)].number
            self.run(self.stores[process].settle("key", number))
            self.run(self.stores[process].give_back("key", number))

    @rule(process=processes)
    def crash(self, process: int) -> None:
        self.requests[process] = []
        self.unheard.pop(process, None)
        self.waiters = [waiter for waiter in self.waiters if waiter.process != process]
        self.stores[process] = self.opened()

    @rule(us=st.integers(1, 60))
    def reboot(self, us: int) -> None:
        for process in range(PROCESSES):
            self.crash(process)
        self.clock.reboot(us)

    @rule(container=st.integers(0, 2))
    def another_container_looks(self, container: int) -> None:
        """The wall clock may have stepped, and its first look depends on that: then nobody's wait is what it was."""
        self.clock.move(container)
        self.look_again(only_due=True, late=True)

    @rule(pause_us=st.integers(0, 30), process=processes)
    def pause(self, pause_us: int, process: int) -> None:
        self.run(self.stores[process].pause("key", pause_us))
        self.oracle.pause(self.clock.store_us, pause_us)

    @rule(process=processes, who=st.integers(0, 2), priority=priorities, hold_us=holds, steps=st.integers(0, 60))
    def cancel(self, process: int, who: int, priority: Priority, hold_us: int, steps: int) -> None:
        """A call that is cancelled took effect or did not; what was taken for nobody lapses, or is given back."""
        asked, store = self.layers_of(who, priority), self.stores[process]
        if process in self.unheard:
            return

        async def main() -> int | Wait | None:
            call: Coroutine[Any, Any, int | Wait] = store.take("key", asked, hold_us)
            task = asyncio.ensure_future(call)
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            for _ in range(2):  # the second comes after all that the first may have queued up with
                await store.usage("key", ())
            return None if task.cancelled() else task.result()

        taken = self.run(main())
        now_us = self.clock.store_us
        if taken is not None:
            self.note(process, asked, hold_us, taken)
            return
        if self.more_used_than_known(process):
            assert self.oracle.admits(now_us, asked)
            self.unheard[process] = self.oracle.grant(now_us, hold_us)
        assert not self.more_used_than_known(process)

    @rule(us=st.integers(0, 50))
    def time_passes(self, us: int) -> None:
        """Microsecond by microsecond while somebody waits, whom the oracle must not find a token for in between."""
        while us and self.waiters:
            us -= 1
            self.clock.go(1)
            self.look_again(only_due=True)
        self.clock.go(us)

    @rule()
    def one_more_window_passes(self) -> None:
        self.time_passes(LONGEST_US + 1)

    @rule(us=st.integers(-60, 20))
    def clock_steps(self, us: int) -> None:
        self.clock.step(us)
        self.look_again(only_due=True, late=True)

    @precondition(lambda self: self.clients)
    @rule(process=processes, who=st.integers(0, 2), priority=priorities)
    def look(self, process: int, who: int, priority: Priority) -> None:
        asked = self.layers_of(who, priority)
        usages, paused_us = self.run(self.stores[process].usage("key", asked))
        now_us = self.clock.store_us
        expected = [Usage(self.oracle.used(now_us, layer), self.oracle.next_us(now_us, layer)) for layer in asked]
        assert list(usages) == expected
        assert paused_us == max(0, self.oracle.paused_until_us - now_us)
        forecast_us = self.run(self.stores[process].forecast_us("key", [(asked, 1)]))
        assert forecast_us == self.oracle.least_wait_us(now_us, asked)

    def teardown(self) -> None:
        self.run(self.closing.aclose())
        assert not over_a_limit(self.sent)

    def layers_of(self, who: int, priority: Priority) -> tuple[Layer, ...]:
        return self.clients[who % len(self.clients)][priority is Priority.BULK]

    def ask(self, process: int, asked: tuple[Layer, ...], hold_us: int, *, renewing: int | None = None) -> int | None:
        """Take, or renew, and compare; gives the wait, if there is one."""
        store = self.stores[process]
        if renewing is None:
            taken = self.run(store.take("key", asked, hold_us))
        else:
            taken = self.run(store.renew("key", renewing, asked, hold_us))
        self.hear(process, granted=isinstance(taken, int))
        return self.note(process, asked, hold_us, taken)

    def hear(self, process: int, *, granted: bool) -> None:
        """A store may give back what nobody heard of, in the same step in which it takes or renews the next."""
        if (token := self.unheard.pop(process, None)) and self.more_used_than_known(process) < granted:
            self.oracle.give_back(self.clock.store_us, token)

    def more_used_than_known(self, process: int) -> int:
        (usage,), _ = self.run(self.stores[process].usage("key", (LONGEST,)))
        return usage.used - self.oracle.used(self.clock.store_us, LONGEST)

    def note(self, process: int, asked: tuple[Layer, ...], hold_us: int, taken: int | Wait) -> int | None:
        now_us = self.clock.store_us
        if isinstance(taken, Wait):
            assert not self.oracle.admits(now_us, asked), "too late"
            assert taken.wait_us == self.oracle.least_wait_us(now_us, asked)
            return taken.wait_us
        assert self.oracle.admits(now_us, asked), "too early"
        sent = Sent(self.clock.real_us, self.clock.real_us + hold_us, asked)
        self.sent.append(sent)
        self.requests[process].append(Request(taken, self.oracle.grant(now_us, hold_us), sent))
        return None

    def never_left(self, request: Request) -> None:
        """Said of one that did leave, and was settled, it changes nothing."""
        now_us = self.clock.store_us
        if now_us < request.token.end_us:
            self.oracle.give_back(now_us, request.token)
            self.sent.remove(request.sent)

    def look_again(self, *, only_due: bool = False, late: bool = False) -> None:
        """Have those who wait ask again, in their order; nobody who need not ask yet would be granted."""
        for waiter in tuple(self.waiters):
            now_us = self.clock.store_us
            if only_due and now_us < waiter.ask_us:
                assert late or not self.oracle.admits(now_us, waiter.layers), "its wait was too long"
            elif (wait_us := self.ask(waiter.process, waiter.layers, 20)) is None:
                self.waiters.remove(waiter)
            else:
                waiter.ask_us = self.clock.store_us + wait_us


def prove(new: Callable[[], tuple[Clock, Callable[[], Any]]], examples: int) -> None:
    """Run the machine over so many schedules; each has a place of its own, on a clock of its own."""
    with asyncio.Runner() as runner:
        run_state_machine_as_test(
            lambda: Machine(runner.get_loop(), *new()),  # type: ignore[arg-type]  # any callable, by its docs
            settings=settings(
                max_examples=examples,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
            ),
        )


def test_the_quota_of_a_process_is_never_exceeded_and_never_late() -> None:
    def new() -> tuple[Clock, Callable[[], Any]]:
        clock = SteppingClock()
        store = MemoryQuota(clock=clock)
        return clock, lambda: store

    prove(new, 250)


def test_the_quota_of_a_host_is_never_exceeded_and_never_late(tmp_path: Path) -> None:
    def new() -> tuple[Clock, Callable[[], Any]]:
        clock, path = HostClock(), tmp_path / secrets.token_hex(8)
        return clock, lambda: SQLiteQuota(path, clock=clock)

    prove(new, 60)


def test_the_quota_of_a_fleet_is_never_exceeded_and_never_late(shared_redis: RedisServer) -> None:
    def new() -> tuple[Clock, Callable[[], Any]]:
        clock, prefix = SteppingClock(), f"proof:{secrets.token_hex(8)}:"
        return clock, lambda: RedisQuota(shared_redis.url, prefix, clock=clock, timeout=PATIENCE)

    prove(new, 60)


def one_after_the_other(quota: PostgresQuota) -> PostgresQuota:
    """A store with one connection, so that a look comes after whatever a cancelled call before it has queued up."""
    quota._server._threads._most = 1
    return quota


def test_the_quota_of_a_fleet_on_postgresql_is_never_exceeded_and_never_late(
    shared_postgres: PostgresServerProcess,
) -> None:
    def new() -> tuple[Clock, Callable[[], Any]]:
        clock = SteppingClock()
        shared_postgres.empty()
        return clock, lambda: one_after_the_other(PostgresQuota(shared_postgres.url(), clock=clock, timeout=PATIENCE))

    prove(new, 30)
