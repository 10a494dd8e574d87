"""One line for each request that a sandbox got: what was asked, and how many texts were accepted and refused.

Pure. No line holds a key, a number or a text: logs are kept, and copied into tickets. The inbox shows these.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from .arrivals import without_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .arrivals import Arrival
    from .replies import ServerAnswer
    from .schedule import PlannedFault

_LONGEST: Final = 80
"""Characters of a method or a path in a line."""


def request_line(method: str, path: str, given: ServerAnswer, new: Sequence[Arrival], keys: Iterable[str]) -> str:
    """``POST /sms_system/api.php 200: 3 numbers, 2 accepted, 1 refused (INVALID_NUMBER), fault BOM``."""
    fault = given.planned.fault.name if given.planned is not None else None
    status = next((arrival.status for arrival in new), given.status)
    told = [f"{len(new)} number{'' if len(new) == 1 else 's'}", *_counts(new)] if new else ["no numbers"]
    told += [f"fault {fault}"] if fault is not None else []
    asked = " ".join(_plain(word, keys) for word in (method, path))
    return f"{asked} {'no answer' if status is None else status}: {', '.join(told)}"


def cut_line(planned: PlannedFault) -> str:
    """The line for a connection that was cut before its request was read."""
    return f"a request was not read: fault {planned.fault.name}"


def _counts(new: Sequence[Arrival]) -> list[str]:
    accepted = sum(arrival.accepted for arrival in new)
    codes = Counter(arrival.code or arrival.fault or "no code" for arrival in new if not arrival.accepted)
    told = [f"{accepted} accepted"] if accepted else []
    return told + [f"{count} refused ({code})" for code, count in codes.items()]


def _plain(word: str, keys: Iterable[str]) -> str:
    """A word of the request line as one word without control characters and without a key."""
    shown = "".join(one if one.isprintable() and one != " " else "?" for one in without_keys(word, keys))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
