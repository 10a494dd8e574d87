"""The package with the lowest versions that it declares: ``python -m tools.lowest_versions``.

Makes a virtual environment in a temporary folder, installs exactly the lower bound of every dependency that
pyproject.toml names (those of the extras, too, and of what the tests need), and runs a part of the tests there that
touches each of them. What these dependencies bring themselves is the newest that fits, as pip has no way to ask for the
lowest. ``--only PACKAGE`` installs the newest of all others, to see which bound is wrong.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
EXTRAS = ("cli", "sandbox", "redis", "postgres", "fast", "phones", "xlsx", "otel", "metrics")
TOOLS = ("pytest", "pytest-asyncio", "hypothesis", "respx")
"""What the tests below are written with: not the package's dependencies, so the newest."""

TESTS = (
    "tests/unit/_core/test_answers.py",
    "tests/unit/_core/test_phone.py",
    "tests/unit/cli/files/test_sheets.py",
    "tests/unit/cli/send",
    "tests/unit/cli/test_option_group.py",
    "tests/unit/quota/test_memory.py",
    "tests/socket/sandbox/test_sandbox.py",
    "tests/socket/test_send_many.py",
    "tests/socket/test_fast.py",
    "tests/socket/quota/test_redis.py",
    "tests/socket/postgres/test_servers.py",
    "tests/socket/postgres/test_worker.py",
    "tests/socket/otel/test_metrics.py",
    "tests/socket/otel/test_collecting.py",
    "tests/process/cli/test_telemetry.py",
)


def lower_bounds() -> dict[str, str]:
    """Every direct dependency with its lower bound, or without one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    found = {}
    for each in map(Requirement, (*project["dependencies"], *(one for extra in EXTRAS for one in optional[extra]))):
        if each.name != project["name"] and (each.marker is None or each.marker.evaluate()):
            extras = f"[{','.join(sorted(each.extras))}]" if each.extras else ""
            lowest = [f"=={bound.version}" for bound in each.specifier if bound.operator == ">="]
            found[each.name] = f"{each.name}{extras}{''.join(lowest)}"
    return found


def main() -> int:
    """Install, test, and say how that ended."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--only", help="the one package of which the lowest version is tested")
    asked = asks.parse_args()
    bounds = lower_bounds()
    wanted = [pinned if asked.only in (None, name) else name for name, pinned in bounds.items()]
    print("installing", *wanted)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted, *TOOLS], check=True)  # noqa: S603 - our own words
        subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)  # noqa: S603
        tests = [python, "-m", "pytest", "-q", "-W", "default", "-p", "no:cacheprovider", *TESTS]
        return subprocess.run(tests, cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
