"""Ports for servers that must be told theirs before they start, or that start again on it."""

from __future__ import annotations

import contextlib
import random
import socket

_NEVER_GIVEN = range(10_000, 32_768)
"""The system gives none of these to a socket that names no port: neither Linux does, nor macOS, nor Windows."""


def free_port() -> int:
    """A port on which nobody listens, and that neither a connection nor another test's server gets by chance."""
    while True:
        port = random.choice(_NEVER_GIVEN)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
