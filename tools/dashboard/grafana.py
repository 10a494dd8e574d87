"""The dashboard in the form that Grafana 10 and 11 import."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from .rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .panels import Panel, Query

_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_HEIGHTS: Final = {"stat": 4, "timeseries": 8, "table": 6}
_PAGE: Final = 24
_SCHEMA: Final = 39
"""Of dashboards in Grafana 10.4 and 11; later ones bring it up to date, earlier ones ignore what they don't know."""


def dashboard() -> str:
    """The whole file: JSON, ending with a line's end."""
    whole = {
        "uid": "customersms-async",
        "title": "customersms_async",
        "description": "What the SMS client customersms_async does; docs/metrics.md says how its metrics get here.",
        "tags": ["customersms", "sms"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": list(_variables())},
        "annotations": {"list": []},
        "panels": list(_placed()),
    }
    return json.dumps(whole, indent=2) + "\n"


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    earlier = ""
    for name, label in (("job", "Job"), ("instance", "Instance"), ("key", "Key")):
        # Every label at once: what a program sends to has no key unless it asks for that.
        asks = f'label_values({{__name__=~"customersms_.+"{earlier}}}, {name})'
        earlier += f', {name}=~"${name}"'
        yield {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": _SOURCE,
            "definition": asks,
            "query": {"query": asks, "refId": name},
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
        }


def _placed() -> Iterator[dict[str, Any]]:
    """Rows and panels with their places, from the top left."""
    number = down = 0
    for row in ROWS:
        number += 1
        place = {"x": 0, "y": down, "w": _PAGE, "h": 1}
        yield {"id": number, "type": "row", "title": row.question, "collapsed": False, "gridPos": place, "panels": []}
        down, across, height = down + 1, 0, 0
        for panel in row.panels:
            if across + panel.width > _PAGE:
                down, across, height = down + height, 0, 0
            number += 1
            height = max(height, _HEIGHTS[panel.kind])
            place = {"x": across, "y": down, "w": panel.width, "h": _HEIGHTS[panel.kind]}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            across += panel.width
        down += height


def _panel(panel: Panel) -> dict[str, Any]:
    instant = panel.kind != "timeseries"
    whole: dict[str, Any] = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(query, chr(ord("A") + at), panel) for at, query in enumerate(panel.queries)],
    }
    if panel.kind == "table":
        names = {f"Value #{chr(ord('A') + at)}": query.legend for at, query in enumerate(panel.queries)}
        whole["transformations"] = [
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": names}},
        ]
        whole["fieldConfig"]["overrides"] = [
            {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
            for name, unit in (("fullest limit", "percentunit"), ("paused for", "s"))
        ]
    assert instant or all(query.legend for query in panel.queries)
    return whole


def _target(query: Query, letter: str, panel: Panel) -> dict[str, Any]:
    instant = panel.kind != "timeseries"
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "editorMode": "code",
        "expr": query.expression,
        "legendFormat": query.legend,
        "instant": instant,
        "range": not instant,
        **({"format": "table"} if panel.kind == "table" else {}),
    }


def _field(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.warn is not None:
        steps = [{"color": "red" if panel.low else "green", "value": None}]
        steps.append({"color": "green" if panel.low else "red", "value": panel.warn})
    field: dict[str, Any] = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "timeseries":
        field["custom"] = {
            "drawStyle": "line",
            "lineInterpolation": "stepAfter" if panel.stacked else "linear",
            "fillOpacity": 25 if panel.stacked else 0,
            "showPoints": "auto",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "off" if panel.warn is None else "dashed"},
        }
    return field


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "value",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}
