"""The torture of campaigns, for half a minute; ``make torture`` runs it for longer."""

from __future__ import annotations

import signal
import subprocess
import sys

from support.places import ROOT

TORTURE = ("-X", "faulthandler", "-u", "-m", "tools.torture.campaigns")
LONGEST = 240
"""Seconds, of which it takes 35: fewer than the 300 after which pytest ends its own process and says nothing of it."""


def test_nobody_is_texted_twice_lost_or_texted_although_suppressed() -> None:
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, *TORTURE, "--seconds", "20", "--people", "1500"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as torture:
        try:
            told, _ = torture.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            torture.send_signal(signal.SIGABRT)  # it says where it is
            told, _ = torture.communicate()
    assert torture.returncode == 0, told
