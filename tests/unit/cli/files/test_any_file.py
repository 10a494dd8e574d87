"""Any bytes under any name, and many rows."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.cli.files import FileProblem, open_rows
from support.recipient_files import A, problem, read


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


def test_a_workbook_with_the_name_of_a_table_is_told_of(folder: Path) -> None:
    for name in ("a.csv", "a.txt", "a.jsonl"):
        assert "it is an .xlsx file" in str(problem(folder, name, b"PK\x03\x04\x14\x00\x00"))


def test_a_table_on_standard_input_needs_the_name_of_its_column(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, said in ((f"phone,name\n{A},Ann\n", "--phone-column"), (f"\n{A}\n", "")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        if said:
            with pytest.raises(FileProblem, match=said):
                open_rows(Path("-"), phone_column=None, encoding="utf-8", delimiter=None)
        else:
            with open_rows(Path("-"), phone_column=None, encoding="utf-8", delimiter=None) as rows:
                assert [row.phone for row in rows] == [A]
