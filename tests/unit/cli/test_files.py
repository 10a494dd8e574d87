"""A file of people: every row as it stands, or the line where the file is damaged."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import threading
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core import phone as phones
from customersms_async.cli.files import FileProblem, Row, open_rows
from customersms_async.errors import InvalidRecipientError

A, B = "+12125551234", "+13235554567"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


def read(
    folder: Path,
    name: str,
    data: str | bytes,
    *,
    phone_column: str | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> list[Row]:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with open_rows(path, phone_column=phone_column, encoding=encoding, delimiter=delimiter) as rows:
        found = list(rows)
        assert list(rows) == found, "the second reading is not the first"
        assert rows.phone_column in rows.columns
        if not name.endswith("jsonl"):
            assert all(tuple(row.fields) == rows.columns for row in found)
    return found


def problem(folder: Path, name: str, data: str | bytes, **options: str) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        read(folder, name, data, **options)
    return caught.value


# --- tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_a_table_is_read_with_the_delimiter_that_it_has(folder: Path, delimiter: str, end: str, last: bool) -> None:
    lines = [["name", "phone"], ["Ann", A], ["Bob", B]]
    text = end.join(delimiter.join(line) for line in lines) + end * last
    assert read(folder, "a.csv", text) == [
        Row(2, A, {"name": "Ann", "phone": A}),
        Row(3, B, {"name": "Bob", "phone": B}),
    ]


@pytest.mark.parametrize("name", ["phone", "PHONE", " Phone_Number ", "mobile", "Number", "msisdn", "To"])
def test_the_phone_column_is_known_by_its_usual_names(folder: Path, name: str) -> None:
    assert [row.phone for row in read(folder, "a.csv", f"{name},x\n{A},1\n")] == [A]


def test_the_phone_column_can_be_named(folder: Path) -> None:
    text = f"phone,Handy\nx,{A}\n"
    assert read(folder, "a.csv", text, phone_column="Handy")[0].phone == A
    assert read(folder, "a.csv", text)[0].phone == "x"
    assert "did you mean 'Handy'?" in str(problem(folder, "a.csv", text, phone_column="handy"))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("name,city", "no column is called phone, phone_number, mobile, number, msisdn or to, only 'name', 'city'"),
        ("phone,mobile", "'phone' and 'mobile' may all be the phone column"),
        ("phone,Phone", "'phone' and 'Phone' may all be the phone column"),
        ("phone,name, name", "two columns are called 'name'"),
        (" , ;x", "only ';x'"),
    ],
)
def test_a_header_that_leaves_a_doubt_is_refused(folder: Path, header: str, reason: str) -> None:
    found = problem(folder, "a.csv", f"\n{header}\n+1,x\n", delimiter=",")
    assert found.line == 2
    assert reason in found.reason
    assert str(found) == f"line 2: {found.reason}"


def test_columns_without_a_name_are_not_used(folder: Path) -> None:
    assert read(folder, "a.csv", f"phone,,name,\n{A},1,Ann,2\n") == [Row(2, A, {"phone": A, "name": "Ann"})]


def test_values_keep_their_white_space_and_names_lose_it(folder: Path) -> None:
    assert read(folder, "a.csv", f"phone , name\n {A}, Ann \n")[0].fields == {"phone": f" {A}", "name": " Ann "}


def test_rows_of_nothing_but_white_space_are_nobody_and_lines_keep_their_numbers(folder: Path) -> None:
    assert [row.line for row in read(folder, "a.csv", f"\nphone,name\n\n   \n,\n ,\t\n{A},Ann\n,Bob\n\n")] == [7, 8]
    assert [row.line for row in read(folder, "a.tsv", f"phone\tname\n\t\n{A}\tAnn\n")] == [3]


def test_a_row_without_a_phone_is_passed_on(folder: Path) -> None:
    assert [row.phone for row in read(folder, "a.csv", "phone,name\n,Ann\n12,Bob\n")] == ["", "12"]


def test_one_column_needs_no_delimiter(folder: Path) -> None:
    assert [row.phone for row in read(folder, "a.csv", f"phone\n{A}\n{B}")] == [A, B]
    assert [row.phone for row in read(folder, "a.csv", f'"phone"\n"{A}"\n"1,2"\n')] == [A, "1,2"]
    assert read(folder, "a.csv", "phone\n") == []


def test_a_delimiter_in_quotes_is_none(folder: Path) -> None:
    text = f'phone;note\n{A};"a,b;c"\n{B};"d,e"\n'
    assert [row.fields["note"] for row in read(folder, "a.csv", text)] == ["a,b;c", "d,e"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("phone,a;b\n+1,c;d\n", None, "commas and semicolons may all separate"),
        ("phone,a;b\n", None, "--delimiter"),
        ("phone,name\n+1,a\n+2,b,c\n", 3, "3 columns, and the header has 2 (a text with ',' in it"),
        ("phone,name\n+1,a\n+2\n", 3, "1 column, and the header has 2"),
        ("phone\n+1\n+2,b\n", 3, "2 columns, and the header has 1"),
        ("phone,name\n+1,a\n,,\n", 3, "3 columns"),
        ("", None, "empty"),
        (" \n\n", None, "empty"),
    ],
)
def test_a_table_that_is_not_even_is_refused(folder: Path, text: str, line: int | None, reason: str) -> None:
    found = problem(folder, "a.csv", text)
    assert found.line == line
    assert reason in found.reason


def test_an_uneven_row_far_behind_the_first_ones_is_found(folder: Path) -> None:
    assert problem(folder, "a.csv", "phone,name\n" + "+1,a\n" * 50_000 + "+1\n").line == 50_002


@pytest.mark.parametrize(("given", "char"), [("tab", "\t"), ("\\t", "\t"), ("TAB", "\t"), (":", ":"), (" ", " ")])
def test_a_delimiter_can_be_given(folder: Path, given: str, char: str) -> None:
    for name in ("a.csv", "a.tsv", "a.txt", "a.dat", "a"):
        assert read(folder, name, f"phone{char}x\n{A}{char}1,2\n", delimiter=given)[0].fields["x"] == "1,2"


@pytest.mark.parametrize("given", ["", ",,", '"', "\n", "\r", "\0", "comma"])
def test_what_can_not_separate_columns_is_refused(folder: Path, given: str) -> None:
    assert "--delimiter takes one character" in str(problem(folder, "a.csv", "phone\n", delimiter=given))


# --- quotes


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
        Row(3, A, {"phone": A, "na\nme": 'a\nb\n\n"c"'}),
        Row(7, B, {"phone": B, "na\nme": "d"}),
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


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "gb18030"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_a_text_in_its_encoding_is_read(folder: Path, encoding: str, name: str) -> None:
    text = {"a.csv": f"phone,name\n{A},Zoé\n", "a.jsonl": f'{{"phone":"{A}","name":"Zoé"}}\n', "a.txt": f"{A}\n"}[name]
    (row,) = read(folder, name, text.encode(encoding), encoding=encoding)
    assert row.phone == A
    assert row.fields.get("name", "Zoé") == "Zoé"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-be", "gb18030"])
def test_a_byte_order_mark_is_no_part_of_the_header(folder: Path, encoding: str) -> None:
    for end in ("", "\xff"):
        data = f"\ufeffphone,name\n{A},Ann\n".encode(encoding) + end.encode("latin-1")
        if not end:
            assert read(folder, "a.csv", data, encoding=encoding)[0].phone == A
        else:
            assert problem(folder, "a.csv", data, encoding=encoding).line == 3


@pytest.mark.parametrize(
    ("data", "encoding", "advice"),
    [
        ("phone\n".encode("utf-16"), "utf-8", "use --encoding utf-16"),
        ("phone\n".encode("utf-32"), "utf-16", "use --encoding utf-32"),
        ("phone\n".encode("utf-8-sig"), "cp1252", "use --encoding utf-8"),
        ("\ufeffphone\n".encode("utf-16-be"), "utf-16-le", "use --encoding utf-16"),
        ("phone\n".encode("utf-16-le"), "utf-16", "use --encoding utf-16-le or utf-16-be"),
        ("phone\n".encode("utf-16-le"), "utf-8", "NUL"),
    ],
)
def test_a_wrong_encoding_is_refused_with_the_right_one(folder: Path, data: bytes, encoding: str, advice: str) -> None:
    found = problem(folder, "a.csv", data, encoding=encoding)
    assert found.line == 1
    assert advice in found.reason


@pytest.mark.parametrize("before", [0, 1, 3, 6_553, 6_554, 9_000])
@pytest.mark.parametrize("damage", [b"\xff", b"\xc3", b"a\0b", b"\xed\xa0\x80"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl"])
def test_bytes_that_are_no_text_are_found_in_their_line(
    folder: Path, name: str, end: bytes, damage: bytes, before: int
) -> None:
    start, line = {"a.csv": (b"phone", b"+12125551"), "a.txt": (b"", b"+12125551"), "a.jsonl": (b"", b'{"to":"+"}')}[
        name
    ]
    for after in (end + line, b""):
        found = problem(folder, name, start + end + (line + end) * before + damage + after)
        assert found.line == before + 2
        assert "--encoding" in found.reason


@pytest.mark.parametrize("encoding", ["", "utf-9", "hex", "rot13", "a\0b", "é", "locale"])
def test_what_is_no_encoding_is_refused(folder: Path, encoding: str) -> None:
    assert "is no encoding" in str(problem(folder, "a.csv", "phone\n", encoding=encoding))


def test_a_file_without_lines_is_not_read_into_memory(folder: Path) -> None:
    assert problem(folder, "a.txt", "\n" + "1" * 1_100_000).line == 2
    assert problem(folder, "a.csv", "phone\n" + "1" * 1_100_000).line == 2


# --- plain lines, and which file is what


def test_plain_lines_are_one_phone_each(folder: Path) -> None:
    for name in ("a.txt", "a.LST", "a", "a.TXT"):
        rows = read(folder, name, f"\ufeff{A}\r\n\n  \nnobody, 5\r {B}")
        assert rows == [
            Row(1, A, {"phone": A}),
            Row(4, "nobody, 5", {"phone": "nobody, 5"}),
            Row(5, f" {B}", {"phone": f" {B}"}),
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
    for text, column in ((f"{A}\n{B}\n", None), (f"who,name\n{A},x\n{B},y\n", "who")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        with open_rows(Path("-"), phone_column=column, encoding="utf-8", delimiter=None) as rows:
            assert [row.phone for row in rows] == [row.phone for row in rows] == [A, B]


def test_a_pipe_is_read_twice(folder: Path) -> None:
    path = folder / "pipe.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(f"phone,x\n{A},1\n",))
    writer.start()
    with open_rows(path, phone_column=None, encoding="utf-8", delimiter=None) as rows:
        writer.join()
        assert [row.phone for row in rows] == [row.phone for row in rows] == [A]


# --- JSON lines


def test_objects_are_read_with_their_values_as_they_are_written(folder: Path) -> None:
    values = f'"to": "{A}", "s": "é\\n", "i": -7, "f": 12.50, "e": 1E3, "t": true, "u": false, "n": null, "l": [1]'
    (row,) = read(folder, "a.jsonl", f"\n{{{values}}}\r\n \n")
    assert (row.line, row.phone) == (2, A)
    fields = {"to": A, "s": "é\n", "i": "-7", "f": "12.50", "e": "1E3", "t": "true", "u": "false", "n": ""}
    assert row.fields == fields


def test_the_columns_of_objects_are_those_of_the_first_that_have_a_text(folder: Path) -> None:
    (folder / "a.jsonl").write_text(f'{{"x": 1, "to": "{A}", "tags": []}}\n{{"to": "{B}", "y": 2}}\n{{"x": 1}}\n')
    with open_rows(folder / "a.jsonl", phone_column=None, encoding="utf-8", delimiter=None) as rows:
        assert rows.columns == ("x", "to")
        assert [(row.phone, dict(row.fields)) for row in rows] == [
            (A, {"x": "1", "to": A}),
            (B, {"to": B, "y": "2"}),
            (None, {"x": "1"}),
        ]


@pytest.mark.parametrize(
    "phone", ["12125551234", "1.2125551234e10", "12125551234.0", "1e999", "9" * 5_000, "true", "null", "[1]", "{}"]
)
def test_a_phone_that_is_no_text_is_passed_on_and_refused_later(folder: Path, phone: str) -> None:
    (row,) = read(folder, "a.jsonl", f'{{"phone": {phone}}}\n')
    assert type(row.phone) in (int, float, bool, type(None), list, dict)
    with pytest.raises(InvalidRecipientError):
        phones.parse(row.phone)  # type: ignore[arg-type]  # which is the point


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "not an object"),
        ("1", "not an object"),
        ("{", "not JSON"),
        ('{"phone": "+1"} x', "not JSON"),
        ('{"phone": "+1"}{"phone": "+2"}', "not JSON: Extra data at character 16"),
        ("{'phone': 1}", "not JSON"),
        ('{"phone": "+1", "phone": "+2"}', "the key 'phone' twice"),
        ('{"phone": "+1", "o": {"a": 1, "b": 2, "a": 1}}', "the key 'a' twice"),
        ('{"phone": NaN}', "NaN is not JSON"),
        ('{"phone": -Infinity}', "-Infinity is not JSON"),
        ('{"phone": "\\ud83d"}', "surrogate"),
        ('{"phone": "a\tb"}', "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("\v{}", "not JSON"),
    ],
)
def test_a_line_that_is_no_object_is_refused(folder: Path, line: str, reason: str) -> None:
    for before in ("", '{"phone": "+1"}\n\n'):
        found = problem(folder, "a.jsonl", f"{before}{line}\n")
        assert found.line == before.count("\n") + 1
        if reason != "nested too deeply":
            assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "empty"), ("\n", "empty"), ('{"name": 1}', "no column"), ('{"to": 1, "phone": 2}', "may all")],
)
def test_objects_without_a_certain_phone_are_refused(folder: Path, text: str, reason: str) -> None:
    assert reason in str(problem(folder, "a.jsonl", text))
    assert "no column" in str(problem(folder, "a.jsonl", '{"Tel": 1}', phone_column="tel"))
    assert read(folder, "a.jsonl", '{"Tel": "5"}', phone_column="Tel")[0].phone == "5"


# --- spreadsheets


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
        Row(5, A, {"phone": A, "name": "Ann"}),
        Row(8, B, {"phone": B, "name": "Bob"}),
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


# --- any bytes, and many rows


@given(
    data=st.one_of(
        st.binary(max_size=60),
        st.text('",;|\t\n\r{}:[]1+a\\u', max_size=60).map(lambda text: f"phone,x\n{text}".encode()),
        st.text('",:{}[]1\\ud8', max_size=60).map(lambda text: f'{{"phone":1}}\n{{"to":{text}}}'.encode()),
    ),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
    name=st.sampled_from(["any.csv", "any.tsv", "any.txt", "any.jsonl", "any.xlsx", "any"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "cp1252", "shift_jis", "utf-7", "ascii"]),
    delimiter=st.sampled_from([None, ",", "tab"]),
)
def test_any_bytes_are_rows_or_a_problem(
    folder: Path, data: bytes, mark: bytes, name: str, encoding: str, delimiter: str | None
) -> None:
    try:
        rows = read(folder, name, mark + data, encoding=encoding, delimiter=delimiter)
    except FileProblem as found:
        assert found.line is None or 1 <= found.line <= data.count(b"\n") + data.count(b"\r") + 1  # noqa: PT017
    else:
        assert [row.line for row in rows] == sorted({row.line for row in rows})


@pytest.mark.parametrize("name", ["many.csv", "many.txt", "many.jsonl"])
def test_many_rows_are_read_in_flat_memory(folder: Path, name: str) -> None:
    count = 50_000 if name == "many.jsonl" else 200_000
    with (folder / name).open("w", encoding="utf-8") as file:
        if name == "many.csv":
            file.write("phone,name\n")
        for at in range(count):
            phone = f"+1212{at:07}"
            file.write(
                {"many.csv": f'{phone},"Ann"\n', "many.txt": f"{phone}\n"}.get(name) or json.dumps({"to": phone}) + "\n"
            )
    tracemalloc.start()
    try:
        with open_rows(folder / name, phone_column=None, encoding="utf-8", delimiter=None) as rows:
            assert sum(1 for _ in rows) == count
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000
