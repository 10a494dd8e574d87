"""The figures of ``speed`` as a page."""

from __future__ import annotations

from statistics import median
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from benchmarks.shared.ratios import paired, spread
from benchmarks.speed.targets import BESIDE, SIZES, beside, rates, targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAMES = {
    "ours": "**customersms_async**",
    "fast": "**customersms_async, fast engine**",
    "httpx": "httpx, `json=` and `.json()`",
    "httpx without sniffio": "the same without sniffio, as `pip install httpx` leaves it",
    "httpx and msgspec": "httpx, with msgspec for JSON",
    "httpx2": "httpx2, `json=` and `.json()`",
    "aiohttp": "aiohttp, `json=` and `.json()`",
    "requests": "the provider's sample: requests, one call at a time",
    "streams": "asyncio's streams and json: the floor",
}
AT_ONCE = {1: "one at a time", 8: "8 at a time", 100: "100 at a time"}
KINDS = {
    "waiters": "a waiter",
    "clients": "a client",
    "keys": "a key (`with_options`), not used yet",
    "busy": "a key that has just sent one text",
    "rested": "the same, its longest window over",
}


def document(found: dict[str, Any]) -> str:
    parts = (judged, more_at_once, requests, codecs, bulk, growth, full_rate, startup)
    return "\n".join([*opening(found), *(line for part in parts for line in part(found))])


def opening(found: dict[str, Any]) -> Iterator[str]:
    effort, minutes = found["effort"], sum(found["took_s"].values()) / 60
    yield from section(
        1,
        "Speed",
        f"""Made by `make {"bench-full" if effort["uvloop"] else "bench"}`; [speed.json](speed.json) has every round.
        Each rival runs in a fresh process, in {effort["rounds"]} rounds ({effort["long_rounds"]} of what takes long;
        many keys at their full rate, which takes real minutes, once). In each round there are two measurements of
        requests and of encoding: all rivals' processes take turns of a fraction of a second, those whose ratios are
        judged one right after the other, in an order drawn anew each round and then backwards, so that a busy moment of
        the machine hits all alike. Times are of the process's own CPU unless said otherwise. A ratio is the median of
        the ratios of measurements that stand beside each other; the middle half of these lies between the two numbers
        given with it.""",
        f"{found['machine']}; {', '.join(f'{name} {pin}' for name, pin in found['versions'].items())}. "
        f"When it began, {found['busy']:.1f} others wanted the processors; all of it took {minutes:.1f} minutes.",
    )


def section(level: int, title: str, *paragraphs: str) -> Iterator[str]:
    """A heading, and words in lines of the width of this repository's."""
    yield f"{'#' * level} {title}"
    yield ""
    for words in paragraphs:
        yield from wrap(" ".join(words.split()), 116, break_long_words=False, break_on_hyphens=False)
        yield ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'--:|' * (len(heads) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def judged(found: dict[str, Any]) -> Iterator[str]:
    yield from section(
        2,
        "Targets",
        """A request is sent one at a time: a client's own cost shows best where nothing is shared among many. Of a
        stream's growth and blocks the worst round counts, of all others the median.""",
    )
    rows = ([*target[:-1], "met" if target.met else "**missed**"] for target in targets(found))
    yield from table(["what", "target", "measured", "rounds", ""], rows)


def more_at_once(found: dict[str, Any]) -> Iterator[str]:
    yield "The same ratios with more requests at a time, of which no target speaks:"
    yield ""
    rows = []
    for what, mine, other, _ in BESIDE:
        for size in SIZES:
            ratios = [beside(found, mine, other, f"{size} {concurrency}") for concurrency in at_once(found)]
            rows.append([f"{size:,}: {what}", *(f"{each.middle:.2f} ({each.range})" for each in ratios)])
    yield from table(["CPU of a request for", *at_once(found).values()], rows)


def at_once(found: dict[str, Any]) -> dict[int, str]:
    """What was measured of ``AT_ONCE``."""
    return {concurrency: AT_ONCE[concurrency] for concurrency in found["effort"]["concurrencies"]}


def requests(found: dict[str, Any]) -> Iterator[str]:
    cost = found["requests"]
    yield from section(
        2,
        "A request",
        "![CPU of a request for 1, 100 and 1,000 numbers, by client](speed-request.svg)",
        """CPU in ms (in brackets: of httpx in the same event loop) for a request of so many numbers, over loopback to
        the same server, from so many tasks at once. Ours checks every phone, keeps the quota and gives an outcome for
        each number. There are as many connections as the libraries have by default: 8 for ours, 100 for the others.
        The provider's sample knows no event loop and sends one at a time.""",
    )
    loops = ("", "+uvloop") if found["effort"]["uvloop"] else ("",)
    for concurrency, words in at_once(found).items():
        heads = [f"{loop[1:]} {size:,}".strip() for loop in loops for size in SIZES]
        rows = []
        for name, title in NAMES.items():
            cells = [
                compared(cost, name + loop, "httpx" + loop, f"{size} {concurrency}") for loop in loops for size in SIZES
            ]
            if any(cells):
                rows.append([title, *cells])
        yield from table([words, *heads], rows)


def compared(cost: dict[str, Any], mine: str, other: str, cell: str) -> str:
    """The median, and in brackets how much it is of another's; nothing if it was not measured."""
    values = cost.get(mine, {}).get(cell)
    return f"{median(values):.2f} ({paired(values, cost[other][cell]).middle:.2f})" if values else ""


def codecs(found: dict[str, Any]) -> Iterator[str]:
    rivals = found["codecs"]
    yield from section(
        2,
        "Encoding and decoding",
        "![Time and memory of decoding, for each result, by library](speed-decode.svg)",
        """CPU in µs, and the peak of Python's memory in kB. Decoding, ours ends with an outcome for each number, held
        against what was asked; the others end with dicts, pydantic with models. What orjson keeps to itself meanwhile
        is not Python's memory, and not counted.""",
    )
    for what in ("decode", "encode"):
        rows = []
        for cell in (cell for cell in rivals["ours"] if cell.startswith(what)):
            both = [[median(each[unit] for each in rivals[n][cell]) for unit in ("us", "bytes")] for n in rivals]
            rows.append([f"{int(cell.split()[1]):,}", *(f"{us:,.1f} / {peak / 1e3:,.1f}" for us, peak in both)])
        yield from table([what, *("customersms_async" if name == "ours" else name for name in rivals)], rows)


def bulk(found: dict[str, Any]) -> Iterator[str]:
    yield from section(
        2,
        "Sending to many",
        """The HTTP client answers at once. `stream`: batches of 100; a campaign: batches of 1,000, from the adding to
        the last outcome, its ledger on the disk that the system keeps temporary files on. Growth is that of the peak
        memory, a block is CPU time for which the event loop could do nothing else; the worst round of both.""",
    )
    rows = []
    for kind in ("stream", "campaign"):
        each = found["bulk"][kind]
        speeds = [f"{median(rates(each, clock)):,.0f}" for clock in ("cpu_s", "wall_s")]
        worst = f"{max(each['growth_mb']):.1f} MB", f"{max(each['blocked_ms']):.1f} ms"
        rows.append([kind, f"{each['recipients']:,}", *speeds, *worst])
    yield from table(["", "recipients", "a CPU second", "a second", "growth", "longest block"], rows)


def growth(found: dict[str, Any]) -> Iterator[str]:
    yield from section(
        2,
        "As work grows",
        "![Time and memory of each when there are ten times as many: flat](speed-growth.svg)",
        "Few and ten times as many; in brackets the ratio, which is 1 where each costs the same.",
    )
    rows = []
    for kind, name in KINDS.items():
        few, many = found["growth"][kind]
        counts = f"{few['count']:,} → {many['count']:,}"
        cpu = "" if kind == "rested" else grown(few["us"], many["us"])
        rows.append([name, counts, cpu, grown(few["bytes"], many["bytes"])])
    few, many = found["bulk"]["a tenth"], found["bulk"]["stream"]
    counts = f"{few['recipients']:,} → {many['recipients']:,}"
    held = f"in all {median(few['growth_mb']):.1f} → {median(many['growth_mb']):.1f} MB"
    rows.append(["a recipient of `stream`", counts, grown(*(map(each_us, (few, many)))), held])
    yield from table(["", "how many", "CPU of each, µs", "memory of each, bytes"], rows)


def each_us(bulk: dict[str, Any]) -> list[float]:
    return [seconds / bulk["recipients"] * 1e6 for seconds in bulk["cpu_s"]]


def grown(few: Sequence[float], many: Sequence[float]) -> str:
    return f"{median(few):,.1f} → {median(many):,.1f} ({paired(many, few).middle:.2f})"


def full_rate(found: dict[str, Any]) -> Iterator[str]:
    each = found["full_rate"]
    limit = f"{each['requests']} requests in {each['window_s']} s"
    scaled = "" if each["window_s"] == 60 else " (the documented 100 a minute are too long for this short form)"
    yield from section(
        2,
        "Many keys at their full rate",
        f"""{each["keys"]:,} keys in one process, by `with_options` on one pool of the fast engine, each allowed {limit}
        {scaled} and with always one more text to send. The server, a process of its own, answers after 50 ms, and
        judges every key by its own clock: by rolling windows, by fixed windows begun at the worst of 24 moments, and by
        token buckets. *Kept from one* is the share of the time for which this process was ready to run and others had
        the processors. Measured once, for {each["seconds"]:.0f} s of real time after a first window in which the keys
        start.""",
    )
    yield from table(
        [
            "cores",
            "kept from one",
            "requests a second",
            "possible",
            "by a key in a window: least",
            "most",
            "refused",
            "peak memory",
        ],
        [
            [
                f"{each['cores']:.2f}",
                f"{each['queued']:.2f}",
                f"{each['a_second']:,.0f}",
                f"{each['possible']:,.0f}",
                f"{each['least']:g}",
                f"{each['most']:g}",
                " / ".join(f"{each['refused'][server]:,}" for server in ("rolling", "fixed", "bucket")),
                f"{each['peak_mb']:.0f} MB",
            ]
        ],
    )


def startup(found: dict[str, Any]) -> Iterator[str]:
    yield from section(2, "Starting")
    names = {
        "ours": "`import customersms_async`",
        "client": "`from customersms_async import AsyncClient`",
        "dependencies": "`import httpx, anyio, aiolimiter, msgspec`",
        "help": "`customersms --help`, the whole process",
        "typer": "`python -c 'import typer, rich'`, the whole process",
    }
    figures = {name: spread(found["startup"][name]) for name in names}
    yield from table(
        ["CPU", "ms", "rounds"],
        ([names[n], f"{each.middle:,.0f}", f"{each.low:,.0f} to {each.high:,.0f}"] for n, each in figures.items()),
    )
