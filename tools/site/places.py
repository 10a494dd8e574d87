"""Where the site is made, and where a file of the project stands in it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
BUILT: Final = ROOT / ".site"
"""The folder that git ignores; zensical.toml names both of its parts."""
SOURCES: Final = BUILT / "pages"
HTML: Final = BUILT / "html"
PICTURES: Final = frozenset({".svg", ".png"})


def place_of(file: PurePosixPath) -> PurePosixPath:
    """Where a file of the project stands among the site's sources; both paths are from the top.

    What is in ``docs/`` stands at the top of the site, and all else in a folder of its own. A Markdown page stays one,
    a README is the page of its folder, and a folder without one or a file of another kind is shown on a page. Pictures
    are given as they are, and so is everything in ``docs/``.
    """
    inside = file.parts[0] == "docs"
    place = PurePosixPath(*file.parts[1:]) if inside else PurePosixPath("project") / file
    if place.name == "README.md":
        return place.with_name("index.md")
    if inside or place.suffix == ".md" or place.suffix in PICTURES:
        return place
    return place / "index.md" if (ROOT / file).is_dir() else place.with_name(f"{place.name}.md")
