"""What the pictures share: their paper, their words, and colours that can be told apart by day and by night."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 860.0

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


def text(kind: str, across: float, down: float, words: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{across:.0f}" y="{down:.0f}" text-anchor="{anchor}">{escape(words)}</text>'


def page(said: str, height: float, marks: Iterable[str], style: str = "") -> str:
    """A picture with these marks on it; ``said`` is for who can't see it, ``style`` stands beside the common one."""
    paper = f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1:.0f}" height="{height - 1:.0f}" rx="8"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img"'
        f' font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">\n'
        f"<title>{escape(said)}</title>\n<style>{STYLE}{style}</style>\n" + "\n".join([paper, *marks]) + "\n</svg>\n"
    )
