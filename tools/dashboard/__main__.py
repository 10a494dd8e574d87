"""Write the dashboard anew, after a change of its table in ``rows.py``: ``python -m tools.dashboard``."""

from __future__ import annotations

from pathlib import Path

from .grafana import dashboard

FILE = Path(__file__).parents[2] / "docs" / "dashboards" / "customersms.json"


def main() -> None:
    """Replace the file."""
    FILE.write_text(dashboard(), encoding="utf-8")


if __name__ == "__main__":
    main()
