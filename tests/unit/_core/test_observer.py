"""The seam for whoever looks on: what it says, and who tells it."""

from __future__ import annotations

import re

from customersms_async._core.observer import Observer
from support.places import PACKAGE


def test_each_event_is_told_by_somebody_and_nobody_tells_of_another() -> None:
    events = {name for name in vars(Observer) if not name.startswith("_")}
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert set(re.findall(r"tell\((?:[\w.]+\.)?_?observer\.(\w+),", source)) == events
