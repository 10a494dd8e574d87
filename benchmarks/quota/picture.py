"""One picture, written by hand as SVG: how many requests arrived in the last minute, over time, for two rivals."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from benchmarks.shared.svg import WIDTH, page, text

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTES, TOP, LIMIT = 13, 210, 100
LEFT, RIGHT, ABOVE, BELOW = 56.0, 28.0, 76.0, 52.0
HEIGHT = 400.0


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
    both = f"{most} requests a minute with customersms_async, {peak} with three stacked aiolimiter buckets"
    return page(f"{story}: at most {both}", HEIGHT, marks)
