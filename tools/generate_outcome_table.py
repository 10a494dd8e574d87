"""Write the tables of docs/outcomes.md from the rules that decide.

Run it with ``python -m tools.generate_outcome_table`` after a change of ``_core/outcome_table.py`` or of
``_core/failure_guards.py``; it replaces the lines between the markers of each on the page.
"""

from __future__ import annotations

from pathlib import Path

from customersms_async._core import failure_guards, outcome_table

PAGE = Path(__file__).parent.parent / "docs" / "outcomes.md"
TABLES = {"outcome_table": outcome_table.markdown, "failure_guards": failure_guards.markdown}
END = "<!-- the table ends -->\n"


def main() -> None:
    """Rewrite the page."""
    page = PAGE.read_text(encoding="utf-8")
    for module, markdown in TABLES.items():
        before, begin, rest = page.partition(f"<!-- the table of _core/{module}.py begins -->\n")
        page = f"{before}{begin}\n{markdown()}\n\n{END}{rest.partition(END)[2]}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
