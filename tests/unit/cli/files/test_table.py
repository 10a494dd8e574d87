"""Tables of recipients: every row as it stands, or the line where the file is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.files import FileRow
from support.recipient_files import A, B, problem, read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_a_table_is_read_with_the_delimiter_that_it_has(folder: Path, delimiter: str, end: str, last: bool) -> None:
    lines = [["name", "phone"], ["Ann", A], ["Bob", B]]
    text = end.join(delimiter.join(line) for line in lines) + end * last
    assert read(folder, "a.csv", text) == [
        FileRow(2, A, {"name": "Ann", "phone": A}),
        FileRow(3, B, {"name": "Bob", "phone": B}),
    ]


@pytest.mark.parametrize("name", ["phone", "PHONE", " Phone_Number ", "mobile", "Number", "msisdn", "To"])
def test_the_phone_column_is_known_by_its_usual_names(folder: Path, name: str) -> None:
    assert [row.phone for row in read(folder, "a.csv", f"{name},x\n{A},1\n")] == [A]


def test_the_phone_column_can_be_named(folder: Path) -> None:
    text = f"phone,Ring\nx,{A}\n"
    assert read(folder, "a.csv", text, phone_column="Ring")[0].phone == A
    assert read(folder, "a.csv", text)[0].phone == "x"
    assert "did you mean 'Ring'?" in str(problem(folder, "a.csv", text, phone_column="ring"))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("name,city", "or by another usual name for phone numbers, only 'name', 'city'"),
        ("phone,mobile", "'phone' and 'mobile' may all be the phone column"),
        ("phone,Phone", "'phone' and 'Phone' may all be the phone column"),
        ("phone,phone, x", "two columns are called 'phone'"),
        (" , ;x", "only ';x'"),
    ],
)
def test_a_header_that_leaves_a_doubt_is_refused(folder: Path, header: str, reason: str) -> None:
    found = problem(folder, "a.csv", f"\n{header}\n+1,x\n", delimiter=",")
    assert found.line == 2
    assert reason in found.reason
    assert str(found) == f"line 2: {found.reason}"


def test_columns_without_a_name_are_not_used(folder: Path) -> None:
    assert read(folder, "a.csv", f"phone,,name,\n{A},1,Ann,2\n") == [FileRow(2, A, {"phone": A, "name": "Ann"})]


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
        ("phone,name\n+1,a\n,,,\n", 3, "4 columns"),
        ("phone,name\n+1,a\n+2,b,c,\n", 3, "4 columns"),
        ('phone,name\n+1,a\n\n"Copyright (c) 2026, us"\n', 4, "a report's last lines, which are no rows"),
        ("", None, "empty"),
        (" \n\n", None, "empty"),
    ],
)
def test_a_table_that_is_not_even_is_refused(folder: Path, text: str, line: int | None, reason: str) -> None:
    found = problem(folder, "a.csv", text)
    assert found.line == line
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "given", "says"),
    [
        (
            "phone;name\n+1;a\n",
            ",",
            "one column, 'phone;name': semicolons seem to separate more, so give --delimiter ';'",
        ),
        ("phone\tname\n+1\ta\n", ";", "tabs seem to separate more, so give --delimiter tab"),
        ("phone,name\n+1,a\n", "tab", "commas seem to separate more, so give --delimiter ','"),
        ("phone|name\n+1|a\n", ":", "bars seem to separate more, so give --delimiter '|'"),
    ],
)
def test_another_delimiter_than_the_one_that_was_given_is_suggested(
    folder: Path, text: str, given: str, says: str
) -> None:
    assert says in problem(folder, "a.csv", text, delimiter=given).reason
    assert says in problem(folder, "a.csv", text, delimiter=given, phone_column="phone").reason


def test_no_delimiter_is_suggested_where_columns_are_told_apart(folder: Path) -> None:
    assert "--delimiter" not in problem(folder, "a.csv", "who;ever,name\n+1,a\n", delimiter=",").reason
    assert "--delimiter" not in problem(folder, "a.csv", "name\na\n").reason


def test_an_uneven_row_far_behind_the_first_ones_is_found(folder: Path) -> None:
    assert problem(folder, "a.csv", "phone,name\n" + "+1,a\n" * 50_000 + "+1\n").line == 50_002


@pytest.mark.parametrize(("given", "char"), [("tab", "\t"), ("\\t", "\t"), ("TAB", "\t"), (":", ":"), (" ", " ")])
def test_a_delimiter_can_be_given(folder: Path, given: str, char: str) -> None:
    for name in ("a.csv", "a.tsv", "a.txt", "a.dat", "a"):
        assert read(folder, name, f"phone{char}x\n{A}{char}1,2\n", delimiter=given)[0].fields["x"] == "1,2"


@pytest.mark.parametrize("given", ["", ",,", '"', "\n", "\r", "\0", "comma"])
def test_what_can_not_separate_columns_is_refused(folder: Path, given: str) -> None:
    assert "--delimiter takes one character" in str(problem(folder, "a.csv", "phone\n", delimiter=given))


def test_one_empty_cell_too_many_is_none(folder: Path) -> None:
    rows = read(folder, "a.csv", f"phone,name\n{A},Ann,\n,,\n{B},Bob\n")
    assert [(row.line, row.phone, row.fields["name"]) for row in rows] == [(2, A, "Ann"), (4, B, "Bob")]


@pytest.mark.parametrize("name", ["Bob,", "Bob, "])
def test_a_row_with_an_empty_cell_too_many_is_not_swallowed(folder: Path, name: str) -> None:
    text = f'phone,name\n{A},"Ann\n{B},{name}\n{A},Cyd"\n'
    assert "line 3 in the same cell could be a row" in str(problem(folder, "a.csv", text))


def test_columns_with_the_same_name_are_not_used(folder: Path) -> None:
    assert read(folder, "a.csv", f"phone,Notes,name, Notes\n{A},1,Ann,2\n") == [
        FileRow(2, A, {"phone": A, "name": "Ann"})
    ]
