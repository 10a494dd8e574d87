"""One picture, written by hand as SVG: how many requests arrived in the last minute, over time, for two rivals."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTES, TOP, LIMIT = 13, 210, 100
LEFT, RIGHT, ABOVE, BELOW = 56.0, 28.0, 76.0, 52.0
WIDTH, HEIGHT = 860.0, 400.0

STYLE = """
  .paper { fill: #ffffff; stroke: #d1d9e0 }
  text { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
  .title { fill: #1f2328; font-size: 17px; font-weight: 600 }
  .plain { fill: #59636e; font-size: 13px }
  .grid { stroke: #d1d9e0; stroke-width: 1; opacity: .6 }
  .limit { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 6 4 }
  .limit-name { fill: #1f2328; font-size: 13px; font-weight: 600 }
  .ours { stroke: #0969da; fill: none; stroke-width: 2.5; stroke-linejoin: round }
  .ours-area { fill: #0969da; opacity: .12 }
  .ours-name { fill: #0969da; font-size: 13px; font-weight: 600 }
  .other { stroke: #d1242f; fill: none; stroke-width: 2; stroke-linejoin: round }
  .other-area { fill: #d1242f; opacity: .18 }
  .other-name { fill: #d1242f; font-size: 13px; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #3d444d }
    text { stroke: #0d1117 }
    .title, .limit-name { fill: #f0f6fc }
    .plain { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .limit { stroke: #f0f6fc }
    .ours { stroke: #4493f8 } .ours-area, .ours-name { fill: #4493f8 }
    .other { stroke: #ff7b72 } .other-area, .other-name { fill: #ff7b72 }
  }
"""


def x(seconds: float) -> float:
    return LEFT + seconds / (60 * MINUTES) * (WIDTH - LEFT - RIGHT)


def y(requests: float) -> float:
    return HEIGHT - BELOW - requests / TOP * (HEIGHT - ABOVE - BELOW)


def last_minute(arrivals: Sequence[float]) -> list[tuple[float, int]]:
    """For every pixel, the most requests that arrived in the minute before a moment of it."""
    points = [(at, +1) for at in arrivals] + [(at + 60, -1) for at in arrivals]
    moments = sorted(points)
    counts, count = [0], 0
    for _, change in moments:
        count += change
        counts.append(count)
    times = [at for at, _ in moments]
    step = 60 * MINUTES / (WIDTH - LEFT - RIGHT)
    line, before = [], 0
    for pixel in range(int(WIDTH - LEFT - RIGHT) + 1):
        now = bisect_right(times, pixel * step)
        line.append((pixel * step, max(counts[before : now + 1])))
        before = now
    return line


def path(line: Sequence[tuple[float, float]]) -> str:
    """A polyline without the points that lie on a straight line between their neighbours."""
    kept = [
        point
        for n, point in enumerate(line)
        if n in (0, len(line) - 1) or not line[n - 1][1] == point[1] == line[n + 1][1]
    ]
    return "M" + "L".join(f"{x(at):.0f} {y(requests):.1f}" for at, requests in kept)


def closed(line: Sequence[tuple[float, float]], floor: float) -> str:
    """The area between the line and ``floor``."""
    raised = [(at, max(floor, requests)) for at, requests in line]
    return f"{path(raised)}L{x(raised[-1][0]):.0f} {y(floor):.1f}L{x(0):.0f} {y(floor):.1f}Z"


def text(kind: str, across: float, down: float, words: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{across:.0f}" y="{down:.0f}" text-anchor="{anchor}">{words}</text>'


def axes() -> list[str]:
    lines = []
    for requests in range(0, TOP, 50):
        lines.append(f'<path class="grid" d="M{LEFT:.0f} {y(requests):.1f}H{WIDTH - RIGHT:.0f}"/>')
        lines.append(text("plain", LEFT - 10, y(requests) + 4, str(requests), "end"))
    down = HEIGHT - BELOW + 20
    minutes = [text("plain", x(60 * minute), down, str(minute), "middle") for minute in range(MINUTES + 1)]
    return [*lines, *minutes, text("plain", WIDTH - RIGHT, HEIGHT - 12, "minutes", "end")]


def draw(ours: Sequence[float], other: Sequence[float], story: str) -> str:
    """The picture; ``ours`` and ``other`` are arrival times in seconds, ascending."""
    blue, red = last_minute(ours), last_minute(other)
    peak_at, peak = max(red, key=lambda point: point[1])
    most = max(requests for _, requests in blue)
    marks = [
        text("title", 24, 34, "Requests that reached the server in the last minute"),
        text("plain", 24, 55, story),
        *axes(),
        f'<path class="other-area" d="{closed(red, LIMIT)}"/>',
        f'<path class="ours-area" d="{closed(blue, 0)}"/>',
        f'<path class="limit" d="M{LEFT:.0f} {y(LIMIT):.1f}H{WIDTH - RIGHT:.0f}"/>',
        f'<path class="other" d="{path(red)}"/>',
        f'<path class="ours" d="{path(blue)}"/>',
        text("other-name", x(peak_at) + 12, y(peak) + 16, "three stacked aiolimiter buckets:"),
        text("other-name", x(peak_at) + 12, y(peak) + 34, f"{peak} in one minute"),
        text("ours-name", x(60 * 2) + 12, y(62), "customersms_async:"),
        text("ours-name", x(60 * 2) + 12, y(62) + 18, f"never more than {most}"),
        text("limit-name", WIDTH - RIGHT, y(LIMIT) - 8, f"the limit, {LIMIT}", "end"),
    ]
    paper = f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1:.0f}" height="{HEIGHT - 1:.0f}" rx="8"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img"'
        f' font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">\n<title>{story}: at most'
        f" {most} requests a minute with customersms_async, {peak} with three stacked aiolimiter buckets</title>\n"
        f"<style>{STYLE}</style>\n" + "\n".join([paper, *marks]) + "\n</svg>\n"
    )
