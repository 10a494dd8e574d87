"""Which file is what, and files that are absent, changed, replaced or pipes."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from customersms_async.cli.files import FileProblem, FileRow, PhoneColumns, open_rows
from support.platforms import needs_posix
from support.recipient_files import A, B, problem, read


def test_plain_lines_are_one_phone_each(folder: Path) -> None:
    for name in ("a.txt", "a.LST", "a", "a.TXT"):
        rows = read(folder, name, f"\ufeff{A}\r\n\n  \nnobody, 5\r {B}")
        assert rows == [
            FileRow(1, A, {"phone": A}),
            FileRow(4, "nobody, 5", {"phone": "nobody, 5"}),
            FileRow(5, f" {B}", {"phone": f" {B}"}),
        ]
    assert read(folder, "a.txt", "") == []


def test_a_phone_column_makes_a_text_a_table(folder: Path) -> None:
    assert read(folder, "a.txt", f"a;b\n{A};x\n", phone_column="a")[0].fields == {"a": A, "b": "x"}


@pytest.mark.parametrize("name", ["a.xls", "a.json", "a.pdf", "a.csv.gz"])
def test_a_file_of_another_kind_is_refused(folder: Path, name: str) -> None:
    assert "is not known; save it as" in str(problem(folder, name, "phone\n"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.xlsx"])
def test_a_delimiter_for_a_file_without_one_is_refused(folder: Path, name: str) -> None:
    assert "leave out --delimiter" in str(problem(folder, name, "", delimiter=","))


@pytest.mark.parametrize("name", ["absent.csv", "absent.xlsx", "absent", ".", "a\0b.csv"])
def test_a_file_that_can_not_be_opened_says_why(folder: Path, name: str) -> None:
    with pytest.raises(FileProblem, match="it can't be read"):
        open_rows(folder / name, phone_column=None, encoding="utf-8", delimiter=None)


def test_a_file_that_changes_between_two_readings_is_refused(folder: Path) -> None:
    path = folder / "changing.txt"
    path.write_text(f"{A}\n")
    with open_rows(path, phone_column=None, encoding="utf-8", delimiter=None) as rows:
        assert len(list(rows)) == 1
        with path.open("a") as file:
            file.write(f"{B}\n")
        with pytest.raises(FileProblem, match="has changed"):
            list(rows)


def test_a_file_that_is_replaced_is_read_as_it_was(folder: Path) -> None:
    path = folder / "replaced.txt"
    path.write_text(f"{A}\n")
    with open_rows(path, phone_column=None, encoding="utf-8", delimiter=None) as rows:
        (folder / "new.txt").write_text(f"{B}\n")
        (folder / "new.txt").replace(path)
        assert [row.phone for row in rows] == [A]


def test_standard_input_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, column in ((f"{A}\n{B}\n", ()), (f"who,name\n{A},x\n{B},y\n", ("who",))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        with open_rows(Path("-"), phone_column=PhoneColumns(column), encoding="utf-8", delimiter=None) as rows:
            assert [row.phone for row in rows] == [row.phone for row in rows] == [A, B]


@pytest.mark.parametrize("option", ["--phone-column", "--suppress-column"])
def test_a_table_on_standard_input_is_asked_for_an_option_that_the_command_has(
    monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"phone;x\n{A};1\n".encode())))
    with pytest.raises(FileProblem, match=f"for a table, name its column of numbers with {option}"):
        open_rows(Path("-"), phone_column=PhoneColumns((), option), encoding="utf-8", delimiter=None)


@needs_posix
def test_a_pipe_is_read_twice(folder: Path) -> None:
    path = folder / "pipe.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(f"phone,x\n{A},1\n",))
    writer.start()
    with open_rows(path, phone_column=None, encoding="utf-8", delimiter=None) as rows:
        writer.join()
        assert [row.phone for row in rows] == [row.phone for row in rows] == [A]


def test_an_old_or_locked_excel_file_is_called_what_it_is(folder: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert "it is an old Excel file, or one with a password" in str(problem(folder, "a.csv", ole))
