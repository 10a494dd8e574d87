"""Spreadsheets: the first sheet, with its row numbers."""

from __future__ import annotations

import io
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from customersms_async._core import phone as phones
from customersms_async.cli.files import FileRow
from customersms_async.errors import InvalidRecipientError
from support.recipient_files import A, B, problem, read

if TYPE_CHECKING:
    from pathlib import Path


def sheet(rows: dict[int, list[str]], *, state: str = "visible") -> bytes:
    """The least that is an XLSX file: cells as XML, from column A, by row number."""
    document = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

    def relation(kind: str, target: str) -> str:
        one = f'<Relationship Id="r1" Type="{document}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{package}/relationships">{one}</Relationships>'

    def cell(number: int, at: int, value: str) -> str:
        return value.replace("<c", f'<c r="{"ABCDEFGH"[at]}{number}"', 1)

    cells = "".join(
        f'<row r="{number}">{"".join(cell(number, at, value) for at, value in enumerate(row))}</row>'
        for number, row in rows.items()
    )
    override = f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/>'
    named = f'<sheet name="People" sheetId="1" state="{state}" r:id="r1"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">{override}</Types>',
        "_rels/.rels": relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{document}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


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


def test_cells_become_text_and_a_phone_that_is_a_number_does_not(folder: Path) -> None:
    header = [text("phone"), *map(text, "abcdef")]
    cells = [number("12125551234"), number("12"), number("12.50"), number("0.30000000000000004"), number("1", "b")]
    cells += [number("2026-10-31T09:30:00", "d"), number("#N/A", "e")]
    (row,) = read(folder, "a.xlsx", sheet({1: header, 2: cells}))
    assert [*row.fields.values()] == ["12125551234", "12", "12.5", "0.3", "TRUE", "2026-10-31 09:30:00", ""]
    assert isinstance(row.phone, float)
    with pytest.raises(InvalidRecipientError, match="float"):
        phones.parse(row.phone)  # type: ignore[arg-type]  # which is the point


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
        (sheet({2: [text("phone"), text("a"), text("a ")]}), "two columns"),
    ],
)
def test_a_damaged_or_doubtful_sheet_is_refused(folder: Path, data: bytes, reason: str) -> None:
    assert reason in str(problem(folder, "a.xlsx", data))


def test_without_the_extra_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert 'pip install "customersms-async[xlsx]"' in str(problem(folder, "a.xlsx", sheet({1: [text("phone")]})))
