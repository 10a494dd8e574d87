"""The site's table of pages, as zensical.toml has it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT: Final = ROOT / ".site" / "html"
"""Where `make docs` puts it."""


def navigation() -> list[tuple[str, str]]:
    """Every page in the order of the navigation: its name there, and its place among the site's pages."""
    config = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    return list(_pages(config["project"]["nav"]))


def _pages(entries: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        for name, value in entry.items():
            if isinstance(value, str):
                yield name, value
            else:
                yield from _pages(value)
