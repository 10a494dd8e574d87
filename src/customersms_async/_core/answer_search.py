"""The one answer in a page that PHP, or a proxy, wrote around it: warnings ahead of the JSON, a byte order mark."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .written_json import text_of

if TYPE_CHECKING:
    from .steps import Steps

MOST_OBJECTS: Final = 100
"""JSON objects that a page is searched through: a body of nothing but ``{}`` would stop the event loop for seconds."""

_OBJECT: Final = re.compile(r'\{ *+\s*+["}]')
_OF_ANSWERS_OR_ROWS: Final = frozenset({"success", "error", "code", "results"})
_OF_ANSWERS: Final = frozenset({"results", "total_numbers", "successful_sends", "failed_sends", "remaining_credits"})

_scan: Final = json.JSONDecoder().raw_decode


class FoundAnswer(NamedTuple):
    """The bytes of an answer alone; ``may_be_row`` if they could as well be the row of one number, in a list."""

    source: bytes
    may_be_row: bool


def find_answer(body: bytes) -> Steps[FoundAnswer | None]:
    """The one answer in a body that is not plain JSON of the documented shape; ``None`` if there are two or none.

    The first thing that opens like a JSON object must also end like one: in an answer that was cut in the middle, a
    whole row further in must not pass for the answer. An object with a phone is a row, not an answer.
    """
    page = yield from text_of(body)
    found: list[tuple[int, int, bool]] = []
    end = 0
    for _ in range(MOST_OBJECTS):
        opening = _OBJECT.search(page, end)
        if opening is None:
            break
        start = opening.start()
        try:
            value, end = _scan(page, start)
        except (ValueError, ArithmeticError, RecursionError):
            return None
        if _is_answer(value):
            found.append((start, end, _may_be_row(value, page[max(0, start - 100) : start])))
    else:
        return None
    if len(found) != 1:
        return None
    yield
    start, end, may_be_row = found[0]
    return FoundAnswer(page[start:end].encode(), may_be_row)


def _is_answer(value: Any) -> bool:
    return isinstance(value, dict) and "phone" not in value and not value.keys().isdisjoint(_OF_ANSWERS_OR_ROWS)


def _may_be_row(value: dict[str, Any], before: str) -> bool:
    return value.keys().isdisjoint(_OF_ANSWERS) and before.rstrip().endswith("[")
