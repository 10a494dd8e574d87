"""What a platform lacks, and so which tests are skipped there, with the reason."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

WINDOWS: Final = sys.platform == "win32"
NO_POSIX: Final = "Windows has no forks, no POSIX signals, no pipes with names and no terminals like these"

needs_posix = pytest.mark.skipif(WINDOWS, reason=NO_POSIX)
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc, which only Linux has")
