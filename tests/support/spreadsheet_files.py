"""Spreadsheets as small as they can be."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def sheet(rows: dict[int, list[str]], *, state: str = "visible", formats: tuple[str, ...] = ()) -> bytes:
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
    if formats:
        own = "".join(f'<numFmt numFmtId="{at}" formatCode="{code}"/>' for at, code in enumerate(formats, 164))
        styles = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{at}"/>' for at in range(164, 164 + len(formats)))
        parts["xl/styles.xml"] = f"<styleSheet {main}><numFmts>{own}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>"
        of_styles = f'<Relationship Id="r2" Type="{document}/styles" Target="styles.xml"/></Relationships>'
        book = "xl/_rels/workbook.xml.rels"
        parts[book] = parts[book].replace("</Relationships>", of_styles)
    return zipped(parts)


def zipped(parts: Mapping[str, bytes | str]) -> bytes:
    """An archive of these parts, each of which can be read in it as it is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def unzipped(archive: bytes) -> dict[str, bytes]:
    """The parts of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
