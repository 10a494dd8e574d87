"""``customersms campaign report``: one page that needs nothing but itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Final

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.states import State
from ...errors import ConfigurationError
from ...models import DOCUMENTED_LIMITS
from ..exits import ending_well, fail
from ..formats import length
from ..options import read_limits
from ..zones import read_zone
from .doubles import doubles_line
from .report_page import PAGE
from .serve.figures import MOST_CODES, failures_section, limit_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ...campaign.rows import Count, Doubt, Input, KnownDouble, Resolution, Timeline
    from ...models import Limit
    from ..zones import ShownZone
    from .ledger_place import LedgerPlace
    from .looking_options import ReportOptions

_GENERATOR: Final = b'<meta name="generator" content="customersms campaign report">'


def report_on_ledger(options: ReportOptions) -> None:
    """Do what ``customersms campaign report`` does."""
    with ending_well(options.log_level):
        try:
            limits = read_limits(options.limit) if options.limit else None
            asyncio.run(write_report(options.ledger, options.html, limits, read_zone(options.zone)))
        except OSError as error:
            fail(f"{options.html}: {error.strerror}", 2)


async def write_report(ledger: LedgerPlace, html: Path, limits: Sequence[Limit] | None, zone: ShownZone) -> None:
    """Write the page, for its owner's eyes: mode 0600; only a report is ever replaced.

    ``limits`` of ``None`` are those of the campaign's last run, or the documented ones before the first. Raises
    ``ConfigurationError`` for another file that is there, and ``OSError`` where it can't be written.
    """
    _check_place(html)
    async with Campaign.open(ledger.given, create=False) as campaign:
        look = campaign.ledger
        given, counts, wanted = await look.added(), await look.counts(), await look.wanted()
        terms = None if wanted is None else wanted.terms
        of_whom = "given" if limits else "documented" if terms is None else "of its last run"
        known = limits or (DOCUMENTED_LIMITS if terms is None else terms.limits)
        parts = [
            _shares(counts),
            _timeline(await look.timeline(known), known, of_whom, zone),
            _codes(counts),
            _calling_codes(await look.by_calling_code()),
            _doubts(await look.doubts(), counts, zone),
            _doubles(await look.doubles(), zone),
            _resolutions(await look.resolutions(), zone),
        ]
    page = PAGE.replace("<!--title-->", escape(ledger.title)).replace("<!--facts-->", _facts(given, counts, zone))
    _write(html, page.replace("<!--parts-->", "\n".join(parts)))


def _check_place(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        if _GENERATOR not in file.read(1_000):
            raise ConfigurationError(f"{path} exists and is no report, so it is not written anew")


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def _facts(given: Input | None, counts: Sequence[Count], zone: ShownZone) -> str:
    if given is None:
        return "Nothing was added to this ledger yet."
    gone = sum(c.segments for c in counts if c.state not in (State.PLANNED, State.SKIPPED))
    return (
        f"{counted(given.recipients, 'recipient')}, added {zone.moment(given.added_us)};"
        f" {counted(gone, 'segment has', 'segments have')} gone out, as estimated."
        f" This page was made {zone.moment(time.time_ns() // 1_000)}. Times are those of {escape(zone.name)}."
    )


def _shares(counts: Sequence[Count]) -> str:
    numbers = Counter[State]()
    for count in counts:
        numbers[count.state] += count.recipients
    total = max(1, sum(numbers.values()))
    bar = "".join(
        f'<i class="{state}" style="flex-grow:{numbers[state]}" title="{state}: {numbers[state]:,}"></i>'
        for state in State
        if numbers[state]
    )
    rows = (
        (f'<b class="dot {state}"></b>{state}', f"{numbers[state]:,}", _percent(numbers[state], total))
        for state in State
    )
    return _part(
        "What became of everyone", f'<div class="bar">{bar}</div>' + _table(("state", "number", "share"), rows)
    )


def _timeline(found: Timeline | None, limits: Sequence[Limit], of_whom: str, zone: ShownZone) -> str:
    known = f"The limits ({of_whom}) are {', '.join(map(limit_words, limits))}."
    if found is None:
        return _part("Requests over time", f"<p>No request has left yet. {known}</p>")
    limit, bars = found.limit, found.requests
    top = max(limit.requests, *bars)
    drawn = "".join(
        f'<i style="height:{100 * count / top:.2f}%" title="{zone.moment(found.start_us + at * limit.window_us)}:'
        f' {counted(count, "request")}"></i>'
        for at, count in enumerate(bars)
    )
    line = f'<span class="limit" style="bottom:{100 * limit.requests / top:.2f}%"></span>'
    end = found.start_us + len(bars) * limit.window_us
    times = f"<span>{zone.moment(found.start_us)}</span><span>{zone.moment(end)}</span>"
    words = (
        f"One bar is {length(limit.seconds)}; the line is the limit of {counted(limit.requests, 'request')} in that"
        f" time. The most in one bar were {max(bars):,}, all together {sum(bars):,}. {known}"
    )
    return _part(
        "Requests over time", f'<p>{words}</p><div class="chart">{line}{drawn}</div><div class="axis">{times}</div>'
    )


def _codes(counts: Sequence[Count]) -> str:
    failed = failures_section(counts)["rows"]
    if not failed:
        return _part("Failures by code", "<p>None.</p>")
    rows = ((escape(code), state, f"{recipients:,}") for code, state, recipients in failed)
    return _part("Failures by code", _table(("code", "state", "number"), rows))


def _calling_codes(found: Sequence[tuple[str, Counter[State]]]) -> str:
    rows = (
        (
            escape(code),
            f"{numbers.total():,}",
            f"{numbers[State.ACCEPTED]:,}",
            f"{numbers[State.REJECTED]:,}",
            f"{numbers[State.UNKNOWN]:,}",
            _percent(numbers[State.REJECTED] + numbers[State.UNKNOWN], numbers.total()),
        )
        for code, numbers in found[:MOST_CODES]
    )
    return _part(
        "Failures by calling code",
        _table(("code", "all", "accepted", "rejected", "unknown", "failed"), rows) if found else "<p>None.</p>",
    )


def _doubts(found: Sequence[Doubt], counts: Sequence[Count], zone: ShownZone) -> str:
    if not found:
        return _part("What is unknown", "<p>Nothing.</p>")
    total = sum(c.recipients for c in counts if c.state is State.UNKNOWN)
    words = f"{counted(total, 'recipient')} may or may not have got the text; nothing is sent there again by itself."
    if total > len(found):
        words += f" These are the first {len(found):,}; <code>campaign export --status unknown</code> has them all."
    rows = (
        (
            escape(one.phone),
            escape(f"{one.code}: {one.error}" if one.error else one.code),
            "" if one.began_us is None else zone.moment(one.began_us),
            f"{one.with_it or 0:,}",
            escape(one.credits_before or "not known"),
            escape(one.credits_after or "not known"),
        )
        for one in found
    )
    heads = ("phone", "why", "request began", "recipients in it", "credits before", "credits after")
    return _part("What is unknown", f"<p>{words}</p>" + _table(heads, rows))


def _doubles(found: Sequence[KnownDouble], zone: ShownZone) -> str:
    if not found:
        return ""
    rows = ((escape(one.phone), f"{one.index + 1:,}", zone.moment(one.ended_us)) for one in found)
    return _part(
        "Known doubles",
        f"<p>{doubles_line(found)}.</p>" + _table(("phone", "recipient", "late answer"), rows),
    )


def _resolutions(found: Sequence[Resolution], zone: ShownZone) -> str:
    if not found:
        return ""
    rows = ((zone.moment(one.at_us), escape(one.by), escape(one.becomes), f"{one.recipients:,}") for one in found)
    return _part("What people decided", _table(("when", "who", "as", "recipients"), rows))


def _part(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML; numbers stand to the right."""
    top = "".join(f"<th>{head}</th>" for head in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{' class=n' if cell[:1].isdigit() else ''}>{cell}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return f"{share:.1f}%" if not 0 < share < 0.1 else "below 0.1%"
