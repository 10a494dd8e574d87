"""Encodings of a file of recipients, and bytes that are no text in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.recipient_files import A, problem, read

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize("encoding", ["", "utf-9", "hex", "rot13", "a\0b", "é", "utf-8é", "locale"])
def test_what_is_no_encoding_is_refused(folder: Path, encoding: str) -> None:
    assert "is no encoding" in str(problem(folder, "a.csv", "phone\n", encoding=encoding))


def test_a_file_without_lines_is_not_read_into_memory(folder: Path) -> None:
    assert problem(folder, "a.txt", "\n" + "1" * 1_100_000).line == 2
    assert problem(folder, "a.csv", "phone\n" + "1" * 1_100_000).line == 2
