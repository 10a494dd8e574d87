"""Reads a small file of recipients as the command does, twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customersms_async.cli.files import FileProblem, FileRow, PhoneColumns, open_rows

if TYPE_CHECKING:
    from pathlib import Path

A, B = "+12125551234", "+13235554567"


def read(
    folder: Path,
    name: str,
    data: str | bytes,
    *,
    phone_column: str | tuple[str, ...] = (),
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> list[FileRow]:
    """Write a file and read it twice, which must give equal rows."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    columns = PhoneColumns((phone_column,) if isinstance(phone_column, str) else phone_column)
    with open_rows(path, phone_column=columns, encoding=encoding, delimiter=delimiter) as rows:
        found = list(rows)
        assert list(rows) == found, "the second reading is not the first"
        assert set(rows.phone_columns) <= set(rows.columns)
        if not name.endswith("jsonl"):
            assert all(tuple(row.fields) == rows.columns for row in found)
    return found


def problem(folder: Path, name: str, data: str | bytes, **options: Any) -> FileProblem:
    """Why a file is refused."""
    with pytest.raises(FileProblem) as caught:
        read(folder, name, data, **options)
    return caught.value
