"""The end of a send, as a person sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..._core.plural import counted
from ...models import Code, Status
from ..error_words import NO_WAY, in_flags, in_words, once_mended
from ..formats import credits_left, length, plain
from .screen import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sending import Progress

_NOTHING_WENT_OUT: Final = (
    "nothing went out to those who are rejected, unsent or were not read, so they can be sent to again"
)
_MISSING: Final = "who is missing there may have got the text, so find out at the provider before sending to them again"
_UNKNOWN: Final = "Who is unknown may have got the text: find out at the provider before sending to them again"

_OF_THE_WAY: Final = (Code.CONNECTION_FAILED, Code.CERTIFICATE_REFUSED)


def ending(progress: Progress, remaining_credits: object) -> RenderableType:
    """The numbers of outcomes, and the reasons and examples of failures."""
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
                    Text(plain(in_flags(f"{code}: {error}" if code else error))),
                    Text(_examples(failures.examples)),
                )
    lines: list[RenderableType] = [
        table,
        Text(f"requests: {progress.requests:,}; credits left: {credits_left(remaining_credits)}"),
    ]
    if progress.done < progress.total:
        rest = counted(progress.total - progress.done, "row was", "rows were")
        lines.append(Text(f"{rest} not read any more: nothing went out to them"))
    if progress.not_kept:
        lost = counted(progress.not_kept, "outcome")
        lines.append(Text(f"{lost} could not be written down: {_MISSING}", style="red"))
    if progress.error is not None:
        lines.append(Text(plain(f"It ended early: {in_words(progress.error)}"), style="red"))
        lines.append(Text(f"To go on{once_mended(progress.error)}: {_NOTHING_WENT_OUT}"))
    if progress.counts[Status.UNKNOWN]:
        lines.append(Text(_UNKNOWN))
    if any(code in _OF_THE_WAY and status is Status.UNSENT for status, code, _ in progress.reasons):
        lines.append(Text(NO_WAY))
    return Group(*lines)


def _examples(examples: Sequence[tuple[int | None, str]]) -> str:
    return ", ".join(plain(phone) if line is None else f"line {line}" for line, phone in examples)
