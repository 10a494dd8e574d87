"""Codes of outcomes as events and metrics have them: the gateway's may be anything, such as a number or a text."""

from __future__ import annotations

import re
from typing import Final

OTHER: Final = "_OTHER"
"""What stands for a value that is not shown, as in the conventions of OpenTelemetry."""

_CODE: Final = re.compile(r"HTTP_[1-9][0-9]{2}|[A-Z]{1,30}(?:_[A-Z]{1,30}){0,5}")


def shown_code(code: str | None) -> str | None:
    """A code of capital letters, or ``HTTP_502`` and the like; ``OTHER`` for what is none; ``None`` for no code."""
    return code if code is None or _CODE.fullmatch(code) else OTHER
