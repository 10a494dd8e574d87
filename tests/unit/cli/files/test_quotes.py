"""Quotes in a table: read as spreadsheets write them, and refused where they are in doubt."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async.cli.files import FileProblem
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
        (
            ['+1,"Ann', "+2,Bob", '+3,Cid"', "+4,Dan"],
            "line 4 in the same cell",
        ),
        (['+1,"Ann', "+2,Bob", '+3,"Cid"', "+4,Dan"], "after its closing quote"),
        (['+1,"Ann', "+2,Bob"], "line 4 in the same cell"),
        (['+1,"', '+2,"'], "line 4 in the same cell"),
        (['"+1,Ann', "+2,Bob", '+3",Cid'], "line 4 in the same cell"),
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


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("inner", ["\n", "\r\n", "\r"])
def test_a_line_break_in_a_cell_is_read(folder: Path, inner: str, end: str) -> None:
    rows = ['phone,"na\nme"', f'{A},"a\nb\n\n""c"""', f"{B},d", f'"{A}\n",e', f'{A},"5 Main St,\nSpringfield, IL"']
    found = read(folder, "a.csv", end.join(row.replace("\n", inner) for row in rows))
    assert [row.line for row in found] == [3, 7, 8, 10]
    assert [row.fields[f"na{inner}me"].replace(inner, "\n") for row in found] == [
        *('a\nb\n\n"c"', "d", "e"),
        "5 Main St,\nSpringfield, IL",
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("phone,street,city", f'{A},"5 Main St\nSuite 7","Springfield\nIL"'),
        ("street,phone,city", f'"5 Main St\nSuite 7",{A},Springfield'),
        ("note,phone", f'"Dear Ann,\nsee you on Friday,\nBob",{A}'),
        ("note;phone", f'"a, b\nc, d";{A}'),
        ("name,phone", f'Ann,"{A}\n{B}"'),  # two numbers, and refused as that when its turn comes
        ("phone,name", f'"{A}\n{B}",Ann'),
    ],
)
def test_an_address_in_several_lines_is_one_cell(folder: Path, header: str, row: str) -> None:
    assert len(read(folder, "a.csv", f"{header}\n{row}\n{row}\n")) == 2


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("header", "rows", "line"),
    [
        ("phone,name,city", [f'{A},"Ann,Rome', f'{B},Bob",Oslo'], 3),
        ("phone,name,city", [f'{A},"Ann', f'{B},Bob",Oslo'], 3),
        ("name,phone", [f'"Ann,{A}', f'Bob",{B}'], 3),
        ("name,phone", [f'"Ann,{A}', "Bob,2125551234", f'Cid",{B}'], 3),
        ("phone,name", [f'"{A},Ann', f'{B}",Bob'], 3),
        ("phone,name", [f'{A},"Ann', ",Bob", f'{B},Cid"'], 3),
        ("phone,name", [f'{A},"Ann', 'unknown,Bob"'], 3),
        ("phone,name", [f'{A},"Ann', "not a row", f'{B},Cid"'], 4),
        ("phone", [f'"{A}', f'{B}"'], 3),
    ],
)
def test_a_line_in_a_cell_that_could_be_a_row_is_refused_with_both_lines(
    folder: Path, header: str, rows: list[str], line: int, end: str
) -> None:
    found = problem(folder, "a.csv", end.join([header, *rows, ""]), delimiter=",")
    assert found.line == 2
    assert f"line {line} in the same cell could be a row of its own" in found.reason


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('phone,x\r\n"+1\n2","a\nb', 3),  # the second field begins in line 3
        ('phone,x\r\n"+1\n2",a"b\r\n', 3),
        ('phone,x\r\n"+1\n2","a"b\r\n', 3),
        ('phone,x\r\n+1,"' + "a\n" * 600_000 + "\r\n", 2),
        ('phone,"x\n+1,Ann"\n', 1),  # a stray quote in the header
    ],
)
def test_a_quote_that_is_not_closed_is_refused_where_it_is_opened(folder: Path, text: str, line: int) -> None:
    assert problem(folder, "a.csv", text, delimiter=",").line == line


def test_a_text_that_a_formula_keeps_from_a_spreadsheet_is_that_text(folder: Path) -> None:
    for cell in (f'="{A}"', f'"=""{A}"""'):
        assert [row.phone for row in read(folder, "a.csv", f"name,phone,x\nAnn,{cell},1\n")] == [A]


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
    width = len(rows[0]) if rows else 2
    names = ["phone", *(f"column {at}" for at in range(1, width))]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_MINIMAL).writerows([names, *rows])
    data = file.getvalue().encode("utf-8-sig" if mark else "utf-8")
    try:
        found = read(folder, "round.csv", data, delimiter=delimiter)
    except FileProblem as doubt:
        assert "could be a row of its own" in doubt.reason  # noqa: PT017
        assert any("\n" in cell for row in rows for cell in row)
        return
    assert [[*row.fields.values()] for row in found] == [_plain(row) for row in rows if any(map(str.strip, row))]


def _plain(row: list[str]) -> list[str]:
    return [match[1] if (match := re.fullmatch('="([^"]*)"', cell)) else cell for cell in row]


@given(
    names=st.lists(st.text("abc ", max_size=4), min_size=2, max_size=6),
    places=st.tuples(st.integers(min_value=0), st.integers(min_value=0)),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_two_stray_quotes_anywhere_never_make_two_people_one(
    folder: Path, names: list[str], places: tuple[int, int], end: str
) -> None:
    lines = ["phone,name", *(f"{A},{name}" for name in names)]
    for place in places:
        row = 1 + place % len(names)
        at = (place // len(names)) % (len(lines[row]) + 1)
        lines[row] = lines[row][:at] + '"' + lines[row][at:]
    try:
        rows = read(folder, "stray.csv", end.join([*lines, ""]), delimiter=",")
    except FileProblem:
        return
    assert len(rows) == len(names)


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


@given(text=st.text('"",\na+1', max_size=30))
@example('"a\n,a\n"')
@example('a,"\n+1,a\n"')
@example('a,"\n+1,\n"')
@example('"\n+1,\n",')
@example('"+\n+1",')
@example(',"\n"\n,,')
def test_no_quote_swallows_a_line(folder: Path, text: str) -> None:
    """Neither a line that begins with a number, unless its row's phone holds a line break and is refused for that."""
    text = f"phone,name\n{text}"
    try:
        rows = read(folder, "swallow.csv", text, delimiter=",")
    except FileProblem:
        return
    reader = csv.reader(io.StringIO(text), strict=True)
    next(reader)
    filled = [cells for cells in reader if any(map(str.strip, cells))]
    found = [cells[:2] if len(cells) == 3 and not cells[2].strip() else cells for cells in filled]
    assert [[*row.fields.values()] for row in rows] == found
    told = {row.line + number for row in rows for number in range(row.fields["phone"].count("\n") + 1)}
    lines = dict(enumerate(text.split("\n"), 1))
    lost = [lines[number] for number in lines.keys() - told - {1}]
    assert not [line for line in lost if line.startswith("+1") and line.count(",") == 1]
