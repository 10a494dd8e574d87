"""Mermaid's diagrams of the pages as pictures that need no script: moves between states, and floors upon floors.

GitHub draws the same blocks by itself. Only what these pages use of the language is read; anything else is an error.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final, NamedTuple

_MOVE: Final = re.compile(r" *(\S+) --> (\S+): (.+)")
_NODE: Final = re.compile(r'(\w+)\["(.+?)"\]')
_GROUP: Final = re.compile(r" *subgraph (\w+) \[(.+)\]")

LANE: Final = 98
"""Pixels from one state to the next: the longest name of one has room."""
ROW: Final = 34
TOP: Final = 44
LETTER: Final = 6.4
"""Pixels of a letter, in the mean, with some to spare: where a label would end."""


class UnreadableDiagramError(Exception):
    """A diagram says something that is not read here."""


class Move(NamedTuple):
    """An arrow from one state to another, with what makes it."""

    before: str
    after: str
    label: str


def drawn(diagram: str) -> str:
    """The picture of a diagram, as HTML."""
    kind, *lines = [line for line in diagram.splitlines() if line.strip()]
    if kind == "stateDiagram-v2":
        return _moves([_move(line) for line in lines])
    if kind == "flowchart TB":
        return _floors(lines)
    raise UnreadableDiagramError(kind)


def _move(line: str) -> Move:
    found = _MOVE.fullmatch(line)
    if not found:
        raise UnreadableDiagramError(line)
    return Move(*found.groups())


def _moves(moves: list[Move]) -> str:
    """A lane for each state, and below each other the moves from lane to lane, in the diagram's order."""
    names = list(dict.fromkeys(name for move in moves for name in (move.before, move.after)))
    at = {name: LANE // 2 + LANE * number for number, name in enumerate(names)}
    width, height = LANE * len(names), TOP + ROW * len(moves) + 10
    parts = [_lane(name, x, height) for name, x in at.items()]
    for number, move in enumerate(moves):
        parts.append(_arrow(at[move.before], at[move.after], TOP + ROW * number + 24, move.label, width))
    title = escape("; ".join(f"{move.before} to {move.after}: {move.label}" for move in moves))
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    picture = f'<svg class="moves" {size} role="img"><title>{title}</title>{"".join(parts)}</svg>'
    return f'<div class="diagram">{picture}</div>'


def _lane(name: str, x: int, height: int) -> str:
    """A state, at the top of a line; the one before all is a dot."""
    head = '<circle cx="{}" cy="18" r="6"/>' if name == "[*]" else '<text class="state" x="{}" y="22">{}</text>'
    return f'<line class="lane" x1="{x}" y1="30" x2="{x}" y2="{height}"/>{head.format(x, name)}'


def _arrow(begin: int, end: int, y: int, label: str, width: int) -> str:
    """One move: its arrow, and its label above it, which stays within the picture."""
    long = LETTER * len(label)
    left = min(max((begin + end - long) / 2, 4.0), max(width - long - 4, 4.0))
    if begin == end:
        path, tip = f"M{begin} {y}h16v8h-12", (end + 2, y + 8, 1)
    else:
        path, tip = f"M{begin} {y}H{end}", (end, y, 1 if end < begin else -1)
    x, tip_y, side = tip
    head = f"M{x} {tip_y}l{7 * side} -4v8z"
    return (
        f'<path class="arrow" d="{path}"/><path class="head" d="{head}"/><circle cx="{begin}" cy="{y}" r="2.5"/>'
        f'<text class="label" x="{left:.0f}" y="{y - 6}">{escape(label)}</text>'
    )


def _floors(lines: list[str]) -> str:
    """Boxes upon boxes, in the order in which they are named; those of a group stand beside each other."""
    parts: list[str] = []
    for line in lines:
        group = _GROUP.fullmatch(line)
        if group:
            parts.append(f'<div class="group"><div>{escape(group[2])}</div>')
        elif line.strip() == "end":
            parts.append("</div>")
        else:
            boxes = _NODE.findall(line)
            if not boxes and "-->" not in line:
                raise UnreadableDiagramError(line)
            parts += [f'<div class="box">{text}</div>' for _, text in boxes]
    return f'<div class="floors">{"".join(parts)}</div>'
