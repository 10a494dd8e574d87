"""The site, built strictly, and served to whoever writes it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from typing import Final

from . import checking, sources
from .places import HTML, ROOT, SOURCES

ZENSICAL: Final = (sys.executable, "-m", "zensical")
LOOKS: Final = 0.5
"""Seconds between two looks at the pages of the project while they are served."""


def build() -> int:
    """Make the site anew; 1 if a link, an anchor or a name leads nowhere, or if a page asks others for anything."""
    for folder in (SOURCES, HTML):
        shutil.rmtree(folder, ignore_errors=True)
    sources.stage()
    built = subprocess.run([*ZENSICAL, "build", "--clean", "--strict"], cwd=ROOT, check=False)  # noqa: S603
    if built.returncode:
        return 1
    sources.publish()
    wrong = checking.faults(HTML)
    print(*wrong, f"{len(list(HTML.rglob('*.html')))} pages in {HTML.relative_to(ROOT)}, {len(wrong)} faults", sep="\n")
    return 1 if wrong else 0


def serve() -> int:
    """Serve the site to this machine until Ctrl-C; pages are made anew as they are written."""
    sources.stage()
    with subprocess.Popen([*ZENSICAL, "serve"], cwd=ROOT) as server, contextlib.suppress(KeyboardInterrupt):  # noqa: S603
        try:
            while server.poll() is None:
                time.sleep(LOOKS)
                sources.stage()
        finally:
            server.terminate()
    return 0
