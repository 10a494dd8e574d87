"""The preview of a send, for people and programs, before anything is sent."""

from __future__ import annotations

import shlex
import unicodedata
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..._core import gsm7_twins, segments
from ..._core.plural import counted
from ...models import Estimate
from ..formats import length, moment, plain
from ..national_numbers import region_remark
from .findings import TextFinding  # noqa: TC001 - msgspec reads the annotations
from .list_facts import list_remarks, suppression

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..._core.intake import SendableLetter
    from ...campaign.rows import PlannedRecipient
    from .checked_job import CheckedJob


class JobEstimate(Estimate, frozen=True):
    """The preview of a job for programs: an ``Estimate``, and what people are shown beside it."""

    rows: int
    least_segments: int
    most_segments: int
    ucs2_texts: int
    ucs2_characters: str
    suppressed: int
    on_list: int | None
    capped: int | None
    listed: int | None
    listed_here: int
    several_texts: int
    odd_numbers: int
    blank: int
    suspicious: list[TextFinding]
    smart_saves: int


def preview(job: str, checked: CheckedJob) -> RenderableType:
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
    if checked.listed is not None:
        line = suppression(checked.listed, checked.listed_here, checked.rules.list_remarks)
        facts.add_row(
            "suppressed", f"{checked.suppressed:,}", Text(line, style="" if checked.listed_here else "yellow")
        )
    if checked.on_list:
        facts.add_row("suppressed", f"{checked.on_list:,}", "on the list that customersms suppress keeps")
    if checked.capped is not None:
        facts.add_row("capped", f"{checked.capped:,}", "have reached --cap, and get no text now")
    facts.add_row("requests", f"{checked.requests:,}", "")
    facts.add_row("segments", f"{checked.segments:,}", Text(_segments(checked)))
    for name, number, what in (*_blanks(checked), *_suspicious(checked), *_smart(checked)):
        facts.add_row(name, number, Text(plain(what), style="yellow"))
    when = f"in {length(seconds)}, at {moment(seconds)}" if seconds >= 1 else "at once"
    facts.add_row("ends", "", f"{when}, if nobody else uses the key")
    for remark in list_remarks(checked):
        facts.add_row("", "", Text(plain(remark), style="yellow"))
    return Group(Text(plain(job), style="bold"), facts, *first_texts(checked.samples), *_with_fallback(checked))


def _with_fallback(checked: CheckedJob) -> list[Text]:
    """The first text that has words in place of a blank, unless it is among those that are shown."""
    first = checked.first_with_fallback
    if first is None or any(first.index == sample.index for sample in checked.samples):
        return []
    line = "" if first.line is None else f", of line {first.line}"
    return [Text(f"the first text with words in place of a blank{line}:"), _line_of(first)]


def first_texts(samples: Sequence[SendableLetter] | Sequence[PlannedRecipient]) -> list[Text]:
    """The first texts as they go out, with the segments of the first; line breaks are line breaks."""
    if not samples:
        return []
    found = segments.count(samples[0].text)
    room = {"GSM-7": (160, 153), "UCS-2": (70, 67)}[found.encoding][found.segments > 1] * found.segments
    head = f"the first text, {counted(found.segments, 'segment')} ({found.encoding}, {found.units:,} of {room:,}):"
    return [Text(head), *map(_line_of, samples)]


def _line_of(sample: SendableLetter | PlannedRecipient) -> Text:
    return Text(f"{sample.phone}: {_as_sent(sample.text)}", style="bold")


def suspicions(checked: CheckedJob) -> list[Text]:
    """What is suspicious, what ``--smart`` does and ``--region`` would, for a send that shows nothing else before."""
    lines = [f"suspicious: {finding.what}" for finding in checked.suspicious]
    lines += [f"{name}: {number} {what}".replace("  ", " ") for name, number, what in _smart(checked)]
    lines += [region_remark(checked.list_facts.national)] if checked.list_facts.national else []
    return [Text(plain(line), style="yellow") for line in lines]


_SHOWN: Final = 1_000
"""Characters of a text that are shown: what a screen holds."""


def _as_sent(text: str) -> str:
    if len(text) > _SHOWN:
        return f"{_as_sent(text[:_SHOWN])}… ({len(text) - _SHOWN:,} more characters)"
    return "\n".join(map(plain, text.replace("\r\n", "\n").split("\n")))


def _blanks(checked: CheckedJob) -> Iterator[tuple[str, str, str]]:
    for finding in checked.blanks:
        name = finding.what
        instead = f"write {{{name}|words}} for words in its place, or add --require {shlex.quote(name)}"
        yield "blank", f"{finding.texts:,}", f"{{{name}}} is blank{_first(finding)}: {instead}"


def _suspicious(checked: CheckedJob) -> Iterator[tuple[str, str, str]]:
    for finding in checked.suspicious:
        yield "suspicious", f"{finding.texts:,}", f"{finding.what}{_first(finding)}"


def _first(finding: TextFinding) -> str:
    if finding.line is None:
        return ""
    return f" on line {finding.line}" + (f" and {finding.texts - 1:,} more" if finding.texts > 1 else "")


_SHOWN_TWINS: Final = 12


def _smart(checked: CheckedJob) -> Iterator[tuple[str, str, str]]:
    """What ``--smart`` has replaced and saved, or would."""
    replaced = sorted(checked.smart_replaces.items(), key=lambda item: -item[1])
    shown = ", ".join(
        f"{_named(found)} → {_named(gsm7_twins.TWINS[found])}{f' ({n:,})' * (n > 0)}"
        for found, n in replaced[:_SHOWN_TWINS]
    )
    more = f" and {len(replaced) - _SHOWN_TWINS} more" if len(replaced) > _SHOWN_TWINS else ""
    saved = counted(checked.smart_saves, "segment")
    if checked.smart:
        yield "smart", f"{checked.smart_saves:,}", f"segments saved: {shown or 'there is nothing to replace'}{more}"
    elif checked.smart_saves:
        yield "smart", "", f"--smart would save {saved}: {shown}{more}"


def _named(char: str) -> str:
    """A character for people: by its name where there is nothing to see."""
    if char and char.strip() and char.isprintable():
        return char
    return {"": "nothing", " ": "space", "\n": "line break"}.get(char) or unicodedata.name(
        char, f"U+{ord(char):04X}"
    ).lower()


def _segments(checked: CheckedJob) -> str:
    least, most = checked.least_segments, checked.most_segments
    each = f"{most} each" if least == most else f"{least} to {most} each"
    if not checked.ucs2_texts:
        return f"estimated, {each}"
    return f"estimated, {each}; these force UCS-2: {plain(' '.join(checked.ucs2_characters))}"
