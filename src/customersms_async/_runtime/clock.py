"""The one clock of the shell: microseconds that only go forward, and go on while the machine sleeps."""

from __future__ import annotations

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere the monotonic clock is the nearest thing


def now_us() -> int:
    """Integer microseconds since an arbitrary moment, the same for every process of this machine until it restarts."""
    return (time.clock_gettime_ns(_BOOT) if _BOOT is not None else time.monotonic_ns()) // 1_000
