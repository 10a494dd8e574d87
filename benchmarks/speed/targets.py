"""What was aimed at, held against the figures of ``speed``."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.shared.ratios import Ratio, paired, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZES = (1, 100, 1_000)
BESIDE = (
    ("customersms_async, of httpx", "ours", "httpx", (1.15, 1.10, 1.05)),
    ("customersms_async, of httpx without sniffio", "ours", "httpx without sniffio", (0.85, 0.85, 0.90)),
    ("customersms_async with the fast engine, of httpx", "fast", "httpx", (0.35, 0.40, 0.70)),
)
"""What a request costs: what is compared, and at most how much of the other's it may be, by size."""


AT_ONCE: dict[str, tuple[str, str, dict[int, tuple[float | None, ...]]]] = {
    "customersms_async, of httpx": ("ours", "httpx", {8: (0.75, 0.82, 0.85), 100: (0.35, 0.40, 0.55)}),
    "customersms_async with the fast engine, of aiohttp": (
        *("fast", "aiohttp"),
        {1: (1.25, None, None), 8: (1.25, 1.15, 0.95), 100: (1.35, None, None)},
    ),
}
"""The same for requests from so many tasks at a time: who, of whom, and the bounds by size, where there are any."""


class Target(NamedTuple):
    """What is aimed at, what was measured, between what the single rounds lie, and whether that will do."""

    what: str
    bound: str
    measured: str
    rounds: str
    met: bool


def targets(found: dict[str, Any]) -> Iterator[Target]:
    yield from requests(found)
    yield from several(found)
    yield from at_once(found["connections"])
    yield most("1,000 results into outcomes, of `json.loads`", decoding(found), 1.0)
    yield from bulk(found["bulk"])
    yield from keys(found["growth"])
    yield from full_rate(found["full_rate"])
    startup = found["startup"]
    yield most("import, of the dependencies' own", paired(startup["ours"], startup["dependencies"]), 0.35)
    yield most("`AsyncClient`, of the dependencies' own", paired(startup["client"], startup["dependencies"]), 0.80)
    yield most("`--help`, of `python -c 'import typer, rich'`", paired(startup["help"], startup["typer"]), 1.30)


def requests(found: dict[str, Any]) -> Iterator[Target]:
    for what, mine, other, bounds in BESIDE:
        for size, bound in zip(SIZES, bounds, strict=True):
            yield most(f"CPU of a request for {size:,}: {what}", beside(found, mine, other, f"{size} 1"), bound)


def several(found: dict[str, Any]) -> Iterator[Target]:
    """Requests from several tasks at a time, as many as were measured."""
    for what, (mine, other, by_tasks) in AT_ONCE.items():
        for tasks, bounds in by_tasks.items():
            for size, bound in zip(SIZES, bounds, strict=True):
                cell = f"{size} {tasks}"
                if bound is not None and cell in found["requests"][mine]:
                    words = f"CPU of a request for {size:,}, {tasks} at a time: {what}"
                    yield most(words, beside(found, mine, other, cell), bound)


def at_once(found: dict[str, list[float]]) -> Iterator[Target]:
    """What a request costs over several connections, of what it costs over one."""
    for count, costs in found.items():
        if count != "1":
            what = f"CPU of a request for 1 over {count} connections at a time, of the same over 1"
            yield most(what, paired(costs, found["1"]), 1.10)


def beside(found: dict[str, Any], mine: str, other: str, cell: str) -> Ratio:
    """What a request of one rival costs, of another's."""
    return paired(found["requests"][mine][cell], found["requests"][other][cell])


def decoding(found: dict[str, Any]) -> Ratio:
    ours, json = ([each["us"] for each in found["codecs"][name]["decode 1000"]] for name in ("ours", "json"))
    return paired(ours, json)


def bulk(found: dict[str, Any]) -> Iterator[Target]:
    stream, campaign = found["stream"], found["campaign"]
    what = f"`stream`, {stream['recipients']:,} recipients: "
    yield least(f"{what}recipients a CPU second", rates(stream, "cpu_s"), 600_000)
    yield never(f"{what}growth", stream["growth_mb"], 25, "MB")
    yield never(f"{what}longest block of the loop", stream["blocked_ms"], 20, "ms")
    what = f"campaign of {campaign['recipients']:,}, adding and ledger included: recipients a second"
    yield least(what, rates(campaign, "wall_s"), 50_000)


def rates(bulk: dict[str, Any], clock: str) -> list[float]:
    return [bulk["recipients"] / seconds for seconds in bulk[clock]]


def keys(growth: dict[str, Any]) -> Iterator[Target]:
    """No request within the longest window: none ever, or none since."""
    for kind, words in {"keys": "not used yet", "rested": "that have sent, their longest window over"}.items():
        last = growth[kind][-1]
        yield most(f"{last['count']:,} keys on one pool {words}: bytes each", spread(last["bytes"]), 800)


def full_rate(found: dict[str, Any]) -> Iterator[Target]:
    what = f"{found['keys']:,} keys at {found['requests']} requests in {found['window_s']} s each, fast engine: "
    cores, refused = found["cores"], max(found["refused"].values())
    yield Target(f"{what}cores", "at most 0.40", f"{cores:.2f}", "", cores <= 0.40)
    share = found["a_second"] / found["possible"]
    yield Target(f"{what}share of the possible rate", "at least 0.95", f"{share:.3f}", "", share >= 0.95)
    yield Target(f"{what}refused", "none", f"{refused:,}", "", refused == 0)


def most(what: str, ratio: Ratio, bound: float) -> Target:
    """The median is held against the bound."""
    return Target(
        what, f"at most {number(bound)}", number(ratio.middle), within(ratio.low, ratio.high), ratio.middle <= bound
    )


def least(what: str, values: Sequence[float], bound: float) -> Target:
    """The median is held against the bound."""
    found = spread(values)
    return Target(
        what, f"at least {number(bound)}", number(found.middle), within(found.low, found.high), found.middle >= bound
    )


def never(what: str, values: Sequence[float], bound: float, unit: str) -> Target:
    """The worst round is held against the bound."""
    return Target(
        what,
        f"at most {bound:g} {unit}",
        f"{max(values):.1f} {unit}",
        f"{median(values):.1f} at the median",
        max(values) <= bound,
    )


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def within(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"
