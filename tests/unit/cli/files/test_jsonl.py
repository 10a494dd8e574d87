"""JSON lines: one object is one recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async._core import phone as phones
from customersms_async.cli.files import open_rows
from customersms_async.errors import InvalidRecipientError
from support.recipient_files import A, B, problem, read

if TYPE_CHECKING:
    from pathlib import Path


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
