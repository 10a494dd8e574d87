"""What operators see: the dashboard's questions and the alerts, asked of a real Prometheus that watches real sends."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from statistics import linear_regression
from typing import TYPE_CHECKING

import httpx
import pytest

from customersms_async._otel.metric_table import DURATION, METRICS
from support.dashboard_files import (
    DASHBOARD,
    RULE_TESTS,
    RULES,
    dashboard,
    questions,
    rules,
    without_rates,
)
from support.known_figures import KnownFigures
from support.metered_sends import programs
from support.places import DOCS, ROOT
from support.prometheus_server import JOB, Prometheus, Sample, prometheus, promtool
from support.redis_servers import NO_DISK, redis_server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.dashboard_files import Question

RATES = re.compile(r"\b(rate|deriv)\(")


async def test_every_question_of_the_dashboard_and_every_alert_says_what_the_gateway_knows(tmp_path: Path) -> None:
    (folder := tmp_path / "prometheus").mkdir()
    with redis_server(tmp_path, *NO_DISK) as redis:
        async with (
            programs(redis, tmp_path) as (sending, port),
            prometheus(folder, port, RULES) as server,
        ):
            await sending.round()  # the first counts of a series are seen by no rate
            await server.scraped()
            await sending.begin_campaign()
            begin = await server.scraped()
            await sending.round()
            await sending.until_standstill()
            end = await server.scraped()
            known = await KnownFigures.of(sending, await server.first_scrape())

            async with httpx.AsyncClient(trust_env=False) as client:
                text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            found = promtool("check", "metrics", reads=text)
            assert (found.returncode, found.stdout + found.stderr) == (0, "")
            for query, wanted in known.counters.items():
                assert compact(await server.samples(query, end)) == wanted, query
            await variables_are_there(server)
            asked = list(questions(f"{round((end - begin) * 1e3) + 1}ms", "500ms", "10m"))
            complaints = [await complaint(server, each, known, begin, end) for each in asked]
            assert "\n".join(each for each in complaints if each) == ""
            await alerts_are_right(server, known, end)


async def complaint(server: Prometheus, asked: Question, known: KnownFigures, begin: float, end: float) -> str:
    """What is wrong with the answer to a question; nothing if it is right."""
    found = await server.samples(asked.query, end)
    if RATES.search(asked.query) is None:
        wanted, close = known.panels[asked.panel, asked.letter], known.close.get(asked.panel, 0.0)
    elif "deriv(" in asked.query:
        wanted, close = await slopes(server, asked.panel, end), 0.01
    else:
        wanted, close = compact(await server.samples(without_rates(asked.query, begin, end), end)), 0.01
    got = compact(found)
    right = got.keys() == wanted.keys() and all(same(got[name], wanted[name], close) for name in got)
    named = set(re.findall(r"{{(\w+)}}", asked.legend))
    labels = {label for sample in found for label in sample.labels}
    fits = named == labels or (not named and labels <= {"key"})  # each line of a table is a key's
    if right and got and fits and any(not math.isnan(value) for value in got.values()):
        return ""
    return f"{asked.panel} {asked.letter}: {got}, and not {wanted}; the legend {asked.legend!r}: {asked.query}"


def same(one: float, other: float, close: float) -> bool:
    return one == pytest.approx(other, rel=close if close < 1 else 0, abs=close if close >= 1 else 1e-9, nan_ok=True)


def compact(samples: Sequence[Sample]) -> dict[str, float]:
    """Values by their labels, written as ``code=NO_ANSWER key=shop``; without empty labels."""
    return {
        " ".join(f"{name}={value}" for name, value in sorted(each.labels.items()) if value): each.value
        for each in samples
    }


async def slopes(server: Prometheus, panel: str, end: float) -> dict[str, float]:
    """How long credits, or planned recipients, last: calculated here from each figure that was scraped."""
    figures = {
        "They last for": "customersms_credits",
        "Planned, done in": 'customersms_campaign_recipients{state="planned"}',
    }
    data = await server.ask("query", query=f"{figures[panel]}[1h]", time=f"{end:.3f}")
    lasts = []
    for series in data["result"]:
        values = [(float(at), float(value)) for at, value in series["values"]]
        falls = -linear_regression(*zip(*values, strict=True)).slope
        if falls > 0:
            lasts.append(values[-1][1] / falls)
    return {"": min(lasts)}


async def variables_are_there(server: Prometheus) -> None:
    """Each variable of the dashboard offers something, and what it should."""
    offered = {}
    for each in dashboard()["templating"]["list"]:
        if each["type"] == "query":
            matches, label = re.fullmatch(r"label_values\((\{.*\}), (\w+)\)", each["definition"]).groups()  # type: ignore[union-attr]
            matches = re.sub(r"\$\w+", ".*", matches)
            offered[each["name"]] = await server.ask(f"label/{label}/values", **{"match[]": matches})
    assert offered["job"] == [JOB]
    assert len(offered["instance"]) == 1
    assert offered["key"] == ["codes", "fleet", "halted", "parcels", "shop", "spring"]


async def alerts_are_right(server: Prometheus, known: KnownFigures, end: float) -> None:
    """Each alert can be asked, and is about whom it should be; Prometheus itself could judge all of them."""
    for rule in rules():
        found = await server.samples(rule["expr"], end)
        who = {each.labels.get("key", each.labels.get("store", "")) for each in found}
        assert who == known.alerts.get(rule["alert"], set()), rule["alert"]
    judged = (await server.ask("rules"))["groups"][0]["rules"]
    assert {each["name"]: each["health"] for each in judged} == {rule["alert"]: "ok" for rule in rules()}


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    for command in (("check", "rules", RULES), ("test", "rules", RULE_TESTS)):
        found = promtool(*command)
        assert found.returncode == 0, found.stdout + found.stderr


def test_each_alert_has_tests_of_its_own_and_a_section_on_the_page() -> None:
    tests, page = RULE_TESTS.read_text(encoding="utf-8"), (DOCS / "metrics.md").read_text(encoding="utf-8")
    for rule in rules():
        name = rule["alert"]
        assert re.search(rf"alertname: {name}\n\s+exp_alerts:", tests), f"{name} never fires"
        assert f"alertname: {name}}}" in tests, f"{name} is never silent"
        assert f"\n### {name}\n" in page
        assert rule["annotations"].keys() == {"summary", "docs"}
        assert rule["annotations"]["docs"] == f"docs/metrics.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"warning", "critical"}


def test_the_page_has_every_metric_with_its_unit_and_attributes() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z._]+)` \| ([^|]+), (\S+) \| ([^|]*?) ?\|", page, re.MULTILINE)
    same = ", ".join(f"`{name}`" for name in DURATION.attributes)
    wanted = [
        (metric.name, metric.kind, metric.unit, ", ".join(f"`{name}`" for name in metric.attributes))
        for metric in METRICS
    ]
    assert sorted((name, kind, unit, said.replace("the same", same)) for name, kind, unit, said in rows) == sorted(
        wanted
    )


def test_the_dashboard_is_that_of_its_table() -> None:
    program = "from tools.dashboard.grafana import dashboard; print(dashboard(), end='')"
    made = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert json.loads(made.stdout) == dashboard(), "python -m tools.dashboard writes it anew"
    assert made.stdout == DASHBOARD.read_text(encoding="utf-8")


def test_no_two_panels_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    panels = dashboard()["panels"]
    assert len({each["id"] for each in panels}) == len({each["title"] for each in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for down in range(place["y"], place["y"] + place["h"]):
            for across in range(place["x"], place["x"] + place["w"]):
                assert taken.setdefault((across, down), panel["title"]) == panel["title"]
