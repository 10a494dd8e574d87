"""Metrics as Prometheus gets them from a process, by HTTP."""

from __future__ import annotations

import contextlib
import http.client
import re

from support.real_time import PATIENCE


def scraped(port: int) -> str:
    """What Prometheus would get; nothing while nobody listens."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        except OSError:
            return ""


def figure(text: str, name: str, **labels: str) -> float:
    """The figure of a metric with these labels, among others; 0 if it is not there."""
    for line in text.splitlines():
        found = re.fullmatch(rf"{name}{{(.*)}} (\S+)", line)
        if found and all(f'{label}="{value}"' in found[1] for label, value in labels.items()):
            return float(found[2])
    return 0.0
