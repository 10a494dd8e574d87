"""The events that those who look on hear of: each is told by somebody."""

from __future__ import annotations

import re

from customersms_async import events
from support.places import PACKAGE


def test_each_event_is_told_by_somebody() -> None:
    kinds = {kind.__name__ for kind in vars(events).values() if getattr(kind, "__base__", None) is events.Event}
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert kinds <= set(re.findall(r"\b([A-Z]\w+)\(\s*key=", source))
