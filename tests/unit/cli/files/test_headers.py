"""What programs put ahead of a header: a line that names the separator, a title. Seen, passed over, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.files import open_rows
from support.recipient_files import A, B, problem, read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_names_the_separator_is_obeyed(folder: Path, first: str, end: str) -> None:
    text = end.join([first, "phone;name, city", f"{A};Ann, Rome", f"{B};Bob, Oslo", ""])
    assert [(row.line, row.phone) for row in read(folder, "a.csv", text)] == [(3, A), (4, B)]
    with open_rows(folder / "a.csv", phone_column=None, encoding="utf-8", delimiter=None) as rows:
        assert rows.kind == "a table separated by semicolons, as its first line says"
    assert len(read(folder, "a.csv", text.encode("utf-16"), encoding="utf-16")) == 2


@pytest.mark.parametrize(
    "titles",
    [
        ["Customers"],
        ["Customers of October,,", ",,"],
        ["Exported on,2026-10-31,", "", "Filter: all"],
        ['"Customers, all of them"'],
        ["Table 1"],
    ],
)
def test_titles_ahead_of_the_header_are_passed_over_and_said(folder: Path, titles: list[str]) -> None:
    text = "\n".join([*titles, "Phone,Name,City", f"{A},Ann,Rome", f"{B},Bob,Oslo", ""])
    found = read(folder, "a.csv", text)
    assert [(row.line, row.phone) for row in found] == [(len(titles) + 2, A), (len(titles) + 3, B)]
    with open_rows(folder / "a.csv", phone_column=None, encoding="utf-8", delimiter=None) as rows:
        assert f"under the header in line {len(titles) + 1} (ahead of it: " in rows.kind
        assert titles[0].strip('",').partition(",")[0] in rows.kind


def test_a_title_over_one_column_is_passed_over(folder: Path) -> None:
    assert [row.phone for row in read(folder, "a.csv", f"My list\nphone\n{A}\n")] == [A]


@pytest.mark.parametrize(
    "text",
    [
        f"name,city\nAnn,Rome\nphone,Oslo\n{A},x\n",  # somebody called so
        f"{B}\nphone\n{A}\n",
        f"{B},\nphone,name\n{A},Ann\n",
        f"2125551234,,\nphone,name,city\n{A},Ann,x\n",
        "a\n" * 11 + f"phone\n{A}\n",
    ],
)
def test_what_may_be_a_row_is_never_passed_over(folder: Path, text: str) -> None:
    assert problem(folder, "a.csv", text, delimiter=",").line == 1
