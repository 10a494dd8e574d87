"""The table of docs/client.md has each event of the log, with its levels and its fields, as the source logs it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from support.places import DOCS, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS: Final = ("debug", "info", "warning")
OPEN: Final = "…"
"""Stands for fields whose names are data, such as a count for each status that occurs."""

_ROW = re.compile(r"^\| `(\w+)` \| ([A-Z, ]+) \| [^|]+ \| ([^|]*?) *\|$", re.MULTILINE)


class LogEvent(NamedTuple):
    """What is known of one event: the levels that its lines have, and its fields."""

    levels: frozenset[str]
    fields: frozenset[str]


def told() -> dict[str, LogEvent]:
    """Each event of the page's table."""
    found: dict[str, LogEvent] = {}
    for event, levels, words in _ROW.findall((DOCS / "client.md").read_text(encoding="utf-8")):
        fields = {OPEN} if OPEN in words else re.findall(r"`sms_(\w+)`", words)
        found[event] = LogEvent(frozenset(levels.split(", ")), frozenset(fields))
    return found


def logged() -> dict[str, LogEvent]:
    """Each event that the source logs, anywhere."""
    found: dict[str, LogEvent] = {}
    for path in PACKAGE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for event, one in _logged_in(function):
                    before = found.get(event, LogEvent(frozenset(), frozenset()))
                    found[event] = LogEvent(before.levels | one.levels, before.fields | one.fields)
    return found


def _logged_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, LogEvent]]:
    """Calls such as ``log.info("event", "message", …, field=…)``; and ``tell(…)``, if it is one of two such methods."""
    values = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(function):
        if not (isinstance(call, ast.Call) and len(call.args) > 1 and isinstance(call.args[0], ast.Constant)):
            continue
        called = values.get(call.func.id, call.func) if isinstance(call.func, ast.Name) else call.func
        levels = {node.attr for node in ast.walk(called) if isinstance(node, ast.Attribute)} & set(LEVELS)
        event = str(call.args[0].value)
        if levels and event.isidentifier():
            fields = {name for each in call.keywords for name in _fields(each, values)}
            yield event, LogEvent(frozenset(level.upper() for level in levels), frozenset(fields))


def _fields(keyword: ast.keyword, values: dict[str, ast.expr]) -> list[str]:
    if keyword.arg is not None:
        return [keyword.arg]
    value = values.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else keyword.value
    if isinstance(value, ast.Dict):
        return [str(key.value) for key in value.keys if isinstance(key, ast.Constant)]
    return [OPEN]


def test_each_event_is_told_with_its_levels_and_fields() -> None:
    source, page = logged(), told()
    assert len(source) > 10
    assert {name: event for name, event in source.items() if name not in page} == {}
    assert {name: (page[name], event) for name, event in source.items() if page[name] != event} == {}


def test_no_event_is_told_that_nothing_logs() -> None:
    assert set(told()) - set(logged()) == set()


def test_the_source_is_understood_in_every_form_in_which_it_logs() -> None:
    source = logged()
    assert source["unknown"] == LogEvent(frozenset({"INFO", "WARNING"}), frozenset({"texts", "status_code"}))
    assert source["unheard_in_all"] == LogEvent(frozenset({"WARNING"}), frozenset({OPEN}))
    assert source["wait"].fields >= {"priority", "reason", "seconds", "admitted"}
