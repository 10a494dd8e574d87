"""A change that would break somebody's program is found, compared with the tag before, in a repository of git."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from support.places import ROOT
from tools.release.api_changes import MEANT, PACKAGE, breaks, last_tag

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = """
class Base:
    def inherited(self): ...
class Client(Base):
    retries = 2
    def send(self, phone, *, max_wait=None): ...
    def close(self): ...
    def _private(self, phone): ...
"""
FILES = {
    "__init__.py": "from .client import Client\n__all__ = ['Client']",
    "client.py": CLIENT,
    "_signing.py": "def sign(text): ...",
    "quota/__init__.py": "from ._store import Store\n__all__ = ['Store']",
    "quota/_store.py": "class Store:\n    def take(self, key_id): ...",
    "quota/layers.py": "class Layer: ...",
    "cli/__init__.py": "def main(words): ...\n__all__ = ['main']",
}


class Repository:
    """A package like ours, under git, of which one version was released."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.git("init", "--quiet")
        for name, text in FILES.items():
            self.write(name, text)
        (place / MEANT).parent.mkdir(parents=True)
        (place / MEANT).write_text("", encoding="utf-8")
        self.commit()
        self.git("tag", "v0.1.0")

    def write(self, name: str, text: str) -> None:
        path = self.place / "src" / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, old: str, new: str, name: str = "client.py") -> None:
        assert old in FILES[name]
        self.write(name, FILES[name].replace(old, new))

    def git(self, *words: str) -> None:
        who = [part for name in ("user.name", "user.email") for part in ("-c", f"{name}=somebody")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        subprocess.run(["git", *who, *words], cwd=self.place, env=environment, check=True)  # noqa: S603, S607

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("-c", "commit.gpgsign=false", "commit", "--quiet", "--allow-empty", "--message", "change")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (", *, max_wait=None", "", "client.Client.send(max_wait): Parameter was removed"),
        ("max_wait=None", "max_wait", "client.Client.send(max_wait): Parameter is now required"),
        ("max_wait=None", "max_wait=5", "client.Client.send(max_wait): Parameter default was changed"),
        ("phone, *", "phone, text, *", "client.Client.send(text): Parameter was added as required"),
        ("def close", "def _close", "client.Client.close: Public object was removed"),
        ("    retries = 2\n", "", "client.Client.retries: Public object was removed"),
    ],
)
def test_a_break_is_found(repository: Repository, old: str, new: str, line: str) -> None:
    repository.change(old, new)
    assert breaks(repository.place, "v0.1.0") == [f"{PACKAGE}.{line}"]


def test_a_name_that_left_its_public_module_is_found(repository: Repository) -> None:
    repository.write("quota/__init__.py", "__all__ = ['OTHER']\nOTHER = 1")
    assert breaks(repository.place, "v0.1.0") == [f"{PACKAGE}.quota.Store: Public object was removed"]


def test_a_break_behind_a_public_name_is_found_wherever_it_is_made(repository: Repository) -> None:
    repository.change("key_id", "key", "quota/_store.py")
    found = breaks(repository.place, "v0.1.0")
    assert f"{PACKAGE}.quota._store.Store.take(key_id): Parameter was removed" in found


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("client.py", "max_wait=None", "max_wait=None, timeout=30.0"),
        ("client.py", "def _private(self, phone): ...", ""),
        ("_signing.py", "sign(text)", "sign()"),
        ("quota/layers.py", "class Layer: ...", ""),
        ("cli/__init__.py", "main(words)", "main()"),
        ("client.py", "class Client(Base):", "class Client(Base):\n    def inherited(self): ..."),
    ],
)
def test_what_is_private_new_or_the_command_line_s_breaks_nothing(
    repository: Repository, name: str, old: str, new: str
) -> None:
    repository.change(old, new, name)
    assert breaks(repository.place, "v0.1.0") == []


def test_a_release_is_compared_with_the_one_before_it(repository: Repository) -> None:
    assert last_tag(repository.place) is None  # the first one
    repository.commit()
    assert last_tag(repository.place) == "v0.1.0"
    repository.git("tag", "v0.2.0")
    assert last_tag(repository.place) == "v0.1.0"
    repository.commit()
    assert last_tag(repository.place) == "v0.2.0"


def test_a_break_that_is_meant_passes_with_its_reason_and_no_other_does(repository: Repository) -> None:
    def run() -> tuple[int, str]:
        command = [sys.executable, "-m", "tools.release.api_changes", "--repository", str(repository.place)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        return ran.returncode, ran.stdout

    assert run() == (0, "no tag to compare the API with\n")
    repository.change("def close", "def aclose")
    repository.commit()
    line = f"{PACKAGE}.client.Client.close: Public object was removed"
    status, said = run()
    assert (status, said.splitlines()[0]) == (1, f"breaks the API: {line}")
    reason = f"""
        ["v0.1.0"]
        "{line}" = "it is async now, and has warned since 0.0.9"
        """
    (repository.place / MEANT).write_text(textwrap.dedent(reason), encoding="utf-8")
    assert run() == (0, "1 breaks of the API since v0.1.0, 0 of them to be looked at\n")
