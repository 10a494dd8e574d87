"""Say which public names a change would break, compared with the last tag: ``make api``.

griffe reads both versions without running them. Public is what the package and the modules right below it export, but
for those with an underscore and the command line, which is no Python API; docs/stability.md says it in words. A break
that is meant stands in ``breaks.toml`` with its reason; one that stands there and is none is reported, too. griffe sees
names, kinds and parameters; whether an annotation has become narrower, ``tests/typing`` has to say.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import griffe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent.parent
PACKAGE: Final = "customersms_async"
MEANT: Final = Path("tools/release/breaks.toml")
NO_API: Final = {"cli"}


def last_tag(repository: Path) -> str | None:
    """The newest version's tag before the current commit: a release itself is compared with the one before it."""
    try:
        return _git(repository, "describe", "--tags", "--abbrev=0", "--match=v*", "HEAD^").decode().strip()
    except subprocess.CalledProcessError:
        return None  # there was no release yet, or the clone is a shallow one


def breaks(repository: Path, tag: str) -> list[str]:
    """Every break since ``tag``, a line each, sorted: the name, and what has become of it."""
    with tempfile.TemporaryDirectory() as folder:
        archive = _git(repository, "archive", tag, f"src/{PACKAGE}")
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        before, now = _load(Path(folder)), _load(repository)
        return sorted({_line(each) for each in griffe.find_breaking_changes(before, now)})


def judge(found: list[str], meant: Mapping[str, str]) -> Iterator[str]:
    """What is wrong: a break that nobody meant, a reason that is missing, or an entry without a break."""
    for line in found:
        if line not in meant:
            yield f"breaks the API: {line}"
        elif not meant[line].strip():
            yield f"has no reason: {line}"
    for line in meant:
        if line not in found:
            yield f"is no break: {line}"


def main() -> int:
    """Compare, and say how that ended."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--repository", type=Path, default=ROOT)
    asks.add_argument("--against", metavar="TAG", help="by default the last tag before the current commit")
    asked = asks.parse_args()
    tag = asked.against or last_tag(asked.repository)
    if tag is None:
        print("no tag to compare the API with")
        return 0
    found = breaks(asked.repository, tag)
    meant = tomllib.loads((asked.repository / MEANT).read_text(encoding="utf-8")).get(tag, {})
    wrong = list(judge(found, meant))
    print(*wrong, f"{len(found)} breaks of the API since {tag}, {len(wrong)} of them to be looked at", sep="\n")
    return 1 if wrong else 0


def _git(repository: Path, *words: str) -> bytes:
    ran = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, check=True)  # noqa: S603, S607
    return ran.stdout


def _load(root: Path) -> griffe.Object:
    loader = griffe.GriffeLoader(search_paths=[root / "src"], allow_inspection=False)
    package = loader.load(PACKAGE)
    loader.resolve_aliases(implicit=True, external=False)
    assert isinstance(package, griffe.Module)
    for module in package.modules.values():
        _hide(module, public=not module.name.startswith("_") and module.name not in NO_API)
    return package


def _hide(module: griffe.Object | griffe.Alias, *, public: bool) -> None:
    """Tell griffe which modules are public; what lies below those is not, whatever its name."""
    if not public:
        module.public = False
    for each in module.modules.values():
        _hide(each, public=False)


def _line(broken: griffe.Breakage) -> str:
    parameter = next((f"({each.name})" for each in _parameters(broken)), "")
    return f"{broken.obj.path}{parameter}: {broken.kind.value}"


def _parameters(broken: griffe.Breakage) -> Iterator[griffe.Parameter]:
    return (each for each in (broken.old_value, broken.new_value) if isinstance(each, griffe.Parameter))


if __name__ == "__main__":
    sys.exit(main())
