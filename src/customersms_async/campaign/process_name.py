"""The name of this process, as ledgers keep it."""

from __future__ import annotations

import os
import socket


def this_process() -> str:
    """Who runs a campaign, as its ledger names it."""
    return f"process {os.getpid()} on {socket.gethostname()}"
