"""The measurements as Markdown."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.quota.campaign import SCENARIOS
from benchmarks.quota.rivals import BURST, RIVALS
from benchmarks.quota.waiters import BUSY, CANCELLED, THERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Campaigns = Mapping[tuple[str, str], Sequence[dict[str, Any]]]


BEFORE: Mapping[str, int] = {"memory": 426_340, "sqlite": 921_600, "redis": 505_512}
"""Bytes of a key under the documented limits when nothing was known of what its log drops, as measured then."""

STORES = {
    "memory": "`MemoryQuota`, as tracemalloc counts",
    "sqlite": "`SQLiteQuota`, the whole file",
    "redis": "`RedisQuota`, as the server counts",
}


class Ratio(NamedTuple):
    """One thing beside another, measured in turns: what, its rounds, beside what, that one's rounds, the target."""

    what: str
    ours: Sequence[float]
    beside: str
    other: Sequence[float]
    target: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        """The ratio of the medians, and the least and the largest ratio of a single round."""
        ratio = statistics.median(self.ours) / statistics.median(self.other)
        rounds = [mine / theirs for mine, theirs in zip(self.ours, self.other, strict=True)]
        spread = f"{min(rounds):.2f} to {max(rounds):.2f}" if len(rounds) > 1 else ""
        return self.what, self.beside, f"{ratio:.2f}", spread, self.target


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; all columns but the first ``left`` are aligned to the right."""
    rule = ["---" if number < left else "--:" for number in range(len(heads))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, rule, *rows)) + "\n"


def finish(run: Mapping[str, Any]) -> str:
    """The last grant against the best possible; where that is at once, by how much it is late."""
    if run["best"]:
        return f"{run['seconds'] / run['best']:.3f}"
    return f"+{run['seconds']:,.0f} s" if run["seconds"] >= 1 else "at once"


def numbers(values: Iterable[int]) -> list[str]:
    return [f"{each:,}" for each in values]


def judged(campaigns: Campaigns) -> str:
    """For each scenario: the largest campaign, with what the servers counted and refused."""
    parts = []
    for scenario, (title, *_) in SCENARIOS.items():
        rows = []
        for rival, (name, *_) in RIVALS.items():
            run = campaigns[rival, scenario][-1]
            rows.append((name, finish(run), *numbers(run["most"]), *numbers(run["refused"])))
        count = campaigns["ours", scenario][-1]["count"]
        heads = ("", "finish", "most in a minute", "hour", "day", "refused: fixed", "rolling", "bucket")
        parts.append(f"**{count:,} requests, {title}**\n\n{table(heads, rows)}")
    return "\n".join(parts)


def finished(campaigns: Campaigns) -> str:
    """For each scenario: when every campaign had its last grant."""
    parts = []
    for scenario, (title, *_) in SCENARIOS.items():
        rows = [(name, *map(finish, campaigns[rival, scenario])) for rival, (name, *_) in RIVALS.items()]
        heads = ("requests", *(f"{run['count']:,}" for run in campaigns["ours", scenario]))
        parts.append(f"**{title.capitalize()}**\n\n{table(heads, rows)}")
    return "\n".join(parts)


def refused(campaigns: Campaigns) -> str:
    """For each scenario: the refusals of every campaign, by the fixed, the rolling and the token-bucket server."""
    parts = []
    for scenario, (title, *_) in SCENARIOS.items():
        rows = [
            (name, *(" / ".join(numbers(run["refused"])) for run in campaigns[rival, scenario]))
            for rival, (name, *_) in RIVALS.items()
        ]
        heads = ("requests", *(f"{run['count']:,}" for run in campaigns["ours", scenario]))
        parts.append(f"**{title.capitalize()}**\n\n{table(heads, rows)}")
    return "\n".join(parts)


def used(pins: Mapping[str, str]) -> str:
    """How each rival was asked, in its own words."""
    lines = []
    for rival in RIVALS.values():
        version = f" {pins[rival.package]}" if rival.package in pins else ""
        words = " ".join((rival.run.__doc__ or "").split())
        lines.append(f"- **{rival.title}**{version}: {words}")
    return "\n".join(lines) + "\n"


def costs(ratios: Sequence[Ratio]) -> str:
    return table(("", "beside", "ratio", "single rounds", "target"), [each.row for each in ratios], left=2)


def kept(sizes: Mapping[str, Mapping[str, int]]) -> str:
    """Bytes of a key in each store, beside what the exact log alone takes."""
    rows = [
        (
            STORES[store],
            f"{each['documented']:,}",
            f"{each['documented'] / BEFORE[store]:.2f}",
            "at most 1.10",
            f"{each['brief']:,}",
        )
        for store, each in sizes.items()
    ]
    return table(("", "documented limits", "of what the log alone took", "target", "ten a second alone"), rows)


def document(
    machine: str,
    campaigns: Campaigns,
    pins: Mapping[str, str],
    ratios: Mapping[str, Sequence[Ratio]],
    facts: Sequence[Sequence[str]],
    sizes: Mapping[str, Mapping[str, int]],
) -> str:
    """All of it; what is printed and what is written are the same."""
    return f"""# The quota in numbers

Written by `python -m benchmarks.quota --full`. {machine}.

![Requests in the last minute: customersms_async stays at the limit, three stacked buckets reach 199](quota.svg)

## When the last request may leave, and what three servers say

Virtual time, each rival in a process of its own, under the documented limits: 100 a minute, 5,000 an hour, 50,000 a
day. Each asks for one request after the other and sends it in the moment in which it is granted. *Finish* is the last
grant divided by the best possible, which no client can beat without breaking a limit: request n leaves one window after
request n - L, of every limit. What is faster than that has broken one. *Most* is by arrival, in any window. *Refused*
is by a server that counts fixed windows (the worst of 24 moments to begin at), one that counts rolling windows, and one
with token buckets; a refused request is counted and not sent again. Where one in fifty takes 5 s, it arrives at any
moment of them.

{judged(campaigns)}
### Every number of requests

Where the best is to be done at once, the delay is given.

{finished(campaigns)}
<details><summary>Refused by fixed windows / rolling windows / token buckets, for every number of requests</summary>

{refused(campaigns)}
</details>

### How each was asked

{used(pins)}
The safe bucket's capacity is {BURST:.0%} of the limit. Its margin for delays is the one that each table needs, which
nobody knows beforehand. Libraries that round to seconds or milliseconds, or add a buffer, do so here too.

## What it costs

CPU on the real clock, each measurement in a fresh process, taking turns; ratios of medians. A grant is taken and
settled, under three limits. A quota is *fresh* while less was used than its smallest limit; once it is *worn*, every
limit has to be looked at.

{costs(ratios["grant"])}
Waiting under the documented limits, the wait itself skipped: CPU from the first task made to the last one done, and
what tracemalloc counts while all of them wait. Nothing with a task for each request can beat tasks that await a bare
future, so some rows leave out what these cost.

{costs(ratios["waiters"])}
{table(("", "customersms_async", "aiolimiter, three stacked", "aiolimiter, one", "bare future"), facts)}
*Places lost*: the most who came later and were let in before a waiter. {THERE:,} wait at the start, {20 * THERE:,} come
in two hours from handlers that keep the event loop busy for up to {BUSY * 1e3:.0f} ms, and every second grant brings
one at once; {CANCELLED:.0%} are cancelled.

A grant through the shared stores, in wall time, each call in its turn in one loop. Redis is a real server on the
loopback, without a disk. The SQLite file and the bare one beside it are in memory too, if the system has a folder
there: a disk adds its own time for each sync, one for a grant and none for a settling, and that varies tenfold.

{costs(ratios["stores"])}
Bytes of a key that has sent 50,000 requests in a day, and some more: under the documented limits, whose exact log is
a day long, and under a limit of ten a second alone, whose log is short. What the log drops is counted in steps of a
minute for a day, so that a limit that is first used later waits at most a minute longer: that is most of the last
column.

{kept(sizes)}"""
