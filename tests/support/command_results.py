"""What the command printed and wrote, as values; and a file of people of every kind."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

from customersms_async.sandbox import Fault, Sandbox, magic

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Ended

A, B, C = "+12125551234", "+13235554567", "+442079460000"
FIELDS = ["index", "phone", "status", "message_id", "error", "code"]
MIXED = f"""\
phone,name
{A},Ann
{B},Bob
nope,Cy
{A},Ann
+1,Di
two,Ed
,Flo
none,Gus
{magic.number(Fault.ROW_REJECTED)},Ida
{C},Jo
"""
"""Rows 0 to 9 on lines 2 to 11: three good ones, one rejected, one repeated, five of no use."""


def count(ended: Ended, status: str) -> int:
    """What the table at the end says."""
    found = re.search(rf"^[│|] {status} +[│|] +([\d,]+) ", ended.out + ended.err, re.MULTILINE)
    assert found is not None
    return int(found[1].replace(",", ""))


def spoken(out: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The outcomes and the summary that ``--json`` wrote, and nothing else was there."""
    *outcomes, summary = [json.loads(line) for line in out.splitlines()]
    assert all(list(outcome) in (FIELDS, [*FIELDS, "line"]) for outcome in outcomes)
    assert list(summary) == ["summary"]
    return outcomes, summary["summary"]


def written(path: Path) -> list[dict[str, Any]]:
    """The outcomes in a file, as ``--json`` has them; a last line that is not whole yet is an error."""
    text = path.read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return [_outcome(row) for row in csv.DictReader(text.splitlines(keepends=True), strict=True)]


def _outcome(row: dict[str, str]) -> dict[str, Any]:
    line = row.pop("line")
    found: dict[str, Any] = {k: (v or None) if k in {"message_id", "error", "code"} else v for k, v in row.items()}
    return {**found, "index": int(row["index"]), **({"line": int(line)} if line else {})}


def accepted(outcomes: list[dict[str, Any]]) -> list[str]:
    """The numbers of accepted texts, sorted."""
    return sorted(outcome["phone"] for outcome in outcomes if outcome["status"] == "accepted")


def texted(gateway: Sandbox) -> list[str]:
    """The numbers of all texts that a gateway accepted, sorted."""
    return sorted(text.phone for text in gateway.texts)
