"""The gates: so many connections for each key, so many for all of them, and turns where there are none left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async import Priority
from customersms_async._core.options import MAX_CONNECTIONS
from customersms_async._http.connections import Connections, Gates, LoopConnections
from support import virtual_loop

if TYPE_CHECKING:
    from collections.abc import Sequence

URGENT, NORMAL, BULK = Priority


class Key:
    """A key with any number of requests to send, each as soon as it has a connection."""

    def __init__(self, name: str, together: LoopConnections, capacity: int = 2) -> None:
        self.name = name
        self.gate = Connections(capacity, together)
        self.wants: dict[Priority, int] = dict.fromkeys(Priority, 0)
        self.has: list[Priority] = []
        self.looks = False

    def offer(self, connections: Connections) -> bool:
        assert connections is self.gate
        self.looks = any(self.wants.values())
        return self.looks

    def look(self) -> None:
        """Take what is free, and want what is not, as a waiting room does."""
        self.looks = False
        for priority, count in self.wants.items():
            for _ in range(count):
                if not self.gate.free(priority):
                    self.gate.want(self, priority)
                    break
                self.gate.take(priority)
                self.wants[priority] -= 1
                self.has.append(priority)
                self.gate.pass_on()
        if not any(self.wants.values()):
            self.gate.decline()

    def end_one(self) -> None:
        self.gate.release(self.has.pop(0))


def look_all(keys: Sequence[Key]) -> None:
    while any(key.looks for key in keys):
        for key in keys:
            if key.looks:
                key.look()


steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["come", "come", "end", "leave"]), st.sampled_from(Priority)),
    max_size=60,
)


@given(st.integers(1, 6), st.lists(st.integers(1, 8), min_size=4, max_size=4), steps)
def test_no_connection_is_lost_exceeded_or_left_unused(
    most: int, capacities: list[int], steps: list[tuple[int, str, Priority]]
) -> None:
    together = LoopConnections(most)
    keys = [Key(str(number), together, capacity) for number, capacity in enumerate(capacities)]
    for number, step, priority in steps:
        key = keys[number]
        if step == "come":
            key.wants[priority] += 1
            key.looks = True
        elif step == "end" and key.has:
            key.end_one()
        elif step == "leave" and key.wants[priority]:
            key.wants[priority] -= 1
            key.looks = True  # its room looks again
        look_all(keys)
        taken = sum(len(key.has) for key in keys)
        assert taken <= max(most, *capacities)
        for each in keys:
            assert len(each.has) <= each.gate.capacity
            assert each.has.count(BULK) <= max(1, each.gate.capacity - 1)
            if each.wants[NORMAL] and len(each.has) < each.gate.capacity:
                assert taken >= most, "a connection is free, and wanted"
    for key in keys:
        key.wants = dict.fromkeys(Priority, 0)
    while any(key.has for key in keys):
        for key in keys:
            if key.has:
                key.end_one()
        look_all(keys)
    assert (together._taken, together._bulk) == (0, 0)
    assert all((key.gate._taken, key.gate._bulk, key.gate._promised) == (0, 0, 0) for key in keys)


@pytest.mark.parametrize("priority", [NORMAL, BULK])
def test_where_there_are_none_left_the_keys_take_turns_however_much_each_wants(priority: Priority) -> None:
    together = LoopConnections(8)
    greedy, *others = keys = [Key(name, together, capacity=6) for name in "abcde"]
    greedy.wants[priority] = 1_000
    greedy.look()
    for other in others:
        other.wants[priority] = 1
        other.look()
    for _ in range(5):
        next(key for key in keys if key.has).end_one()
        look_all(keys)
    assert not any(key.wants[priority] for key in others), "each of them had its turn before the greedy one's second"


def test_bulk_of_all_keys_together_leaves_some_to_the_others() -> None:
    together = LoopConnections(16)
    keys = [Key(str(number), together, capacity=8) for number in range(4)]
    for key in keys:
        key.wants[BULK] = 100
        key.look()
    assert sum(len(key.has) for key in keys) == 14
    late = Key("late", together)
    late.wants[URGENT] = 1
    late.look()
    assert late.has == [URGENT]


def test_a_key_may_have_as_many_as_its_own_options_say() -> None:
    gate, taken = Connections(MAX_CONNECTIONS + 100), 0
    while gate.free(NORMAL):
        gate.take(NORMAL)
        taken += 1
    assert taken == MAX_CONNECTIONS + 100


def test_clients_of_one_key_share_its_gate_and_all_keys_of_a_loop_the_one_behind_it() -> None:
    async def main() -> None:
        gates, others = Gates(2), Gates(3)
        gate = gates.of("key")
        assert gates.of("key") is gate
        assert gates.of("another") is not gate
        assert others.of("key") is not gate
        assert others.of("key")._all is gate._all
        del gate
        assert not tuple(gates._gates), "nothing is kept of a key that nobody uses"

    async def together() -> LoopConnections:
        await asyncio.sleep(0)
        return Gates(2).of("key")._all

    virtual_loop.run(main())
    assert virtual_loop.run(together()) is not virtual_loop.run(together())
