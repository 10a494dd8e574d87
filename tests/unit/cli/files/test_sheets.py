"""Spreadsheets: the first sheet, with its row numbers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.files import FileRow, Rows, open_rows
from customersms_async.cli.files.rows import FileProblem
from support.recipient_files import A, B, problem, read
from support.spreadsheet_files import sheet, unzipped, zipped

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("far", ["XFD1048576", "A1048576", "AAA99999", "B99999999999", "T1048576", "C10000000"])
def test_a_cell_far_from_all_others_is_refused_before_memory_is_asked_for_all_between(folder: Path, far: str) -> None:
    data = unzipped(sheet({1: [text("phone"), text("name")], 2: [text(A), text("Ann")]}))
    part = "xl/worksheets/sheet1.xml"
    data[part] = data[part].replace(b'r="B2"', f'r="{far}"'.encode())
    if far == "A1048576":  # a narrow list is as long as a sheet may be
        assert read(folder, "a.xlsx", zipped(data))[0].line == 2
    else:
        assert "far from all others" in str(problem(folder, "a.xlsx", zipped(data)))


@pytest.mark.parametrize("odd", ["error", "formula", "hidden"])
def test_what_is_odd_far_down_in_a_long_sheet_is_found(folder: Path, odd: str) -> None:
    """Such a sheet is looked through in pieces, and this is about where one ends."""
    long = text("x" * 500)
    rows = {1: [text("phone"), text("name")], **{row: [text(A), long] for row in range(2, 2_000)}}
    data = unzipped(sheet(rows))
    part = "xl/worksheets/sheet1.xml"
    content = data[part]
    ends = content.rfind(b"<row", 0, 1 << 20)
    row = int(content[ends:].split(b'"')[1])
    if odd == "hidden":
        content = content.replace(f'<row r="{row}"'.encode(), f'<row r="{row}" hidden="1"'.encode())
    else:
        cell = '<c t="e"><v>#REF!</v></c>' if odd == "error" else "<c><f>A1</f></c>"
        content = unzipped(sheet(rows | {row: [text(A), cell]}))[part]
    with open_file(folder, zipped({**data, part: content})) as opened:
        found = {each.line: each.fields["name"] for each in opened}
        assert len(found) == 1_998
        assert found[row][:5] == {"error": "#REF!", "formula": "=A1", "hidden": "xxxxx"}[odd]
        assert bool(opened.notes) == (odd == "hidden")


def open_file(folder: Path, content: bytes) -> Rows:
    path = folder / "long.xlsx"
    path.write_bytes(content)
    return open_rows(path, phone_column=None, encoding="utf-8", delimiter=None)


def text(value: str) -> str:
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def number(value: str, kind: str = "n") -> str:
    return f'<c t="{kind}"><v>{value}</v></c>'


def test_the_first_sheet_is_read_with_its_row_numbers(folder: Path) -> None:
    rows = {
        3: [text(" phone "), text("name"), text("")],
        5: [text(A), text("Ann")],
        6: [text(" ")],
        8: [text(B), text("Bob")],
    }
    assert read(folder, "a.XLSX", sheet(rows)) == [
        FileRow(5, A, {"phone": A, "name": "Ann"}),
        FileRow(8, B, {"phone": B, "name": "Bob"}),
    ]
    assert read(folder, "a.xlsx", sheet({1: [text("x")], 2: [text(A)]}), phone_column="x")[0].phone == A


def test_cells_become_text(folder: Path) -> None:
    header = [text("phone"), *map(text, "abcdef")]
    cells = [number("12125551234"), number("12"), number("12.50"), number("0.30000000000000004"), number("1", "b")]
    cells += [number("2026-10-31T09:30:00", "d"), number("#N/A", "e")]
    (row,) = read(folder, "a.xlsx", sheet({1: header, 2: cells}))
    assert [*row.fields.values()] == ["12125551234", "12", "12.5", "0.3", "TRUE", "2026-10-31 09:30:00", "#N/A"]
    assert row.phone == "12125551234"


def styled(value: str, style: int) -> str:
    return f'<c s="{style}"><v>{value}</v></c>'


def test_numbers_are_given_as_the_sheet_shows_them(folder: Path) -> None:
    formats = ("0.00", "00000", "#,##0.00 \\€", "&quot;+&quot;0", "dd.mm.yyyy", "# ?/?")
    header = [text("phone"), *map(text, "abcdef")]
    cells = [styled("12125551234", 4), styled("12.5", 1), styled("3766", 2), styled("1234.5", 3), styled("46326", 5)]
    data = sheet({1: header, 2: [*cells, styled("0.5", 6), styled("7", 0)]}, formats=formats)
    (row,) = read(folder, "a.xlsx", data)
    assert [*row.fields.values()] == [A, "12.50", "03766", "1,234.50 €", "2026-10-31", "0.5", "7"]
    assert row.phone == A
    with open_rows(folder / "a.xlsx", phone_column=None, encoding="utf-8", delimiter=None) as rows:
        assert [*rows.remarks] == ["d", "e"]
        assert "written as 2026-10-31" in rows.remarks["d"]
        assert "not understood: they are written without it, so look at the texts" in rows.remarks["e"]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ('<c t="e"><v>#REF!</v></c>', "#REF!"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ("<c><f>VLOOKUP(A2,B:C,2)</f></c>", "=VLOOKUP(A2,B:C,2)"),
        ("<c><f>A1&amp;B1</f><v></v></c>", "=A1&B1"),
        ('<c><f t="shared" si="0"/><v/></c>', "=…"),
        ('<c t="str"><f>A1</f><v></v></c>', ""),  # whose value is an empty text
        ('<c t="str"><f>A1</f><v>Ann</v></c>', "Ann"),
        ("<c><f>6*7</f><v>42</v></c>", "42"),
    ],
)
def test_an_error_or_a_formula_without_a_value_is_seen(folder: Path, cell: str, found: str) -> None:
    rows = {1: [text("x"), text("phone"), text("name")], 2: ["", text(A), cell], 3: [text("y"), cell, text("Bob")]}
    first, second = read(folder, "a.xlsx", sheet(rows))
    assert first.fields == {"x": "", "phone": A, "name": found}
    assert (second.line, second.phone) == (3, found)


def test_titles_ahead_of_the_header_are_passed_over(folder: Path) -> None:
    rows = {1: [text("Customers")], 2: [], 3: [text("Mobile Phone"), text("name")], 4: [text(A), text("Ann")]}
    assert read(folder, "a.xlsx", sheet(rows)) == [FileRow(4, A, {"Mobile Phone": A, "name": "Ann"})]
    with open_rows(folder / "a.xlsx", phone_column=None, encoding="utf-8", delimiter=None) as found:
        assert (
            found.kind
            == "the sheet 'People', under the header in line 3 (ahead of it: 'Customers'), numbers in 'Mobile Phone'"
        )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "can't be read as an .xlsx file"),
        (b"phone\n", "can't be read as an .xlsx file"),
        (sheet({1: [text("phone")]})[:-50], "can't be read as an .xlsx file"),
        (sheet({}), "its first sheet is empty"),
        (sheet({1: [text("phone")]}, state="hidden"), "'People', is hidden"),
        (sheet({2: [text("name")]}), "line 2: no column"),
        (sheet({2: [text("phone"), text("Phone")]}), "may all be"),
        (sheet({2: [text("phone"), text("phone ")]}), "two columns"),
    ],
)
def test_a_damaged_or_doubtful_sheet_is_refused(folder: Path, data: bytes, reason: str) -> None:
    assert reason in str(problem(folder, "a.xlsx", data))


@pytest.mark.parametrize("new", [0, 9, 14])
def test_whatever_byte_of_the_archive_s_own_is_wrong_it_is_read_or_refused(folder: Path, new: int) -> None:
    data, reasons = sheet({1: [text("phone")], 2: [text(A)]}), list[str]()
    for at in (*range(30), *range(data.index(b"PK\1\2"), len(data))):
        (folder / "a.xlsx").write_bytes(data[:at] + bytes([new]) + data[at + 1 :])
        try:
            with open_rows(folder / "a.xlsx", phone_column=None, encoding="utf-8", delimiter=None) as rows:
                assert [row.fields["phone"] for row in rows] == [A]
        except FileProblem as problem:
            reasons.append(problem.reason)
    assert [reason for reason in reasons if reason.endswith(": ")] == []
    assert len(reasons) > 20


def test_without_the_extra_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert 'pip install "customersms-async[xlsx]"' in str(problem(folder, "a.xlsx", sheet({1: [text("phone")]})))


def test_hidden_rows_and_other_sheets_are_told_of(folder: Path) -> None:
    data = unzipped(sheet({1: [text("phone")], 2: [text(A)], 3: [text(B)]}))
    part, book, relations = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    (folder / "plain.xlsx").write_bytes(zipped(data))
    with open_rows(folder / "plain.xlsx", phone_column=None, encoding="utf-8", delimiter=None) as rows:
        assert rows.notes == ()
    for at, (name, state) in enumerate([("More", "visible"), ("Secret", "hidden"), ("Empty", "visible")], 2):
        more = f'<sheet name="{name}" sheetId="{at}" state="{state}" r:id="s{at}"/></sheets>'
        data[book] = data[book].replace(b"</sheets>", more.encode())
        kind = data[relations].split(b'Type="')[1].split(b'"')[0].decode()
        one = f'<Relationship Id="s{at}" Type="{kind}" Target="worksheets/sheet{at}.xml"/></Relationships>'
        data[relations] = data[relations].replace(b"</Relationships>", one.encode())
        data[f"xl/worksheets/sheet{at}.xml"] = data[part] if name != "Empty" else b"<worksheet/>"
    for number in (b"1", b"3"):
        data[part] = data[part].replace(b'<row r="%b"' % number, b'<row r="%b" hidden="1"' % number)
    (folder / "more.xlsx").write_bytes(zipped(data))
    with open_rows(folder / "more.xlsx", phone_column=None, encoding="utf-8", delimiter=None) as rows:
        assert [row.phone for row in rows] == [A, B]
        assert rows.notes == (
            "1 row that the sheet hides is among them",
            "only the first sheet is read, and not 'More'",
        )
