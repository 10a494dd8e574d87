"""The package index's page: README.md with links that lead somewhere from there, and the project's addresses.

hatchling calls ``PackagePage`` when it builds. Links between the pages are relative, which only a checkout can follow:
they become addresses of the repository, at the tag of this version. The repository's address stands in no file, as a
fork has another: the release's workflow gives its own in ``SOURCE_REPOSITORY``. A build without it has no addresses,
and a link becomes its text. What an sdist says is kept by a wheel that is built from it, as hatchling reads PKG-INFO.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")
"""A link or picture (``!``) to another file: its text, and where it leads."""


def on_the_index(page: str, repository: str, version: str) -> str:
    """The page with addresses of ``repository`` in place of relative links; with their text alone if it is empty."""

    def replaced(match: re.Match[str]) -> str:
        picture, text, target = match.groups()
        if not repository:
            return text
        return f"{picture}[{text}]({repository}/{'raw' if picture else 'blob'}/v{version}/{target})"

    return LINK.sub(replaced, page)


def addresses(repository: str, version: str) -> dict[str, str]:
    """What the index shows beside the page, in its own words for them."""
    if not repository:
        return {}
    return {
        "Documentation": f"{repository}/blob/v{version}/README.md#where-to-read-on",
        "Source": repository,
        "Changelog": f"{repository}/blob/v{version}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


class PackagePage(MetadataHookInterface):
    """Sets ``readme`` and ``urls``, where an sdist has not set them already."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what is missing."""
        repository = os.environ.get("SOURCE_REPOSITORY", "").rstrip("/")
        page = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = on_the_index(page, repository, metadata["version"])
        metadata.setdefault("readme", {"content-type": "text/markdown", "text": text})
        metadata.setdefault("urls", addresses(repository, metadata["version"]))
