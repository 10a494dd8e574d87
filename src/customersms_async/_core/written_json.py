"""JSON as it is written: with nothing left out and nothing merged, where readers of JSON keep the last of two names."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final, TypeAlias


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it is written: its names and values in their order, a repeated name as often as it is there."""


Entries: TypeAlias = list[tuple[str | None, Any]]
"""Entries of ``results``: each with its key, or ``None`` in a list; the objects among them are ``Pairs``."""

_scan: Final = json.JSONDecoder(object_pairs_hook=Pairs, parse_float=Decimal).decode


def results_of(source: bytes) -> Entries:
    """Everything in the ``results`` of an answer; empty if a name stands twice in the answer itself."""
    try:
        answer = _scan(source.decode("utf-8", "replace").strip())
    except (ValueError, ArithmeticError, RecursionError):
        return []
    if not isinstance(answer, Pairs) or len(dict(answer)) < len(answer):
        return []
    results = dict(answer).get("results")
    if isinstance(results, Pairs):
        return list(results)
    return [(None, entry) for entry in results] if isinstance(results, list) else []
