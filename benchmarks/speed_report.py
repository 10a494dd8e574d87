"""The figures of ``speed`` as a page."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAMES = {
    "ours": "customersms_async",
    "fast": "customersms_async, fast engine",
    "httpx": "httpx, `json=` and `.json()`",
    "httpx without sniffio": "the same without sniffio, as `pip install httpx` leaves it",
    "httpx and msgspec": "httpx, with msgspec for JSON",
    "httpx2": "httpx2, `json=` and `.json()`",
    "aiohttp": "aiohttp, `json=` and `.json()`",
    "requests": "requests, one call at a time",
    "streams": "asyncio's streams and json: the floor",
    "ours+uvloop": "customersms_async, in uvloop",
    "fast+uvloop": "customersms_async, fast engine, in uvloop",
    "httpx+uvloop": "httpx, in uvloop",
}
SIZES = (1, 100, 1_000)
KINDS = {
    "waiters": "a waiter",
    "clients": "a client",
    "keys": "a key (`with_options`), idle",
    "busy": "a key that has sent one text",
}

Target = tuple[str, str, float, bool]


def document(found: dict[str, Any]) -> str:
    effort = found["effort"]
    return "\n".join(
        [
            "# Speed",
            "",
            "Made by `benchmarks/speed.py`. Each rival runs in a fresh process, in turns. Figures are",
            f"medians of {effort['rounds']} rounds (fewer of the long runs), of the process's own CPU time.",
            "",
            f"{found['machine']}; {', '.join(f'{name} {pin}' for name, pin in found['versions'].items())}.",
            "",
            "## Targets",
            "",
            *table(["what", "target", "measured", ""], map(judged, targets(found))),
            *requests(found),
            *codecs(found),
            *bulk(found),
            *growth(found),
            *startup(found),
        ]
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'--:|' * (len(heads) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def judged(target: Target) -> list[str]:
    what, bound, value, met = target
    return [what, bound, f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}", "met" if met else "**missed**"]


def targets(found: dict[str, Any]) -> Iterator[Target]:
    cost, bulk = found["requests"], found["bulk"]

    def most(what: str, value: float, bound: float, unit: str = "") -> Target:
        return what, f"at most {bound:g}{unit}", value, value <= bound

    def least(what: str, value: float, bound: float) -> Target:
        return what, f"at least {bound:,}", value, value >= bound

    for mine, other, bounds in (
        ("ours", "httpx", (1.15, 1.10, 1.05)),
        ("ours", "httpx without sniffio", (0.85, 0.85, 0.90)),
        ("fast", "httpx", (0.35, 0.40, 0.70)),
    ):
        for size, bound in zip(SIZES, bounds, strict=True):
            value = median(cost[mine][f"{size} 1"]) / median(cost[other][f"{size} 1"])
            yield most(f"a request for {size:,}, one at a time: {NAMES[mine]}, of {other}", value, bound)
    decode = [middle(found["codecs"][name]["decode 1000"], "us") for name in ("ours", "json")]
    yield most("1,000 results into outcomes, of `json.loads`", decode[0] / decode[1], 1.0)
    stream, campaign, keys = bulk["stream"], bulk["campaign"], found["growth"]["keys"][1]
    yield least("`stream`: recipients a CPU second", stream["recipients"] / stream["cpu_s"], 150_000)
    yield most("`stream`: growth", stream["growth_mb"], 25, " MB")
    yield most("`stream`: longest block", stream["blocked_ms"], 20, " ms")
    yield least("campaign, adding included: recipients a second", campaign["recipients"] / campaign["wall_s"], 20_000)
    yield most(f"{keys['count']:,} keys: bytes each", keys["bytes"], 2_048)
    startup = found["startup"]
    yield most("import, of the four dependencies'", median(startup["ours"]) / median(startup["dependencies"]), 1.15)


def middle(rounds: list[dict[str, float]], name: str) -> float:
    return median(each[name] for each in rounds)


def requests(found: dict[str, Any]) -> Iterator[str]:
    cost = found["requests"]
    yield "## A request"
    yield ""
    yield "CPU in ms (in brackets: of httpx) for a request of so many numbers, over loopback to the same server, from"
    yield "so many tasks at once. Ours checks every phone, keeps the quota and gives an outcome for each number. There"
    yield "are as many connections as the libraries have by default: 8 for ours, 100 for the others."
    yield ""
    for concurrency in (1, 8, 100):
        heads = [f"{concurrency} at a time" if concurrency > 1 else "one at a time", *(f"{size:,}" for size in SIZES)]
        rows = []
        for name, cells in cost.items():
            if f"1 {concurrency}" not in cells:
                continue
            times = [(median(cells[f"{n} {concurrency}"]), median(cost["httpx"][f"{n} {concurrency}"])) for n in SIZES]
            rows.append([NAMES[name], *(f"{mine:.2f} ({mine / other:.2f})" for mine, other in times)])
        yield from table(heads, rows)


def codecs(found: dict[str, Any]) -> Iterator[str]:
    rivals = found["codecs"]
    yield "## Encoding and decoding"
    yield ""
    yield "CPU in µs, and the peak of Python's memory in kB. Decoding, ours ends with an outcome for each number, held"
    yield "against what was asked; the others end with dicts, pydantic with models."
    yield ""
    for what in ("decode", "encode"):
        rows = []
        for cell in (cell for cell in rivals["ours"] if cell.startswith(what)):
            both = [(middle(rivals[n][cell], "us"), middle(rivals[n][cell], "bytes") / 1e3) for n in rivals]
            rows.append([f"{int(cell.split()[1]):,}", *(f"{us:,.1f} / {peak:,.1f}" for us, peak in both)])
        yield from table([what, *("customersms_async" if name == "ours" else name for name in rivals)], rows)


def bulk(found: dict[str, Any]) -> Iterator[str]:
    yield "## Sending to many"
    yield ""
    yield "The HTTP client answers at once. `stream`: batches of 100; a campaign: batches of 1,000, from the adding to"
    yield "the last outcome, its ledger on disk."
    yield ""
    rows = []
    for kind in ("stream", "campaign"):
        each = found["bulk"][kind]
        rates = [f"{each['recipients'] / each[clock]:,.0f}" for clock in ("cpu_s", "wall_s")]
        rows.append(
            [kind, f"{each['recipients']:,}", *rates, f"{each['growth_mb']:.1f} MB", f"{each['blocked_ms']:.1f} ms"]
        )
    yield from table(["", "recipients", "a CPU second", "a second", "growth", "longest block"], rows)


def growth(found: dict[str, Any]) -> Iterator[str]:
    yield "## As work grows"
    yield ""
    rows = []
    for kind, name in KINDS.items():
        few, many = found["growth"][kind]
        rows.append(
            [
                name,
                f"{few['count']:,} → {many['count']:,}",
                *(f"{few[n]:,.1f} → {many[n]:,.1f} ({many[n] / few[n]:.2f})" for n in ("us", "bytes")),
            ]
        )
    few, many = found["bulk"]["a tenth"], found["bulk"]["stream"]
    cost = [each["cpu_s"] / each["recipients"] * 1e6 for each in (few, many)]
    rows.append(
        [
            "a recipient of `stream`",
            f"{few['recipients']:,} → {many['recipients']:,}",
            f"{cost[0]:,.1f} → {cost[1]:,.1f} ({cost[1] / cost[0]:.2f})",
            f"in all {few['growth_mb']:.1f} → {many['growth_mb']:.1f} MB",
        ]
    )
    yield from table(["", "how many", "CPU of each, µs", "memory of each, bytes"], rows)


def startup(found: dict[str, Any]) -> Iterator[str]:
    yield "## Starting"
    yield ""
    names = {
        "ours": "`import customersms_async`",
        "dependencies": "`import httpx, anyio, aiolimiter, msgspec`",
        "help": "`customersms --help`, the whole process",
    }
    yield from table(["CPU", "ms"], ([names[name], f"{median(found['startup'][name]):,.0f}"] for name in names))
