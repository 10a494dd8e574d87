"""Clocks that a proof can set: a plain one, and those of a host that restarts."""

from __future__ import annotations

from customersms_async.quota.host_clock import Moment


class SteppingClock:
    """A clock that people set: the store sees ``us`` and takes a step back as standing still.

    A step forward is taken for time that has passed, as is said in every store on such a clock: it is the judge's too.
    """

    def __init__(self) -> None:
        self.us = self.real_us = 1_000_000
        self._seen_us = 0

    def __call__(self) -> int:
        self._seen_us = self.store_us
        return self.us

    @property
    def store_us(self) -> int:
        """What time the store will take it to be."""
        return max(self._seen_us, self.us)

    def go(self, us: int) -> None:
        self.us += us
        self.real_us += us

    def step(self, us: int) -> None:
        self.us += us
        self.real_us += max(0, us)

    def reboot(self, us: int) -> None:
        """Nothing but time: the machine with this clock is another one."""
        self.go(us)

    def move(self, container: int) -> None:
        """Nothing: the store's time is not its client's."""


class HostClock:
    """A host whose wall clock steps to and fro, which nobody may notice, and which stands too low after a restart.

    From one boot to another wall time is all there is, so it may not be ahead of what it was when somebody last looked.
    Its containers have names for the boot and clocks of their own, each of which goes on from its own last look.
    """

    def __init__(self) -> None:
        self.real_us = 1_000_000
        self._booted_us, self._boots, self._ahead_us, self._container = 0, 0, 0, 0
        self._seen, self._seen_us, self._seen_ahead_us = self._moment(), 0, 0
        self._seen_by: dict[str, tuple[int, int]] = {}

    def __call__(self) -> Moment:
        self._seen_us, self._seen, self._seen_ahead_us = self.store_us, self._moment(), self._ahead_us
        self._seen_by[self._seen.boot] = self._seen.up_us, self._seen_us
        return self._seen

    @property
    def store_us(self) -> int:
        """Time counted from a clock's own last look, and from the wall clock if it has never looked before."""
        now = self._moment()
        if now.boot in self._seen_by:
            up_us, seen_us = self._seen_by[now.boot]
            return max(self._seen_us, seen_us + now.up_us - up_us)
        return self._seen_us + max(0, now.wall_us - self._seen.wall_us)

    def go(self, us: int) -> None:
        self.real_us += us

    def step(self, us: int) -> None:
        self._ahead_us += us
        if self._moment().boot not in self._seen_by:
            self._ahead_us = min(self._ahead_us, self._seen_ahead_us)

    def reboot(self, us: int) -> None:
        self.real_us += us
        self._boots, self._booted_us, self._container = self._boots + 1, self.real_us, 0
        self.step(-(us % 3))

    def move(self, container: int) -> None:
        """Who looks next is in this container."""
        self._container = container
        self.step(0)

    def _moment(self) -> Moment:
        up_us = self.real_us - self._booted_us + 1_000 * self._container
        return Moment(f"{self._boots}.{self._container}", up_us, self.real_us + self._ahead_us)


Clock = SteppingClock | HostClock
