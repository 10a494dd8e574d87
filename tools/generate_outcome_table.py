"""Write the table of docs/outcomes.md from the rules that decide.

Run it with ``python -m tools.generate_outcome_table`` after a change of ``_core/outcome_table.py``; it replaces the
lines between the two markers of the page.
"""

from __future__ import annotations

from pathlib import Path

from customersms_async._core.outcome_table import markdown

PAGE = Path(__file__).parent.parent / "docs" / "outcomes.md"
BEGIN, END = "<!-- the table of _core/outcome_table.py begins -->\n", "<!-- the table ends -->\n"


def main() -> None:
    """Rewrite the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{markdown()}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
