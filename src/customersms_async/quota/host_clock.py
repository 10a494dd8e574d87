"""The clock of this host: how much time has passed, through restarts of processes and of the machine."""

from __future__ import annotations

import os
import time
from typing import Final, NamedTuple

_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere the monotonic clock is the nearest thing

_INITIAL: Final = "time:[4026531834]"
"""The time namespace that a Linux kernel starts with, PROC_TIME_INIT_INO: its clocks are the host's own."""


class Moment(NamedTuple):
    """One look at the host's clocks.

    ``boot`` names the machine's run from start to shutdown ("" where that, or how the clock of this process compares to
    the machine's own, can't be known), ``up_us`` are microseconds of a clock that only goes forward during one such
    run, ``wall_us`` microseconds of the wall clock, which may step.
    """

    boot: str
    up_us: int
    wall_us: int


def host_moment() -> Moment:
    """The present moment by the clocks of this host, whatever time namespace this process is in."""
    boot, ahead_ns = boot_clock()
    up_ns = time.monotonic_ns() if _BOOT_CLOCK is None else time.clock_gettime_ns(_BOOT_CLOCK)
    return Moment(boot, (up_ns - ahead_ns) // 1_000, time.time_ns() // 1_000)


def passed_us(last: Moment, now: Moment) -> int:
    """Microseconds from ``last`` to ``now``, 0 or more.

    Within one boot the wall clock is not looked at, so none of its steps counts. From one boot to another it is all
    there is. Where a boot has no name, it may be the same one or another, of which an ``up_us`` below the last one
    tells: the shorter of both times counts, so that tokens come back late rather than early.
    """
    up_us, wall_us = max(0, now.up_us - last.up_us), max(0, now.wall_us - last.wall_us)
    if "" in (last.boot, now.boot):
        return min(up_us, wall_us) if now.up_us >= last.up_us else wall_us
    return up_us if last.boot == now.boot else wall_us


def later(last: Moment, now: Moment) -> Moment:
    """The moment to remember as the last: ``now``, but within one boot an ``up_us`` that is less stands still."""
    return now._replace(up_us=max(last.up_us, now.up_us)) if last.boot == now.boot != "" else now


def boot_clock(proc: str = "/proc") -> tuple[str, int]:
    """The boot's name, and by how many nanoseconds this process's clock since boot is ahead of the host's own.

    A container may have a time namespace, whose clocks are ahead of the host's, or behind, by what it says. Looked at
    anew each time: a process may be forked into another namespace, or frozen and thawed on another machine. The
    namespace's own name is no help where it does not say: the kernel uses it again for the next one.
    """
    try:
        boot = _read(f"{proc}/sys/kernel/random/boot_id").strip()
        own = _time_namespace(f"{proc}/self/ns")
        if own == _INITIAL:
            return boot, 0
        if own == _link(f"{proc}/self/ns/time_for_children"):  # whose offsets are the ones that are told
            return boot, _offset_ns(_read(f"{proc}/self/timens_offsets"))
    except (OSError, ValueError):
        pass  # not Linux, or /proc is hidden
    return "", 0


def _time_namespace(folder: str) -> str:
    try:
        return _link(f"{folder}/time")
    except FileNotFoundError:
        _link(f"{folder}/pid")  # a kernel before 5.6 shows the others, and has but one
        return _INITIAL


def _offset_ns(offsets: str) -> int:
    """Nanoseconds by which ``boottime`` is ahead; a line has a clock's name, seconds and nanoseconds."""
    for line in offsets.splitlines():
        clock, seconds, nanoseconds = line.split()
        if clock in ("boottime", "7"):  # proc(5) allows the number of the clock too
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    raise ValueError("no offset for boottime")


def _link(path: str) -> str:
    return os.readlink(path)  # noqa: PTH115 - done in each transaction, and Path takes several times as long


def _read(path: str) -> str:
    opened = os.open(
        path, os.O_RDONLY | os.O_CLOEXEC
    )  # done in each transaction, and half as long as with a file object
    try:
        return os.read(opened, 4_096).decode("ascii")
    finally:
        os.close(opened)
