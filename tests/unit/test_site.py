"""The site has every page and every public name, and its own readers of pages see what GitHub's see."""

from __future__ import annotations

import html
import importlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import pytest

from support.places import DOCS, ROOT
from support.site import navigation
from tools.site import dialect, sources
from tools.site.checking import faults
from tools.site.pictures import UnreadableDiagramError, drawn
from tools.site.places import place_of
from tools.site.reference import directives

if TYPE_CHECKING:
    from pathlib import Path

DOORS: Final = (
    "customersms_async",
    *(f"customersms_async.{name}" for name in ("campaign", "events", "idempotency", "models", "otel", "quota")),
    *(f"customersms_async.{name}" for name in ("sandbox", "segments", "suppression", "testing")),
)
"""The public modules that say what they export; ``errors`` and ``fast`` are public, too, and say nothing."""
MORE = {"customersms_async.fast.FastClient", "customersms_async.campaign.protocol.CampaignLedger"}


def test_every_page_is_in_the_navigation() -> None:
    pages = [*map(PurePosixPath, sources.TOP), *(page.relative_to(ROOT) for page in sorted(DOCS.rglob("*.md")))]
    places = [place for _, place in navigation()]
    assert sorted(places) == sorted(str(place_of(PurePosixPath(page))) for page in pages)


def test_llms_txt_names_every_page_in_the_order_of_the_navigation() -> None:
    text = (DOCS / "llms.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S", text, re.MULTILINE)
    assert lines == [re.sub(r"^(reference/.*)\.md$", r"\1.html", place) for _, place in navigation()]
    assert text.startswith("# customersms_async\n\n> ")


def test_every_public_name_has_one_place_in_the_reference() -> None:
    shown = directives()
    assert len(shown) == len(set(shown))
    objects = [_value(name) for name in shown]
    for door in DOORS:
        module = importlib.import_module(door)
        for name in module.__all__:
            value = getattr(module, name)
            places = [place for place, other in zip(shown, objects, strict=True) if other is value]
            assert len(places) == 1, f"{module.__name__}.{name} is shown at {places}"
    assert set(shown) >= MORE


def _value(place: str) -> object:
    module, _, name = place.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("docs/client.md", "client.md"),
        ("docs/decisions/README.md", "decisions/index.md"),
        ("docs/quota.svg", "quota.svg"),
        ("README.md", "project/index.md"),
        ("SECURITY.md", "project/SECURITY.md"),
        ("examples", "project/examples/index.md"),
        ("examples/send_to_list.py", "project/examples/send_to_list.py.md"),
    ],
)
def test_each_file_has_a_place_in_the_site(file: str, place: str) -> None:
    assert str(place_of(PurePosixPath(file))) == place


def test_links_lead_to_places_in_the_site_and_code_stays_as_it_is() -> None:
    pages = sources.pages()
    assert "](project/examples/index.md)" in pages[PurePosixPath("index.md")]
    assert "](../campaigns.md#the-ledger)" in pages[PurePosixPath("decisions/sqlite-and-its-locks.md")]
    assert "](../client.md)" in pages[PurePosixPath("project/index.md")]
    assert "async def main() -> int:" in pages[PurePosixPath("project/examples/send_to_list.py.md")]
    code = "`[a](docs/b.md)`\n\n```text\n[a](docs/b.md)\n```\n"
    assert dialect.outside_code(code, lambda prose: prose.replace("docs/", "")) == code


@pytest.mark.parametrize("page", ["architecture.md", "campaigns.md", "idempotency.md"])
def test_a_diagram_is_drawn_with_all_that_it_says(page: str) -> None:
    blocks = re.findall(r"^```mermaid\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        picture = drawn(block)
        for text in re.findall(r'"(.+?)"', block):
            assert f">{text}</div>" in picture
        labels = re.findall(r"--> \S+: (.+)$", block, re.MULTILINE)
        assert [html.unescape(each) for each in re.findall(r'class="label"[^>]*>([^<]+)<', picture)] == labels


@pytest.mark.parametrize("diagram", ["flowchart LR\na --> b", "stateDiagram-v2\nnote right of a", "flowchart TB\na(b)"])
def test_a_diagram_that_is_not_understood_is_an_error(diagram: str) -> None:
    with pytest.raises(UnreadableDiagramError):
        drawn(diagram)


def test_what_is_wrong_with_a_built_page_is_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<h1 id="top">Good</h1><a href="wrong.html#here">there</a>', encoding="utf-8")
    (tmp_path / "wrong.html").write_text(
        '<p id="here"><a href="gone.html">1</a><a href="good.html#gone">2</a><img src="https://elsewhere.example/a.png">'
        '<a href="https://elsewhere.example">an outside link is nobody\'s request</a><img src="gone.svg">',
        encoding="utf-8",
    )
    (tmp_path / "site.css").write_text("@import 'https://elsewhere.example/font.css';", encoding="utf-8")
    assert faults(tmp_path) == [
        "wrong.html: gone.html is not there",
        "wrong.html: good.html#gone has no such anchor",
        "wrong.html: loads https://elsewhere.example/a.png from elsewhere",
        "wrong.html: gone.svg is not there",
        "site.css: @import 'https://elsewhere.example/font.css",
    ]
