"""Which fault befalls which request, counted from 1."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, final

import msgspec

from ..errors import ConfigurationError
from .faults import EFFECTS, Effect, Fault

Entry: TypeAlias = Fault | tuple[Fault, float] | None
"""One place of a schedule: a fault, a fault with its seconds, or none."""

Faults: TypeAlias = Iterable[Entry] | Mapping[int, Entry] | Callable[[int], Entry]
"""Faults for the 1st, 2nd, … request, or by the request's number from 1, or from a function of that number."""


class PlannedFault(msgspec.Struct, frozen=True):
    """A fault chosen for one request; ``seconds`` is its own number, where it takes one."""

    fault: Fault
    seconds: float = 0.0

    @property
    def effect(self) -> Effect:
        """The fault's line of the table."""
        return EFFECTS[self.fault]


def plan(entry: Entry) -> PlannedFault | None:
    """The fault that ``entry`` asks for; raises ``ConfigurationError`` if it is no entry of a schedule."""
    if entry is None:
        return None
    fault, seconds = entry if isinstance(entry, tuple) and len(entry) == 2 else (entry, None)
    if not isinstance(fault, Fault):
        raise ConfigurationError(f"a fault is Fault.NAME, (Fault.NAME, seconds) or None, not {entry!r}")
    default = EFFECTS[fault].seconds
    if seconds is None:
        return PlannedFault(fault, default or 0.0)
    if default is None:
        raise ConfigurationError(f"{fault.name} takes no seconds")
    if not (isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0):
        raise ConfigurationError(f"the seconds of {fault.name} must be 0 or more and finite, not {seconds!r}")
    return PlannedFault(fault, float(seconds))


@final
class Schedule:
    """Which fault befalls which request. An iterable may be endless: it is read no further than needed."""

    def __init__(self, faults: Faults = ()) -> None:
        if isinstance(faults, Mapping):
            self._entry: Callable[[int], Entry] = dict(faults).get
            given: Iterable[Entry] = faults.values()
        elif isinstance(faults, Iterable):
            self._entry = _by_number(faults)
            given = faults if isinstance(faults, list | tuple) else ()
        elif callable(faults):
            self._entry, given = faults, ()
        else:
            raise ConfigurationError(f"faults are an iterable, a mapping or a function, not {faults!r}")
        for entry in given:  # what can be checked now is not left until its turn comes
            plan(entry)

    def planned(self, number: int) -> PlannedFault | None:
        """The fault of request ``number``, from 1; the same number gives the same answer."""
        return plan(self._entry(number))


def _by_number(entries: Iterable[Entry]) -> Callable[[int], Entry]:
    rest, read = iter(entries), list[Entry]()

    def entry(number: int) -> Entry:
        read.extend(itertools.islice(rest, max(0, number - len(read))))
        return read[number - 1] if number <= len(read) else None

    return entry
