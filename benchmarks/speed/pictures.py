"""Three pictures of the figures of ``speed``: a request by client, decoding by library, and cost as work grows."""

from __future__ import annotations

from math import ceil, floor, log10
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.shared.ratios import paired
from benchmarks.shared.svg import WIDTH, page, text
from benchmarks.speed.report import each_us

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STYLE = """
  .bar { fill: #8c959f } .ours-bar { fill: #0969da }
  .mark { stroke: #1f2328; stroke-width: 1; stroke-dasharray: 3 3 }
  .value { fill: #1f2328; font-size: 12px }
  .third, .fourth { fill: none; stroke-width: 2 } .third { stroke: #1a7f37 } .fourth { stroke: #8250df }
  .third-name, .fourth-name { font-size: 13px; font-weight: 600 }
  .third-name { fill: #1a7f37 } .fourth-name { fill: #8250df }
  @media (prefers-color-scheme: dark) {
    .bar { fill: #6e7681 } .ours-bar { fill: #4493f8 }
    .mark { stroke: #f0f6fc }
    .value { fill: #f0f6fc }
    .third { stroke: #3fb950 } .third-name { fill: #3fb950 }
    .fourth { stroke: #ab7df8 } .fourth-name { fill: #ab7df8 }
  }
"""
CLIENTS = {
    "ours": "customersms_async",
    "fast": "the same, fast engine",
    "httpx": "httpx",
    "httpx without sniffio": "httpx without sniffio",
    "httpx and msgspec": "httpx with msgspec",
    "httpx2": "httpx2",
    "aiohttp": "aiohttp",
    "requests": "requests, blocking",
    "streams": "bare asyncio streams",
}
WORK = {"waiters": "a waiter", "clients": "a client", "keys": "an unused key", "busy": "a key that has sent"}
LINES = {"ours": "ours", "json": "other", "orjson": "third", "pydantic": "fourth"}
NAMES, MARGIN, ABOVE, ROW = 190.0, 24.0, 106.0, 26.0
"""Where bars begin, the paper's margin, where the first row or line begins, a row's height."""

Bar = tuple[float, str]


class Bars(NamedTuple):
    """One column of bars: its head, a bar with its words for each row, and where the mark stands."""

    head: str
    bars: Sequence[Bar | None]
    mark: float


def pictures(found: dict[str, Any]) -> dict[str, str]:
    """By file name."""
    return {
        "speed-request.svg": request(found["requests"]),
        "speed-decode.svg": decode(found["codecs"]),
        "speed-growth.svg": growth(found),
    }


def request(cost: dict[str, Any]) -> str:
    columns = []
    for size in (1, 100, 1_000):
        times = {name: median(cost[name][f"{size} 1"]) for name in CLIENTS}
        bars = [(time, f"{time:.2f}") for time in times.values()]
        columns.append(Bars(f"{size:,} number{'s' if size > 1 else ''}", bars, times["httpx"]))
    title = "CPU of a request, in milliseconds"
    story = "One request at a time to the same server on the loopback; the dashed line is httpx"
    said = ", ".join(f"{name} {bar[1]}" for name, bar in zip(CLIENTS.values(), columns[0].bars, strict=True) if bar)
    return in_columns(title, story, f"{title}: {said}", list(CLIENTS.values()), columns, blue=2)


def growth(found: dict[str, Any]) -> str:
    rows = {name: found["growth"][kind] for kind, name in WORK.items()}
    few, many = found["bulk"]["a tenth"], found["bulk"]["stream"]
    time = [ratio(pair[0]["us"], pair[1]["us"], "µs") for name, pair in rows.items()]
    time.append(ratio(each_us(few), each_us(many), "µs"))
    memory: list[Bar | None] = [ratio(pair[0]["bytes"], pair[1]["bytes"], "bytes") for name, pair in rows.items()]
    title = "Ten times as many: the cost of each, as a ratio"
    story = "The dashed line is 1: each costs what it did. A stream keeps no memory for each recipient"
    columns = [Bars("CPU of each", time, 1), Bars("memory of each", [*memory, None], 1)]
    said = f"{title}: {', '.join(f'{name} {bar[0]:.2f}' for name, bar in zip([*rows, 'recipient'], time, strict=True))}"
    return in_columns(title, story, said, [*rows, "a streamed recipient"], columns, blue=5)


def ratio(few: Sequence[float], many: Sequence[float], unit: str) -> Bar:
    value = paired(many, few).middle
    return value, f"{value:.2f}: {short(median(few))} to {short(median(many))} {unit}"


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def in_columns(title: str, story: str, said: str, names: Sequence[str], columns: Sequence[Bars], blue: int) -> str:
    """Rows of bars, all of one scale; the first ``blue`` are ours."""
    most = max(bar[0] for column in columns for bar in column.bars if bar)
    words = 7.0 * max(len(bar[1]) for column in columns for bar in column.bars if bar)
    wide = (WIDTH - NAMES - MARGIN) / len(columns)
    down = ABOVE + ROW * len(names)
    marks = [text("title", MARGIN, 34, title), text("plain", MARGIN, 55, story)]
    for number, name in enumerate(names):
        marks.append(
            text("ours-name" if number < blue else "plain", NAMES - 10, ABOVE + ROW * number + 17, name, "end")
        )
    for place, column in enumerate(columns):
        left, scale = NAMES + wide * place, (wide - words - 14) / most
        marks.append(text("limit-name", left, ABOVE - 10, column.head))
        for number, bar in enumerate(column.bars):
            if bar is not None:
                place_of = f'x="{left:.0f}" y="{ABOVE + ROW * number + 4:.0f}" width="{bar[0] * scale:.1f}"'
                marks.append(f'<rect class="{"ours-bar" if number < blue else "bar"}" {place_of} height="18" rx="2"/>')
        at = left + column.mark * scale
        marks.append(f'<path class="mark" d="M{at:.1f} {ABOVE - 2:.0f}V{down + 2:.0f}"/>')
        for number, bar in enumerate(column.bars):
            if bar is not None:
                marks.append(text("value", left + bar[0] * scale + 6, ABOVE + ROW * number + 17, bar[1]))
    return page(said, down + 20, marks, STYLE)


def decode(rivals: dict[str, Any]) -> str:
    """Two charts beside each other, both axes logarithmic: time and peak memory of each result."""
    cells = [cell for cell in rivals["ours"] if cell.startswith("decode")]
    title = "Decoding an answer: what each result costs"
    story = "Ours ends with an outcome for each number, held against what was asked; the others with dicts or models"
    marks = [text("title", MARGIN, 34, title), text("plain", MARGIN, 55, story)]
    for place, (unit, head) in enumerate({"us": "µs of CPU", "bytes": "bytes of Python's memory, at the peak"}.items()):
        lines = {
            name: [(int(cell.split()[1]), median(each[unit] for each in rivals[name][cell])) for cell in cells]
            for name in LINES
        }
        each = {name: [(count, value / count) for count, value in line] for name, line in lines.items()}
        marks += chart(MARGIN + (WIDTH - MARGIN) / 2 * place, head, each)
    last = {name: median(one["us"] for one in rivals[name][cells[-1]]) / int(cells[-1].split()[1]) for name in LINES}
    return page(f"{title}: {', '.join(f'{n} {value:.2f} µs' for n, value in last.items())}", 400, marks, STYLE)


def chart(left: float, head: str, lines: dict[str, list[tuple[int, float]]]) -> Iterator[str]:
    start, end, top, bottom = left + 52, left + (WIDTH - MARGIN) / 2 - 172, ABOVE, 352.0
    values = [value for line in lines.values() for _, value in line]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    most = max(count for line in lines.values() for count, _ in line)

    def x(count: float) -> float:
        return start + (end - start) * log10(count) / log10(most)

    def y(value: float) -> float:
        return bottom - (bottom - top) * (log10(value) - low) / (high - low)

    yield text("limit-name", left, ABOVE - 14, head)
    for power in range(low, high + 1):
        yield f'<path class="grid" d="M{start:.0f} {y(10**power):.1f}H{end:.0f}"/>'
        yield text("plain", start - 8, y(10**power) + 4, f"{10**power:,g}", "end")
    for power in range(round(log10(most)) + 1):
        count = 10**power
        yield text("plain", x(count), bottom + 20, f"{count:,}" if count < 1_000 else f"{count // 1_000}k", "middle")
    yield text("plain", end, bottom + 38, "results in the answer", "end")
    for name, line in lines.items():
        yield f'<path class="{LINES[name]}" d="M{"L".join(f"{x(n):.1f} {y(value):.1f}" for n, value in line)}"/>'
    below = top - 20
    for name in sorted(lines, key=lambda name: -lines[name][-1][1]):
        value = lines[name][-1][1]
        below = max(below + 17, y(value) + 4)
        said = "customersms_async" if name == "ours" else name
        yield text(f"{LINES[name]}-name", end + 8, below, said)
