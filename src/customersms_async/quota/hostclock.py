"""How much time has passed on this host, through restarts of processes and of the machine."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import NamedTuple

from ..clock import now_us

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """One look at the host's clocks.

    ``boot`` names the machine's run from start to shutdown ("" where that can't be known), ``up_us`` are microseconds
    of a clock that only goes forward during one such run, ``wall_us`` microseconds of the wall clock, which may step.
    """

    boot: str
    up_us: int
    wall_us: int


def host_moment() -> Moment:
    """This moment, by the clocks of this host."""
    return Moment(_boot(), now_us(), time.time_ns() // 1_000)


def passed_us(last: Moment, now: Moment) -> int:
    """Microseconds from ``last`` to ``now``, 0 or more.

    Within one boot the wall clock is not looked at, so none of its steps counts. From one boot to another it is all
    there is. Where boots have no name, an ``up_us`` below the last one tells of another boot; one that is not below
    may be another boot's too, and then less time is counted than has passed: tokens come back late, never early.
    """
    if _same_boot(last, now):
        return max(0, now.up_us - last.up_us)
    return max(0, now.wall_us - last.wall_us)


def later(last: Moment, now: Moment) -> Moment:
    """What to remember as the last moment: ``now``, but within one boot an ``up_us`` that is less stands still."""
    return now._replace(up_us=max(last.up_us, now.up_us)) if _same_boot(last, now) else now


def _same_boot(last: Moment, now: Moment) -> bool:
    return last.boot == now.boot and (now.boot != "" or now.up_us >= last.up_us)


@functools.cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""  # not Linux, or /proc is hidden
