"""The pages as zensical reads them, made of those that GitHub shows: their links lead to pages of the site.

A link that leads out of ``docs/`` brings what it leads to: a page, a folder, or a file, shown as it is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Final

from . import dialect
from .places import DOCS, HTML, PICTURES, ROOT, SOURCES, place_of

TOP: Final = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
RAW: Final = PICTURES | {".json", ".yml", ".css"}
"""What is given as it is; all else in ``docs/`` but pages is for those who build the site."""
LANGUAGES: Final = {".py": "python", ".yaml": "yaml", ".sql": "sql", ".toml": "toml"}
_LINK: Final = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
_OUTSIDE: Final = re.compile(r"[a-z]+:")


def stage() -> None:
    """Write all pages for zensical, and remove those that are gone."""
    written = {SOURCES / place: dialect.for_zensical(text).encode() for place, text in pages().items()}
    given = [file for file in DOCS.rglob("*") if file.suffix in RAW or file.name == "llms.txt"]
    given += [file for file in (ROOT / "examples").rglob("*") if file.suffix in PICTURES]
    written |= {SOURCES / place_of(_of_project(file)): file.read_bytes() for file in given}
    for path, content in written.items():
        if not path.exists() or path.read_bytes() != content:  # whoever watches is not told of what is as it was
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in SOURCES.rglob("*"):
        if path.is_file() and path not in written:
            path.unlink()


def publish() -> None:
    """Put the Markdown of each page beside it, for programs that read pages; what is made of docstrings has none."""
    for place, text in pages().items():
        if place.parts[0] != "reference":
            (HTML / place).write_text(text, encoding="utf-8")


def pages() -> dict[PurePosixPath, str]:
    """Every page of the project, and every one that these lead to, as Markdown, by its place."""
    todo = [*map(PurePosixPath, TOP), *(_of_project(page) for page in sorted(DOCS.rglob("*.md")))]
    found: dict[PurePosixPath, str] = {}
    while todo:
        file = todo.pop()
        if place_of(file) in found:
            continue
        if file.suffix == ".md":
            text, targets = _with_links(file, (ROOT / file).read_text(encoding="utf-8"))
        elif (ROOT / file).is_dir():
            text, targets = _with_links(file / "README.md", _listing(file))
        else:
            text, targets = _shown(file), set()
        found[place_of(file)] = text
        todo += [target for target in targets if place_of(target).suffix == ".md"]
    return found


def _with_links(file: PurePosixPath, text: str) -> tuple[str, set[PurePosixPath]]:
    """The text of a page with links as the site has them, and what of the project they lead to."""
    targets: set[PurePosixPath] = set()

    def led(match: re.Match[str]) -> str:
        if _OUTSIDE.match(match[0]):
            return match[0]
        target = _of_project(Path(os.path.normpath(ROOT / file.parent / match[0])))
        if not (ROOT / target).exists():
            return match[0]  # zensical says where it stands
        if (ROOT / target / "README.md").exists():
            target /= "README.md"
        targets.add(target)
        return os.path.relpath(place_of(target), place_of(file).parent).replace(os.sep, "/")

    return dialect.outside_code(text, lambda prose: _LINK.sub(led, prose)), targets


def _listing(folder: PurePosixPath) -> str:
    """A page for a folder that has none: what git has in it."""
    there = sorted(path.name for path in (ROOT / folder).iterdir() if path.name != "__pycache__")
    return f"# `{folder}/`\n\n" + "".join(f"- [{name}]({name})\n" for name in there)


def _shown(file: PurePosixPath) -> str:
    """A page that shows a file which is none."""
    text = (ROOT / file).read_text(encoding="utf-8").rstrip()
    return f"# `{file}`\n\n~~~~ {LANGUAGES.get(file.suffix, 'text')}\n{text}\n~~~~\n"


def _of_project(path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(ROOT).as_posix())
