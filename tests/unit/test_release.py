"""What is built has the project's page and files, and is published by a workflow that nobody else can change."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from customersms_async._core.version import VERSION
from support.places import ROOT
from support.public_door import public_modules
from tools.release.api_changes import judge
from tools.release.distributions import lost_links, missing
from tools.release.package_page import PackagePage, on_the_index
from tools.release.sbom import named

AT = "https://forge.example/ours"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return found


needs_a_checkout = pytest.mark.skipif(not (ROOT / ".github").exists(), reason="an sdist has no workflows")


def test_a_link_to_another_page_leads_to_the_repository_at_this_version() -> None:
    page = "see [the\nclient](docs/client.md#errors), ![it](docs/a.png)"
    shown = on_the_index(page, AT, "1.2.3")
    assert shown == f"see [the\nclient]({AT}/blob/v1.2.3/docs/client.md#errors), ![it]({AT}/raw/v1.2.3/docs/a.png)"


def test_a_link_becomes_its_text_where_nobody_knows_the_repository() -> None:
    assert on_the_index("see [the client](docs/client.md), ![it](docs/a.png)", "", "1.2.3") == "see the client, it"


def test_links_to_other_sites_and_within_the_page_stay() -> None:
    page = "[it](https://customersms.pro) [below](#installing)"
    assert on_the_index(page, AT, "1.2.3") == on_the_index(page, "", "1.2.3") == page


@pytest.mark.parametrize("repository", ["", AT + "/"])
def test_the_page_that_is_built_is_the_readme(repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_REPOSITORY", repository)
    built: dict[str, Any] = {"version": VERSION}
    PackagePage(str(ROOT), {}).update(built)
    assert built["readme"]["text"].startswith("# customersms_async\n")
    assert set(built["urls"]) == ({"Documentation", "Source", "Changelog", "Issues"} if repository else set())
    assert not re.search(r"\]\((?!https://|#)", built["readme"]["text"])
    assert (f"{AT}/blob/v{VERSION}/docs/client.md" in built["readme"]["text"]) is bool(repository)


def test_what_an_sdist_says_stays() -> None:
    built = {"version": VERSION, "readme": "the sdist's", "urls": {"Source": AT}}
    PackagePage(str(ROOT), {}).update(built)
    assert built == {"version": VERSION, "readme": "the sdist's", "urls": {"Source": AT}}


def test_links_that_lead_nowhere_from_another_site_are_found() -> None:
    html = '<h2 id="user-content-b">B</h2><a href="docs/x.md">x</a> <img src="a.png"><a href="https://customersms.pro">it</a>'
    assert lost_links(html) == ["docs/x.md", "a.png"]
    assert lost_links(html + '<a href="#user-content-b">b</a><a href="#c">c</a>') == ["docs/x.md", "a.png", "#c"]


def test_a_file_that_an_sdist_lacks_is_found() -> None:
    tracked = [
        ".ci/run",
        ".github/workflows/ci.yml",
        ".pre-commit-config.yaml",
        ".gitignore",
        "README.md",
        "docs/new.md",
    ]
    assert missing(tracked, ["README.md", ".gitignore", "PKG-INFO"]) == ["docs/new.md"]


def test_a_list_of_what_is_brought_names_this_version() -> None:
    found = {"metadata": {"component": {"name": "ours"}}, "components": [{"name": "ours"}, {"name": "httpx"}]}
    listed = named(found, "1.2.3")
    assert listed["metadata"]["component"] == {"name": "ours", "version": "1.2.3", "purl": "pkg:pypi/ours@1.2.3"}
    assert listed["components"] == [{"name": "httpx"}]


def test_a_break_needs_a_reason_and_a_reason_a_break() -> None:
    assert list(judge(["a: gone"], {"a: gone": "deprecated since 0.2"})) == []
    assert list(judge(["a: gone"], {})) == ["breaks the API: a: gone"]
    assert list(judge(["a: gone"], {"a: gone": " "})) == ["has no reason: a: gone"]
    assert list(judge([], {"a: gone": "deprecated since 0.2"})) == ["is no break: a: gone"]


def test_the_citation_names_no_version_that_could_be_forgotten() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert not {"version", "date-released"} & set(cited)
    assert cited["license"] == PROJECT["license"]
    assert cited["authors"] == PROJECT["authors"]


def test_the_first_page_lists_every_extra_with_what_it_brings() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    extras = PROJECT["optional-dependencies"]
    assert set(rows) == set(extras)
    for extra in set(extras) - {"all", "dev"}:
        brings = rows[extra].lower().replace("opentelemetry's", "opentelemetry")
        for each in extras[extra]:
            name = re.match(r"[\w-]+(\[[\w,-]+\])?", each)
            assert name
            words = re.split(r"[-\[\],]", name[0].removeprefix("customersms-async"))
            assert any(word and word in brings for word in words), f"{extra}: {each}"
    assert set(extras["all"][0].partition("[")[2].rstrip("]").split(",")) | {"otel", "all", "dev"} == set(extras)


@needs_a_checkout
def test_every_python_of_the_classifiers_is_tested() -> None:
    pythons = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", each)]
    assert PROJECT["requires-python"] == f">={pythons[0]}"
    assert workflow("ci.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"] == pythons
    assert workflow("release.yml")["jobs"]["use"]["strategy"]["matrix"]["python"] == pythons


@needs_a_checkout
def test_a_release_runs_nothing_that_could_change_under_its_name() -> None:
    steps = [step for job in workflow("release.yml")["jobs"].values() for step in job["steps"] if "uses" in step]
    assert len(steps) > 5
    assert [step["uses"] for step in steps if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])] == []


@needs_a_checkout
def test_only_what_uploads_may_sign_and_it_runs_nothing_of_ours() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["publish"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["environment"] == "pypi"
    assert set(jobs["publish"]["needs"]) == {"test", "use"}
    assert [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]


def test_the_page_on_what_stays_lists_every_public_module() -> None:
    text = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(customersms_async[\w.]*)` \|", text, re.MULTILINE) == public_modules()
