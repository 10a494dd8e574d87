from __future__ import annotations

import itertools
from typing import Any

import pytest

from customersms_async.errors import ConfigurationError
from customersms_async.sandbox import Fault, Faults
from customersms_async.sandbox.schedule import PlannedFault, Schedule

SLOW, BOM = Fault.SLOW, Fault.BOM


@pytest.mark.parametrize(
    "faults",
    [
        [None, BOM, (SLOW, 0.5)],
        iter([None, BOM, (SLOW, 0.5)]),
        {2: BOM, 3: (SLOW, 0.5)},
        lambda number: {2: BOM, 3: (SLOW, 0.5)}.get(number),
    ],
)
def test_faults_come_in_turn_from_every_kind_of_schedule(faults: Faults) -> None:
    schedule = Schedule(faults)
    expected = [None, PlannedFault(BOM), PlannedFault(SLOW, 0.5), None]
    assert [schedule.planned(number) for number in (1, 2, 3, 4)] == expected
    assert [schedule.planned(number) for number in (1, 2, 3, 4)] == expected


def test_an_endless_iterable_is_read_no_further_than_needed() -> None:
    schedule = Schedule(itertools.cycle([BOM, None]))
    assert [schedule.planned(number) is not None for number in range(1, 6)] == [True, False, True, False, True]


def test_a_fault_without_seconds_has_those_of_the_table() -> None:
    assert Schedule([SLOW]).planned(1) == PlannedFault(SLOW, 1.0)


@pytest.mark.parametrize(
    "faults",
    [BOM, 7, ["BOM"], [(BOM, 1.0)], [(SLOW, -1)], [(SLOW, float("nan"))], [(SLOW, "1")], {1: "BOM"}, [(SLOW,)]],
)
def test_what_is_no_schedule_is_refused_when_it_is_given(faults: Any) -> None:
    with pytest.raises(ConfigurationError):
        Schedule(faults)
