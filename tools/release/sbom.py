"""List what the wheel's extras bring: ``python -m tools.release.sbom dist`` writes a CycloneDX file beside the wheel.

The wheel is installed with all its extras into an environment of its own, and what is there then is listed: the newest
of everything that fits, as ``pip install`` would bring it on that day.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parent.parent.parent
TOOL: Final = "cyclonedx-bom==7.5.0"


def named(listed: dict[str, Any], version: str) -> dict[str, Any]:
    """The list with this package's version, which pyproject.toml does not say."""
    package = listed["metadata"]["component"]
    package |= {"version": version, "purl": f"pkg:pypi/{package['name']}@{version}"}
    listed["components"] = [each for each in listed["components"] if each["name"] != package["name"]]
    return listed


def main() -> int:
    """Install, list, and say where the list is."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("folder", type=Path)
    folder = asks.parse_args().folder
    (wheel,) = folder.glob("*.whl")
    version = wheel.name.split("-")[1]
    with tempfile.TemporaryDirectory() as temporary:
        tool = _installed(Path(temporary) / "tool", TOOL)
        shipped = _installed(Path(temporary) / "shipped", f"{wheel.absolute()}[all]")
        words = ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "library", "--output-reproducible"]
        command = [str(tool), "-m", "cyclonedx_py", "environment", *words, str(shipped)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    listed = named(json.loads(ran.stdout), version)
    target = folder / f"{wheel.name.split('-')[0]}-{version}.cdx.json"
    target.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    print(f"{target}: {len(listed['components'])} packages")
    return 0


def _installed(place: Path, what: str) -> Path:
    """The Python of a new environment with this and nothing else: pip itself stays outside."""
    venv.create(place)
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-qq", what], check=True)  # noqa: S603
    return python


if __name__ == "__main__":
    sys.exit(main())
