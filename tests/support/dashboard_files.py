"""The dashboard and the alerts as they are shipped, and their questions with Grafana's variables filled in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from support.places import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = DOCS / "dashboards"
DASHBOARD: Final = FOLDER / "customersms.json"
RULES: Final = FOLDER / "customersms.rules.yml"
RULE_TESTS: Final = FOLDER / "customersms.rules.test.yml"

_RATE = re.compile(r"\brate\(([a-z_]+(?:\{[^}]*\})?)\[[^\]]+\]\)")


class Question(NamedTuple):
    """One question of a panel's: the panel's title, the letter of the question, PromQL, and the legend."""

    panel: str
    letter: str
    query: str
    legend: str


def dashboard() -> dict[str, Any]:
    """The file, read."""
    whole: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return whole


def questions(interval: str, step: str, whole_range: str) -> Iterator[Question]:
    """Every question of the dashboard, for all jobs, instances and keys.

    Rates are over ``interval``; a question that looks at many moments looks at one every ``step``.
    """
    anything = dict.fromkeys(("job", "instance", "key"), ".*")
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            often = step if ":$__rate_interval]" in target["expr"] else interval
            values = {**anything, "__rate_interval": often, "__range": whole_range}
            query = re.sub(r"\$(\w+)", lambda found: values[found[1]], target["expr"])  # noqa: B023 - called at once
            yield Question(panel["title"], target["refId"], query, target["legendFormat"])


def rules() -> list[dict[str, Any]]:
    """Every alert."""
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def without_rates(query: str, begin: float, end: float) -> str:
    """A question with every rate in it replaced by the difference of its plain counter at two moments, a second's."""
    return _RATE.sub(rf"((\1 @ {end:.3f} - \1 @ {begin:.3f}) / {end - begin:.3f})", query)
