"""Letting go of what rests, a few at a time."""

from __future__ import annotations

from customersms_async._core.sweep import IdleSweep


def sweep_of(count: int) -> IdleSweep[int]:
    sweep: IdleSweep[int] = IdleSweep(4, 10)
    for number in range(count):
        sweep.add(number)
    return sweep


def test_a_few_are_looked_at_in_the_order_in_which_they_came() -> None:
    looked_at: list[int] = []

    def stays(item: int) -> bool:
        looked_at.append(item)
        return False

    sweep = sweep_of(6)
    for _ in range(2):
        sweep.run(stays)
    assert looked_at == [0, 1, 2, 3, 4, 5, 0, 1], "who stays comes behind the others"


def test_while_most_rest_the_next_sweep_is_due_at_once() -> None:
    sweep = sweep_of(10)
    assert sweep.run(lambda item: item != 3) == 0
    assert len(sweep) == 7
    assert sweep.run(lambda item: item in (4, 5)) == 10, "half are not most"
    assert len(sweep) == 5


def test_where_there_is_nobody_the_next_sweep_comes_after_a_pause() -> None:
    assert sweep_of(0).run(lambda _: True) == 10
    sweep = sweep_of(3)
    assert (sweep.run(lambda _: True), len(sweep), sweep.run(lambda _: True)) == (0, 0, 10)
