"""The preview of a send, for people and programs, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..._core.plural import counted
from ...models import Estimate
from ..formats import length, moment, plain

if TYPE_CHECKING:
    from .check import Checked


class JobEstimate(Estimate, frozen=True):
    """The preview of a job for programs: an ``Estimate``, and what people are shown beside it."""

    rows: int
    least_segments: int
    most_segments: int
    ucs2_texts: int
    ucs2_characters: str


def preview(job: str, checked: Checked) -> RenderableType:
    """The preview of a job called ``job`` for people."""
    seconds = checked.seconds
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
