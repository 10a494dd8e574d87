"""The clocks of the shell, in integer microseconds: one that only goes forward, and what the calendar says."""

from __future__ import annotations

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere the monotonic clock is the nearest thing


def now_us() -> int:
    """Integer microseconds since an arbitrary moment, the same for every process of this machine until it restarts.

    They go on while the machine sleeps, and only forward.
    """
    return (time.clock_gettime_ns(_BOOT) if _BOOT is not None else time.monotonic_ns()) // 1_000


def wall_us() -> int:
    """Integer microseconds since 1970, by the wall clock: for times that people read. It may step."""
    return time.time_ns() // 1_000
