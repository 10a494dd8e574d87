"""The outage of a campaign's run, told to the log: a warning once it lasts, and a line when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from .._core.backoff import Outage

if TYPE_CHECKING:
    from .._runtime.log import KeyLog


@final
class OutageWatch:
    """An ``Outage`` whose every wait, length and end are logged. Holds no state but that of its parts."""

    def __init__(self, log: KeyLog) -> None:
        self._log = log
        self._outage = Outage()

    def end(self) -> None:
        """Take note that the gateway has answered."""
        if self._outage.end():
            self._log.info("going_again", "requests go out again: the gateway answers")

    def wait_seconds(self, now: float, code: str | None) -> float:
        """Take note that a try failed, with the outcomes' ``code``; seconds until the next one."""
        seconds = self._outage.wait_seconds(now)
        message = "the run waits %.1f s before it tries again (%s)"
        self._log.debug("wait", message, seconds, code, reason="gateway", seconds=seconds, code=code)
        if self._outage.is_to_be_told(now):
            message = "nothing could go out for a minute (%s); the next try is in %.0f s"
            self._log.warning("stalled", message, code, seconds, reason="gateway", seconds=seconds, code=code)
        return seconds

    def is_hopeless(self, now: float) -> bool:
        """Whether to give up: see ``Outage``."""
        return self._outage.is_hopeless(now)
