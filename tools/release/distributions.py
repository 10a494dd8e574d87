"""Look at what was built: ``python -m tools.release.distributions dist``, the last part of ``make dist``.

twine and check-wheel-contents see to the form. What they leave: that every link and picture of the page leads somewhere
from the package index, and that the sdist has all the project's files, so that a part of the tests passes there, with
nothing of the checkout in reach; ``--test-with`` names the Python to run them by.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parent.parent.parent
ONLY_IN_A_CHECKOUT: Final = re.compile(r"\.(ci|github|pre-commit-config)\b")
ID: Final = re.compile(r'\bid="([^"]*)"')
LINK: Final = re.compile(r'\b(?:href|src)="([^"]*)"')
TESTS: Final = (
    *(
        "tests/unit/test_docs.py",
        "tests/unit/test_promises.py",
        "tests/unit/test_client.py",
        "tests/unit/test_errors.py",
    ),
    *("tests/unit/cli/files/test_sheets.py", "tests/socket/test_send_many.py"),
)
"""Some seconds' worth that reads pages, data and code. The release's workflow runs all of them."""


def missing(tracked: Iterable[str], packed: Iterable[str]) -> list[str]:
    """The project's files that an sdist lacks."""
    return sorted({name for name in tracked if not ONLY_IN_A_CHECKOUT.match(name)} - set(packed))


def lost_links(html: str) -> list[str]:
    """The links and pictures of a rendered page that lead nowhere from another site."""
    headings = {f"#{name}" for name in ID.findall(html)}
    return [target for target in LINK.findall(html) if not target.startswith("https://") and target not in headings]


def main() -> int:
    """Look, and say what is wrong."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("folder", type=Path)
    asks.add_argument("--test-with", metavar="PYTHON", help="one with the package's dependencies and pytest")
    asked = asks.parse_args()
    (sdist,) = asked.folder.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as folder, tarfile.open(sdist) as files:
        files.extractall(folder, filter="data")
        (unpacked,) = Path(folder).iterdir()
        wrong = list(_problems(unpacked))
        if not wrong and asked.test_with:
            wrong += _failed_tests(unpacked, asked.test_with)
    print(*wrong, f"{sdist.name} and its page: {len(wrong)} problems", sep="\n")
    return 1 if wrong else 0


def _problems(unpacked: Path) -> Iterator[str]:
    from readme_renderer import markdown  # as the index uses it; only `make dist` has it

    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if tracked.returncode:
        print("git lists no files here, so nobody looked for what the sdist lacks:", tracked.stderr.strip())
    packed = (str(path.relative_to(unpacked)) for path in unpacked.rglob("*"))
    yield from (f"the sdist lacks {name}" for name in missing(tracked.stdout.splitlines(), packed))
    page = message_from_bytes((unpacked / "PKG-INFO").read_bytes()).get_payload(decode=True)
    assert isinstance(page, bytes)
    html = markdown.render(page.decode())
    if not html:
        yield "the page can't be rendered"
    yield from (f"the page links to {target}" for target in lost_links(html or ""))


def _failed_tests(unpacked: Path, python: str) -> list[str]:
    command = [str(Path(python).absolute()), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    paths = os.pathsep.join([str(unpacked / "src"), str(unpacked)])
    ran = subprocess.run(command, cwd=unpacked, env=os.environ | {"PYTHONPATH": paths}, check=False)  # noqa: S603
    return ["the tests fail in the sdist"] if ran.returncode else []


if __name__ == "__main__":
    sys.exit(main())
