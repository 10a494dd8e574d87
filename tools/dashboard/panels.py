"""What a dashboard is made of: rows of panels with their questions to Prometheus."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

SELECTION: Final = 'job=~"$job", instance=~"$instance", key=~"$key"'

Kind = Literal["stat", "timeseries", "table"]


class Query(NamedTuple):
    """One question to Prometheus; ``legend`` names its answers by their labels, as Grafana writes it."""

    asks: str
    legend: str = ""

    @property
    def expression(self) -> str:
        """PromQL with Grafana's variables in it."""
        return self.asks.replace("$on", SELECTION)


class Panel(NamedTuple):
    """One panel: ``says`` tells what to do, ``unit`` is one of Grafana's, and a value from ``warn`` on is wrong.

    ``low``: a value below ``warn`` is. ``width`` is in 24ths of the page.
    """

    title: str
    says: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    warn: float | None = None
    low: bool = False
    stacked: bool = False


class Row(NamedTuple):
    """The panels that answer one question of an operator's."""

    question: str
    panels: tuple[Panel, ...]
