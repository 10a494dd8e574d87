"""The torture of campaigns, for half a minute; ``make torture`` runs it for longer."""

from __future__ import annotations

import subprocess
import sys

from support.places import ROOT

TOOL = ROOT / "tools" / "torture_campaign.py"


def test_nobody_is_texted_twice_lost_or_texted_although_suppressed() -> None:
    ended = subprocess.run(  # noqa: S603 - our own tool
        [sys.executable, str(TOOL), "--seconds", "20", "--people", "1500"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
