"""Quotes in a table: read as spreadsheets write them, and refused where they are in doubt."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async.cli.files import FileProblem, FileRow
from support.recipient_files import A, B, problem, read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ('"+1","a"', ["+1", "a"]),
        ('+1,"a""b"', ["+1", 'a"b']),
        ('+1,""""', ["+1", '"']),
        ('+1,""', ["+1", ""]),
        ('"","x"', ["", "x"]),
        ("+1,it's", ["+1", "it's"]),
    ],
)
def test_quotes_by_the_rule_are_read(folder: Path, row: str, fields: list[str]) -> None:
    assert [*read(folder, "a.csv", f"phone,x\n{row}\n")[0].fields.values()] == fields


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (['+1,"Ann', "+2,Bob", '+3,Cid"', "+4,Dan"], "not closed"),  # to the csv module one row of three lines
        (['+1,"Ann', "+2,Bob", '+3,"Cid"', "+4,Dan"], "not closed"),
        (['+1,"Ann', "+2,Bob"], "not closed"),
        (['+1,"', '+2,"'], "not closed"),
        (['"+1,Ann', "+2,Bob", '+3",Cid'], "not closed"),
        (['+1,"Ann"x', "+2,Bob"], "after its closing quote"),
        (['+1,"Ann" ', "+2,Bob"], "after its closing quote"),
        (['+1,"a" "b"', "+2,Bob"], "after its closing quote"),
        (['+1,Ann "Nan" Lee', "+2,Bob"], "does not begin with one"),
        (['+1, "Ann"', "+2,Bob"], "does not begin with one"),
        (['+1,5"', "+2,Bob"], "does not begin with one"),
    ],
)
def test_a_stray_quote_is_refused_where_it_stands(folder: Path, rows: list[str], reason: str, end: str) -> None:
    for delimiter in (",", None):
        found = problem(
            folder, "a.csv", end.join(["phone,name", "+0,Eve", *rows]), **({"delimiter": ","} if delimiter else {})
        )
        assert found.line == 3
        assert reason in found.reason


def test_a_line_break_in_a_cell_is_read_as_spreadsheets_write_it(folder: Path) -> None:
    text = f'phone,"na\nme"\r\n{A},"a\nb\n\n""c"""\r\n{B},d'
    assert read(folder, "a.csv", text) == [
        FileRow(3, A, {"phone": A, "na\nme": 'a\nb\n\n"c"'}),
        FileRow(7, B, {"phone": B, "na\nme": "d"}),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('phone,x\n+1,"a\nb"\n', 2),
        ('phone,x\r\n+1,"a\r\nb"\r\n', 2),
        ('phone,x\r\n+1,"a\n\rb"\r\n', 2),
        ('phone,x\r\n+1,a\n+2,"a\nb"\r\n', 3),
        ('phone,x\r\n+2,"a\nb"\r\n+1,a\n', 2),  # found at the row's end; the doubt begins in line 2
        ('phone,x\r\n"+1\n2","a\nb', 3),  # the second field begins in line 3
        ('phone,x\r\n"+1\n2",a"b\r\n', 3),
        ('phone,x\r\n"+1\n2","a"b\r\n', 3),
        ('phone,x\r\n+1,"' + "a\n" * 600_000 + '"\r\n', 2),
    ],
)
def test_any_other_line_break_in_quotes_is_refused(folder: Path, text: str, line: int) -> None:
    assert problem(folder, "a.csv", text, delimiter=",").line == line


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)
SOME_CELLS = st.one_of(CELLS, st.text("\",;\n' a", max_size=6))


@given(
    rows=st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(SOME_CELLS, min_size=width, max_size=width))),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\r\n", "\n"]),
    mark=st.booleans(),
)
def test_what_a_csv_writer_wrote_is_read_back(
    folder: Path, rows: list[list[str]], delimiter: str, end: str, mark: bool
) -> None:
    if end == "\n":
        rows = [[cell.replace("\n", " ") for cell in row] for row in rows]
    width = len(rows[0]) if rows else 2
    names = ["phone", *(f"column {at}" for at in range(1, width))]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_MINIMAL).writerows([names, *rows])
    data = file.getvalue().encode("utf-8-sig" if mark else "utf-8")
    found = read(folder, "round.csv", data, delimiter=delimiter)
    assert [[*row.fields.values()] for row in found] == [row for row in rows if any(map(str.strip, row))]


@given(
    names=st.lists(st.text("abc ", max_size=4), min_size=1, max_size=6),
    at=st.integers(min_value=0),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_one_stray_quote_anywhere_is_found_in_its_line(folder: Path, names: list[str], at: int, end: str) -> None:
    text = end.join(["phone,name", *(f"{A},{name}" for name in names)]) + end
    at %= len(text) - len(end) + 1
    if at and text[at - 1 : at + 1] == "\r\n":
        at -= 1
    damaged = text[:at] + '"' + text[at:]
    assert problem(folder, "stray.csv", damaged, delimiter=",").line == text.count(end, 0, at) + 1


@given(text=st.text('"",\na+', max_size=30))
@example('"a\n,a\n"')
def test_no_quote_swallows_a_line(folder: Path, text: str) -> None:
    text = f"phone,name\n{text}"
    try:
        rows = read(folder, "swallow.csv", text, delimiter=",")
    except FileProblem:
        return
    reader = csv.reader(io.StringIO(text), strict=True)
    next(reader)
    assert [(row.line, [*row.fields.values()]) for row in rows] == [
        (reader.line_num, cells) for cells in reader if any(cells)
    ]
    swallowed = set(range(2, text.count("\n") + 2)) - {row.line for row in rows}
    assert not [number for number in swallowed if text.split("\n")[number - 1].strip('",')]
