"""A picture of the dashboard's panels, drawn as SVG from what Prometheus answered: by day and by night."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.shared.svg import WIDTH, page, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .panels import Panel

_DAY: Final = ("#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#9a6700", "#1b7c83", "#59636e")
_NIGHT: Final = ("#4493f8", "#f0883e", "#3fb950", "#ab7df8", "#f778ba", "#d29922", "#39c5cf", "#9198a1")
_MARGIN, _GAP = 16.0, 12.0
_STAT, _CHART = 76.0, 214.0
_COLUMNS: Final = 2
_TOP, _LEFT, _RIGHT, _BOTTOM = 34.0, 52.0, 12.0, 46.0
"""Room in a chart's card for its title, the figures beside the lines, its end, and its times with the legend."""

STYLE: Final = (
    """
  .card { fill: #f6f8fa; stroke: #d1d9e0 }
  text { stroke-width: 0 }
  .name { fill: #1f2328; font-size: 12px; font-weight: 600 }
  .stat-name { fill: #1f2328; font-size: 11.5px; font-weight: 600 }
  .small { fill: #59636e; font-size: 11px }
  .good { fill: #1a7f37; font-size: 24px; font-weight: 600 }
  .bad { fill: #d1242f; font-size: 24px; font-weight: 600 }
  .wrong { stroke: #d1242f; stroke-width: 1.2; stroke-dasharray: 5 4 }
  .line { fill: none; stroke-width: 1.8; stroke-linejoin: round }
  .area { stroke: none; opacity: .45 }
"""
    + "".join(f"  .s{at} {{ stroke: {color} }} .f{at} {{ fill: {color} }}\n" for at, color in enumerate(_DAY))
    + """  @media (prefers-color-scheme: dark) {
    .card { fill: #151b23; stroke: #3d444d }
    .name, .stat-name { fill: #f0f6fc } .small { fill: #9198a1 } .good { fill: #3fb950 } .bad { fill: #ff7b72 }
    .wrong { stroke: #ff7b72 }
"""
    + "".join(f"    .s{at} {{ stroke: {color} }} .f{at} {{ fill: {color} }}\n" for at, color in enumerate(_NIGHT))
    + "  }\n"
)


class Line(NamedTuple):
    """One series: its name in the legend, and its values at seconds from the beginning."""

    name: str
    points: Sequence[tuple[float, float]]


class Chart(NamedTuple):
    """A panel, and what Prometheus answered to its questions."""

    panel: Panel
    lines: Sequence[Line]


class _Card(NamedTuple):
    """Where a chart lies, and how much its edges stand for."""

    left: float
    top: float
    width: float
    seconds: float
    most: float

    def x(self, seconds: float) -> float:
        return self.left + _LEFT + seconds / self.seconds * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return self.top + _CHART - _BOTTOM - value / self.most * (_CHART - _TOP - _BOTTOM)


def draw(said: str, stats: Sequence[Chart], charts: Sequence[Chart], seconds: float) -> str:
    """The picture: single figures in a row, and below them charts of so many seconds; ``said`` describes it."""
    width = (WIDTH - 2 * _MARGIN - (len(stats) - 1) * _GAP) / len(stats)
    marks = [
        mark for at, stat in enumerate(stats) for mark in _stat(stat, _MARGIN + at * (width + _GAP), _MARGIN, width)
    ]
    width = (WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
    down = _MARGIN + _STAT + _GAP
    for at, chart in enumerate(charts):
        left, top = _MARGIN + at % _COLUMNS * (width + _GAP), down + at // _COLUMNS * (_CHART + _GAP)
        marks += _chart(chart, _Card(left, top, width, seconds, _most(chart)))
    height = down + math.ceil(len(charts) / _COLUMNS) * (_CHART + _GAP) - _GAP + _MARGIN
    return page(said, height, marks, STYLE)


def written(value: float, unit: str) -> str:
    """A figure with its unit, in few letters."""
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit != "s":
        return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"
    if 0 < value < 1:
        return f"{value * 1e3:.0f} ms"
    return f"{value:.3g} s" if value < 90 else f"{value / 60:.0f} min" if value < 5_400 else f"{value / 3_600:.0f} h"


def _stat(chart: Chart, left: float, top: float, width: float) -> Iterator[str]:
    panel, value = chart.panel, chart.lines[0].points[-1][1]
    wrong = panel.warn is not None and (value < panel.warn if panel.low else value >= panel.warn)
    yield _box(left, top, width, _STAT)
    yield text("stat-name", left + 10, top + 24, panel.title)
    yield text("bad" if wrong else "good", left + 10, top + 58, written(value, panel.unit))


def _most(chart: Chart) -> float:
    """A round figure above all that is drawn."""
    lines = _stacked(chart.lines) if chart.panel.stacked else [line.points for line in chart.lines]
    highest = max((value for line in lines for _, value in line), default=0) or 1
    if chart.panel.unit == "percentunit":
        return max(1.0, highest)
    size: float = 10 ** math.floor(math.log10(highest))
    return next(size * each for each in (1, 2, 4, 6, 8, 10) if size * each >= highest * 1.04 or each == 10)


def _chart(chart: Chart, card: _Card) -> Iterator[str]:
    panel = chart.panel
    yield _box(card.left, card.top, card.width, _CHART)
    yield text("name", card.left + 12, card.top + 21, panel.title)
    for part in range(3):
        value = card.most * part / 2
        yield f'<path class="grid" d="M{card.x(0):.0f} {card.y(value):.1f}H{card.x(card.seconds):.0f}"/>'
        yield text("small", card.x(0) - 6, card.y(value) + 4, written(value, panel.unit), "end")
    for seconds in range(0, round(card.seconds) + 1, 30):
        anchor = "end" if seconds == card.seconds else "middle"
        yield text("small", card.x(seconds), card.top + _CHART - _BOTTOM + 16, f"{seconds} s", anchor)
    yield from _areas(chart.lines, card) if panel.stacked else _lines(chart.lines, card)
    if panel.warn is not None and panel.warn < card.most:
        yield f'<path class="wrong" d="M{card.x(0):.0f} {card.y(panel.warn):.1f}H{card.x(card.seconds):.0f}"/>'
    yield from _legend(chart.lines, card)


def _lines(lines: Sequence[Line], card: _Card) -> Iterator[str]:
    for at, line in enumerate(lines):
        if line.points:
            yield f'<path class="line s{at}" d="{_path(line.points, card)}"/>'


def _areas(lines: Sequence[Line], card: _Card) -> Iterator[str]:
    edges = _stacked(lines)
    floor = [(seconds, 0.0) for seconds, _ in edges[0]]
    for at, (below, above) in enumerate(pairwise([floor, *edges])):
        yield f'<path class="area f{at}" d="{_path(above, card)}L{_path(below[::-1], card)[1:]}Z"/>'
        yield f'<path class="line s{at}" d="{_path(above, card)}"/>'


def _stacked(lines: Sequence[Line]) -> list[list[tuple[float, float]]]:
    """The upper edge of each line's area, on top of those before it; a series that is not there counts nothing."""
    moments = sorted({seconds for line in lines for seconds, _ in line.points})
    values = [dict(line.points) for line in lines]
    heights = [list(accumulate(each.get(moment, 0.0) for each in values)) for moment in moments]
    return [[(moment, height[at]) for moment, height in zip(moments, heights, strict=True)] for at in range(len(lines))]


def _legend(lines: Sequence[Line], card: _Card) -> Iterator[str]:
    across, down = card.left + 12, card.top + _CHART - 11
    for at, line in enumerate(lines):
        yield f'<rect class="f{at}" x="{across:.0f}" y="{down - 8:.0f}" width="9" height="9" rx="2"/>'
        yield text("small", across + 13, down, line.name)
        across += 23 + 5.75 * len(line.name)


def _path(points: Iterable[tuple[float, float]], card: _Card) -> str:
    return "M" + "L".join(f"{card.x(at):.1f} {card.y(min(value, card.most)):.1f}" for at, value in points)


def _box(left: float, top: float, width: float, height: float) -> str:
    return f'<rect class="card" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"/>'
