from __future__ import annotations

from typing import Any

import msgspec
import pytest

from customersms_async.errors import ConfigurationError
from customersms_async.models import Limit
from customersms_async.sandbox.faults import Fault
from customersms_async.sandbox.switches import SwitchChange, Switches

GIVEN = (Limit(100, 60),)


def switched(change: dict[str, Any], at: Switches | None = None) -> Switches:
    at = at or Switches(GIVEN)
    at.change(msgspec.convert(change, SwitchChange))
    return at


def faults(at: Switches, requests: int) -> list[Fault | None]:
    told = [at.next_fault() for _ in range(requests)]
    return [planned.fault if planned is not None else None for planned in told]


def test_a_fault_is_on_for_so_many_requests_and_then_off() -> None:
    at = switched({"fault": {"name": "BOM", "requests": 2}})
    assert str(at) == "BOM for 2 requests; limits: 100 in 60 s"
    assert faults(at, 1) == [Fault.BOM]
    assert str(at) == "BOM for 1 request; limits: 100 in 60 s"
    assert faults(at, 3) == [Fault.BOM, None, None]
    assert (at.planned, at.left) == (None, None)


def test_a_fault_is_on_until_it_is_switched_off() -> None:
    at = switched({"fault": {"name": "SLOW", "seconds": 0.5}})
    assert str(at) == "SLOW for every request; limits: 100 in 60 s"
    planned = at.next_fault()
    assert planned is not None
    assert (planned.fault, planned.seconds) == (Fault.SLOW, 0.5)
    assert faults(at, 5) == [Fault.SLOW] * 5
    switched({"limits": []}, at)
    assert str(at) == "SLOW for every request; limits: none"
    assert faults(switched({"fault": None}, at), 1) == [None]
    assert str(at) == "no fault; limits: none"


def test_limits_are_replaced_and_come_back() -> None:
    at = switched({"limits": [{"requests": 1, "seconds": 0.5}, {"requests": 2, "seconds": 60}]})
    assert at.limits == (Limit(1, 0.5), Limit(2, 60))
    assert switched({"limits": None}, at).limits == GIVEN


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fault": {"name": "NOPE"}}, "no fault is called 'NOPE'"),
        ({"fault": {"name": "BOM", "seconds": 1}}, "BOM takes no seconds"),
        ({"fault": {"name": "SLOW", "seconds": -1}}, "must be 0 or more"),
        ({"fault": {"name": "BOM", "requests": 0}}, "for 1 request or more"),
        ({"limits": [{"requests": 0, "seconds": 60}]}, "1 or more"),
        ({"limits": [{"requests": 1, "seconds": 1e12}]}, "seconds must be above 0 and at most"),
        ({"limits": [{"requests": 1, "seconds": 60}] * 11}, "at most 10 limits"),
        ({"fault": None, "limits": [{"requests": 0, "seconds": 60}]}, "1 or more"),
    ],
)
def test_what_can_not_be_switched_changes_nothing(change: dict[str, Any], told: str) -> None:
    at = switched({"fault": {"name": "BOM"}})
    with pytest.raises(ConfigurationError, match=told):
        switched(change, at)
    assert str(at) == "BOM for every request; limits: 100 in 60 s"
