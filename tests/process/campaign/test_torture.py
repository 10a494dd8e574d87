"""The torture of campaigns, for half a minute; ``make torture`` runs it for longer."""

from __future__ import annotations

import subprocess
import sys

from support.places import ROOT


def test_nobody_is_texted_twice_lost_or_texted_although_suppressed() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tools.torture.campaigns", "--seconds", "20", "--people", "1500"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
