"""What sends cost in instructions: ``python -m benchmarks.instructions [--write]``; needs valgrind.

Counts are the same on a busy machine as on an idle one, where seconds differ by a half. What is judged is each count
divided by that of the yardstick beside it, so that another build of Python matters less. ``counts.json`` holds the
figures that stand, by the version of Python; ``--write`` replaces them. Fails if one has grown by more than
``MOST_GROWTH``: then find out why, or say in the commit why it is worth it, and write the new one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.shared.processes import ROOT

FIGURES: Final = Path(__file__).with_name("counts.json")
MOST_GROWTH: Final = 1.05
YARDSTICK: Final = "yardstick"
COUNTED: Final = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
INSTRUCTIONS: Final = re.compile(r"I\s+refs:\s+([\d,]+)")


def counts() -> dict[str, float]:
    """The instructions of one piece of each kind of work."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*COUNTED, f"--log-file={folder}/%p", sys.executable, "-m", "benchmarks.instructions.work"]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own words
        of_sizes: dict[str, list[int]] = {}
        sizes: dict[str, int] = {}
        for line in done.stdout.splitlines():
            name, sizes[name], pid = json.loads(line)
            found = INSTRUCTIONS.search(Path(folder, str(pid)).read_text(encoding="utf-8"))
            assert found is not None
            of_sizes.setdefault(name, []).append(int(found[1].replace(",", "")))
    return {name: (large - small) / sizes[name] for name, (small, large) in of_sizes.items()}


def main() -> int:
    """Count, print, and compare with what stands or write it down."""
    version = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
    counted = counts()
    known = json.loads(FIGURES.read_text(encoding="utf-8"))
    standing = known.get(version, {})
    yardstick, grown = counted.pop(YARDSTICK), []
    print(f"{version}, instructions; in brackets: of the yardstick's, which are {yardstick:,.0f}")
    for name, count in counted.items():
        share, before = count / yardstick, standing.get(name)
        change = "" if before is None else f", {share / before - 1:+.1%} since it was written down"
        print(f"{name:30} {count:12,.0f} ({share:.4f}{change})")
        if before is not None and share > before * MOST_GROWTH:
            grown.append(name)
    if sys.argv[1:] == ["--write"]:
        known[version] = {name: round(count / yardstick, 4) for name, count in counted.items()}
        FIGURES.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        return 0
    if not standing:
        print(f"nothing was written down for {version}, so nothing is judged")
    for name in grown:
        print(f"{name} costs more than {MOST_GROWTH - 1:.0%} more than it did: see {FIGURES.name}")
    return len(grown)


if __name__ == "__main__":
    sys.exit(main())
