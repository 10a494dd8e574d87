"""The screen of a send while it runs: on a terminal through rich, elsewhere as plain lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ...models import Status
from ..formats import length, moment
from .time_left import TimeLeft

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...models import QuotaStatus
    from .sending import Progress

PLAIN_EVERY: Final = 5.0
"""Seconds between two lines where there is no terminal."""

COLOURS: Final = {
    Status.ACCEPTED: "green",
    Status.REJECTED: "red",
    Status.UNKNOWN: "magenta",
    Status.UNSENT: "yellow",
}


def quota_line(quota: QuotaStatus) -> str:
    """The requests that are left of every limit, in one line."""
    return " · ".join(f"{one.free:,} of {one.limit.requests:,} in {length(one.limit.seconds)}" for one in quota.limits)


@final
class Screen:
    """Shows a send while it runs; ``look`` is called a few times a second with the latest state.

    Mutable state: the latest progress, quota and time to the end, what measures that, and when the last plain line was
    written.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._live = _live(console) if console.is_terminal else None
        self._progress: Progress | None = None
        self._quota: QuotaStatus | None = None
        self._left: float | None = None
        self._time_left = TimeLeft(clock)
        self._stopping = False
        self._last_line = clock()

    def __enter__(self) -> Screen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def changed(self, progress: Progress) -> None:
        """Show that one more outcome is known."""
        self._progress = progress

    def interrupted(self) -> None:
        """Say that nothing new is sent any more."""
        self._stopping = True
        if self._live is not None:
            if self._progress is not None:
                self._live.update(self.picture(), refresh=True)
        else:
            self._console.print("interrupted: waiting for the requests in flight; once more stops at once")

    def look(self, quota: QuotaStatus, seconds_by_quota: float, seconds_left: float | None = None) -> None:
        """Show the latest state, on a terminal now, elsewhere every few seconds.

        ``seconds_left``: until the end, where that is known, and not to be reckoned by the quota and the rate.
        """
        self._quota = quota
        if self._progress is None:
            return
        by_rate = self._time_left.seconds(self._progress, quota, seconds_by_quota)
        self._left = by_rate if seconds_left is None else seconds_left
        if self._live is not None:
            self._live.update(self.picture())
        elif (now := self._clock()) - self._last_line >= PLAIN_EVERY:
            self._last_line = now
            self._console.print(self._plain(), soft_wrap=True, highlight=False)

    def picture(self) -> RenderableType:
        """The state as a terminal shows it."""
        progress = self._progress
        assert progress is not None  # noqa: S101 - look() saw to it
        head = Table.grid(padding=(0, 2), expand=True)
        head.add_column(ratio=1)
        head.add_column(justify="right", no_wrap=True)
        head.add_row(ProgressBar(progress.total, progress.done), Text(self._ahead()))
        counts = Text("  ").join(Text(f"{s.value} {progress.counts[s]:,}", style=COLOURS[s]) for s in Status)
        lines: list[RenderableType] = [head, Text.assemble(counts, f"  · {self._rate():,.0f} a second")]
        if self._quota is not None:
            lines.append(Text(f"left: {quota_line(self._quota)}", style="dim"))
        return Group(*lines)

    def _ahead(self) -> str:
        progress = self._progress
        assert progress is not None  # noqa: S101 - look() saw to it
        done = f"{progress.done:,} of {progress.total:,}"
        if self._stopping:
            return f"{done}, stopping: waiting for answers"
        paused = 0.0 if self._quota is None else self._quota.paused_seconds
        if paused:
            done += f", the gateway's 429 pauses everything until {moment(paused)} ({length(paused)})"
        if self._left is None:
            return done if paused or self._quota is None else f"{done}, no answer yet"
        return f"{done}, {length(self._left)} to go, until {moment(self._left)}"

    def _rate(self) -> float:
        progress = self._progress
        return progress.done / max(progress.seconds, 0.001) if progress is not None else 0.0

    def _plain(self) -> str:
        progress = self._progress
        assert progress is not None  # noqa: S101 - look() saw to it
        counts = ", ".join(f"{progress.counts[status]:,} {status.value}" for status in Status)
        left = f"; left: {quota_line(self._quota)}" if self._quota is not None else ""
        return f"{self._ahead()}: {counts}; {self._rate():,.0f} a second{left}"


def _live(console: Console) -> Live:
    """The bar; standard output stays what it is, as ``--json`` needs it."""
    return Live(console=console, refresh_per_second=8, transient=True, redirect_stdout=False)
