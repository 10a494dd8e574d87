"""What a person sees: before, while and after; on a terminal through rich, elsewhere as plain lines."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final, final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..._core.plural import counted
from ...models import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...models import QuotaStatus
    from .check import Checked
    from .sending import Progress

PLAIN_EVERY: Final = 5.0
"""Seconds between two lines where there is no terminal."""

COLOURS: Final = {
    Status.ACCEPTED: "green",
    Status.REJECTED: "red",
    Status.UNKNOWN: "magenta",
    Status.UNSENT: "yellow",
}


def length(seconds: float) -> str:
    """A length of time in the two largest units that it has."""
    if 0.05 <= seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
    first = next((i for i, (size, _) in enumerate(units) if left >= size), 3)
    parts = [f"{left // units[first][0]} {units[first][1]}"]
    if first < 3 and (rest := left % units[first][0] // units[first + 1][0]):
        parts.append(f"{rest} {units[first + 1][1]}")
    return " ".join(parts)


def moment(seconds: float) -> str:
    """When it will be so many seconds later, as the clock on the wall shows it."""
    try:
        then = datetime.fromtimestamp(time.time() + seconds).astimezone()
    except (OverflowError, ValueError, OSError):
        return "the end of all calendars"
    return f"{then:%H:%M:%S}" if seconds < 43_200 else f"{then:%a %d %b %H:%M}"


def plain(text: str) -> str:
    """A file's or a gateway's text as one that does nothing to a terminal: what can't be printed is escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def preview(job: str, checked: Checked, seconds: float) -> RenderableType:
    """What will happen, before anything is sent."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column()
    facts.add_column(justify="right")
    facts.add_column(overflow="fold")
    facts.add_row("recipients", f"{checked.recipients:,}", f"of {counted(checked.rows, 'row')}")
    facts.add_row("invalid", f"{checked.invalid:,}", "")
    for problem in checked.problems:
        where = f"line {problem.line}" if problem.line is not None else f"number {problem.outcome.index + 1}"
        facts.add_row(
            "", "", Text(plain(f"{where}: {problem.outcome.phone!r}: {problem.outcome.error}"), style="yellow")
        )
    if checked.invalid > len(checked.problems):
        facts.add_row("", "", f"… and {checked.invalid - len(checked.problems):,} more")
    facts.add_row("duplicates", f"{checked.duplicates:,}", "")
    facts.add_row("requests", f"{checked.requests:,}", "")
    facts.add_row("segments", f"{checked.segments:,}", Text(_segments(checked)))
    when = f"in {length(seconds)}, at {moment(seconds)}" if seconds >= 1 else "at once"
    facts.add_row("ends", "", f"{when}, if nobody else uses the key")
    samples = [Text(f"{sample.phone}: {plain(sample.text)}") for sample in checked.samples]
    return Group(Text(plain(job), style="bold"), facts, *samples)


def _segments(checked: Checked) -> str:
    least, most = checked.least_segments, checked.most_segments
    each = f"{most} each" if least == most else f"{least} to {most} each"
    if not checked.ucs2_texts:
        return f"estimated, {each}"
    return f"estimated, {each}; these force UCS-2: {plain(' '.join(checked.ucs2_characters))}"


def ending(progress: Progress, remaining_credits: object) -> RenderableType:
    """What became of everyone, and the reasons of those who failed."""
    table = Table(
        title=f"{progress.done:,} of {counted(progress.total, 'row')} in {length(progress.seconds)}",
        title_justify="left",
    )
    table.add_column("outcome")
    table.add_column("number", justify="right")
    table.add_column("reason", overflow="fold")
    table.add_column("for example", overflow="fold")
    for status in Status:
        table.add_row(Text(status.value, style=COLOURS[status]), f"{progress.counts[status]:,}", "", "")
        for (of, code, error), failures in progress.reasons.items():
            if of is status:
                table.add_row(
                    "",
                    f"{failures.count:,}",
                    Text(plain(f"{code}: {error}" if code else error)),
                    Text(_examples(failures.examples)),
                )
    lines: list[RenderableType] = [
        table,
        Text(f"requests: {progress.requests:,}; credits left: {credits_left(remaining_credits)}"),
    ]
    if progress.done < progress.total:
        rest = counted(progress.total - progress.done, "row was", "rows were")
        lines.append(Text(f"{rest} not read any more: nothing went out to them"))
    if progress.error is not None:
        lines.append(Text(plain(f"It ended early: {progress.error}"), style="red"))
    return Group(*lines)


def _examples(examples: Sequence[tuple[int | None, str]]) -> str:
    return ", ".join(plain(phone) if line is None else f"line {line}" for line, phone in examples)


def credits_left(figure: object) -> str:
    """An account's figure, if any answer has given one."""
    return "not known" if figure is None else f"{figure:,}"


def quota_line(quota: QuotaStatus) -> str:
    """What is left of every limit."""
    return " · ".join(f"{one.free:,} of {one.limit.requests:,} in {length(one.limit.seconds)}" for one in quota.limits)


@final
class Screen:
    """Shows a send while it runs; ``look`` is called a few times a second with the latest state.

    Mutable state: the latest progress, quota and time to the end, and when the last plain line was written.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._live = _live(console) if console.is_terminal else None
        self._progress: Progress | None = None
        self._quota: QuotaStatus | None = None
        self._left: float | None = None
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
        """Hear of every outcome."""
        self._progress = progress

    def interrupted(self) -> None:
        """Say that nothing new is sent any more."""
        self._stopping = True
        if self._live is not None:
            if self._progress is not None:
                self._live.update(self.picture(), refresh=True)
        else:
            self._console.print("interrupted: waiting for the requests in flight; once more stops at once")

    def look(self, quota: QuotaStatus, seconds_left: float) -> None:
        """Show the latest state, on a terminal now, elsewhere every few seconds."""
        self._quota, self._left = quota, seconds_left
        if self._progress is None:
            return
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
        return done if self._left is None else f"{done}, {length(self._left)} to go, until {moment(self._left)}"

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
