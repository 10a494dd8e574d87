"""A last look at the pages that were built: every link and picture is there, and nothing comes from elsewhere."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOADED: Final = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "object": "data"}
"""What a browser asks for by itself, by the element that names it."""
_IN_CSS: Final = re.compile(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\"']*")


class _Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in _LOADED and _LOADED[tag] in given:
            self.loads.append(given[_LOADED[tag]])


def faults(site: Path) -> list[str]:
    """Whatever is wrong with the pages in a folder, a line each."""
    pages = [page for page in sorted(site.rglob("*.html")) if page.name != "404.html"]  # whose links are the server's
    found = [f"{page.relative_to(site)}: {fault}" for page in pages for fault in _faults(page)]
    for sheet in sorted(site.rglob("*.css")):
        found += [f"{sheet.relative_to(site)}: {each}" for each in _IN_CSS.findall(sheet.read_text(encoding="utf-8"))]
    return found


@cache
def _page(path: Path) -> _Page:
    return _Page(path.read_text(encoding="utf-8"))


def _faults(page: Path) -> Iterator[str]:
    read = _page(page)
    for link in (*read.links, *read.loads):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            if link in read.loads and parts.scheme != "data":
                yield f"loads {link} from elsewhere"
            continue
        there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if there.is_dir():
            there /= "index.html"
        if not there.is_file():
            yield f"{link} is not there"
        elif parts.fragment and there.suffix == ".html" and unquote(parts.fragment) not in _page(there).anchors:
            yield f"{link} has no such anchor"
