"""JSON as it is written: with nothing left out and nothing merged, where readers of JSON keep the last of two names."""

from __future__ import annotations

import codecs
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from .steps import Steps


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it is written: its names and values in their order, a repeated name as often as it is there."""


Entries: TypeAlias = list[tuple[str | None, Any]]
"""Entries of ``results``: each with its key, or ``None`` in a list; the objects among them are ``Pairs``."""

_scan: Final = json.JSONDecoder(object_pairs_hook=Pairs, parse_float=Decimal).decode


_BYTES_IN_A_STEP: Final = 1_000_000
"""Bytes that become text in one step: five milliseconds, if none of them is any."""


def text_of(source: bytes) -> Steps[str]:
    """The text of some bytes, with a mark in place of those that are none; where there are many, that takes long."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    parts: list[str] = []
    for start in range(0, len(source), _BYTES_IN_A_STEP):
        parts.append(decoder.decode(source[start : start + _BYTES_IN_A_STEP]))
        yield
    return "".join([*parts, decoder.decode(b"", final=True)])


def results_of(text: str) -> Entries:
    """Everything in the ``results`` of an answer; empty if a name stands twice in the answer itself."""
    try:
        answer = _scan(text.strip())
    except (ValueError, ArithmeticError, RecursionError):
        return []
    if not isinstance(answer, Pairs) or len(dict(answer)) < len(answer):
        return []
    results = dict(answer).get("results")
    if isinstance(results, Pairs):
        return list(results)
    return [(None, entry) for entry in results] if isinstance(results, list) else []
