"""JSON lines: one object is one recipient."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from customersms_async._core import phone as phones
from customersms_async.cli.files import FileProblem, open_rows
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
def test_a_phone_that_is_no_text_is_refused_as_in_a_table(folder: Path, phone: str) -> None:
    (row,) = read(folder, "a.jsonl", f'{{"phone": {phone}}}\n')
    assert str(row.phone) in (phone, "")
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


def test_a_line_of_many_keys_takes_no_longer_than_it_is_long(folder: Path) -> None:
    """A look at all keys before each of them took more than a minute here."""
    keys = ", ".join(f'"k{place}": 1' for place in range(30_000))
    began = time.process_time()
    for text, options, said in [
        (f'{{"phone": "{A}", {keys}, "k29999": 1}}\n', {}, "'k29999' twice"),
        (f'{{"phone": "{A}", {keys}}}\n', {"phone_column": "phon"}, "no column is called 'phon'"),
    ]:
        with pytest.raises(FileProblem, match=said):
            read(folder, "a.jsonl", text, **options)
    table = ",".join(["phone", *(f"k{place}" for place in range(60_000))])
    with pytest.raises(FileProblem, match="two columns are called 'phone'"):
        read(folder, "a.csv", f"{table},k59999,phone\n")
    assert time.process_time() - began < 4
