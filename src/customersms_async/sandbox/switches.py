"""What can be switched while a sandbox runs: a fault for the next requests, and the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import msgspec

from ..errors import ConfigurationError
from ..models import Limit
from .faults import Fault
from .schedule import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .schedule import PlannedFault

MOST_LIMITS: Final = 10
"""Limits that can be switched on together: the provider documents three, and each costs every request its look."""


class FaultSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault by its name, the seconds that some take, and for how many requests: ``None`` for all from now on."""

    name: str
    seconds: float | None = None
    requests: int | None = None


class LimitSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One limit, as ``Limit`` has it."""

    requests: int
    seconds: float


class SwitchChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be switched; what isn't named stays. ``None`` is how the sandbox was started, ``[]`` no limits."""

    fault: FaultSwitch | msgspec.UnsetType | None = msgspec.UNSET
    limits: list[LimitSwitch] | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def changes_limits(self) -> bool:
        """Whether the limits are among it."""
        return self.limits is not msgspec.UNSET


@final
class Switches:
    """How the switches stand. Mutable: the fault and for how many requests it is still on, and the limits."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._given = tuple(limits)
        self.limits: tuple[Limit, ...] = self._given
        self.planned: PlannedFault | None = None
        self.left: int | None = None

    def __str__(self) -> str:
        told = ", ".join(f"{one.requests} in {one.seconds:g} s" for one in self.limits)
        return f"{self._fault()}; limits: {told or 'none'}"

    def _fault(self) -> str:
        if self.planned is None:
            return "no fault"
        many = "every request" if self.left is None else f"{self.left} request{'' if self.left == 1 else 's'}"
        return f"{self.planned.fault.name} for {many}"

    def next_fault(self) -> PlannedFault | None:
        """The fault that is switched on for the request that begins now."""
        planned = self.planned
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.planned = self.left = None
        return planned

    def change(self, change: SwitchChange) -> None:
        """Switch; raises ``ConfigurationError`` for what can't be, and has changed nothing then."""
        limits = self.limits if change.limits is msgspec.UNSET else self._limits(change.limits)
        if not isinstance(change.fault, msgspec.UnsetType):
            self.planned, self.left = _planned(change.fault)
        self.limits = limits

    def _limits(self, asked: list[LimitSwitch] | None) -> tuple[Limit, ...]:
        if asked is None:
            return self._given
        if len(asked) > MOST_LIMITS:
            raise ConfigurationError(f"at most {MOST_LIMITS} limits can be set")
        try:
            return tuple(Limit(one.requests, one.seconds) for one in asked)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None


def _planned(asked: FaultSwitch | None) -> tuple[PlannedFault | None, int | None]:
    if asked is None:
        return None, None
    if asked.name not in Fault.__members__:
        raise ConfigurationError(f"no fault is called {asked.name[:40]!r}")
    if asked.requests is not None and asked.requests < 1:
        raise ConfigurationError("a fault is for 1 request or more")
    fault = Fault[asked.name]
    return plan(fault if asked.seconds is None else (fault, asked.seconds)), asked.requests
