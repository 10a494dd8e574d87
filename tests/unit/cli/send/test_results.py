"""Outcomes in a file: each is there, whole, as soon as it is written."""

from __future__ import annotations

import contextlib
import csv
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async.cli.output import as_json
from customersms_async.cli.send.results import FIELDS, Origin, ResultsProblem, check_results, open_results
from customersms_async.models import Outcome, Status
from support.platforms import WINDOWS

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\",;'="), max_size=12)
OUTCOMES = st.builds(
    Outcome,
    st.integers(0, 10**9),
    TEXTS,
    st.sampled_from(Status),
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.none() | TEXTS,
)
ACCEPTED = Outcome(0, "+12125551234", Status.ACCEPTED, "msg_1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def write(path: Path, outcomes: list[Outcome]) -> Path:
    path.unlink(missing_ok=True)
    with contextlib.closing(open_results(path, raw=True)) as results:
        for outcome in outcomes:
            results.write(outcome)
    return path


def test_the_columns_are_the_fields_of_an_outcome_but_for_what_the_command_never_has() -> None:
    assert Outcome.__struct_fields__ == (*FIELDS, "replayed")


@given(st.lists(OUTCOMES, max_size=5))
@example([Outcome(0, "+1212\r5551234", Status.UNSENT)])
def test_a_csv_reads_back_as_what_was_written(folder: Path, outcomes: list[Outcome]) -> None:
    header, *rows = read_csv(write(folder / "r.csv", outcomes))
    assert header == [*FIELDS, "line"]
    assert rows == [
        ["" if value is None else str(value) for value in (*msgspec.structs.astuple(o)[: len(FIELDS)], None)]
        for o in outcomes
    ]


@given(st.lists(OUTCOMES, max_size=5))
def test_json_lines_read_back_as_what_was_written(folder: Path, outcomes: list[Outcome]) -> None:
    lines = write(folder / "r.jsonl", outcomes).read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    assert [msgspec.json.decode(line, type=Outcome) for line in lines] == outcomes
    assert all(tuple(json.loads(line)) == FIELDS for line in lines)


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_every_outcome_is_in_the_file_before_the_next(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    results = open_results(path)
    before = path.stat().st_size
    for number in range(3):
        results.write(ACCEPTED)
        text = path.read_text(encoding="utf-8")
        assert len(text) > before
        assert text.endswith("\n")
        assert text.count(ACCEPTED.phone) == number + 1
        before = len(text)
    results.close()


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_a_phone_that_is_no_text_is_written_all_the_same(tmp_path: Path, name: str) -> None:
    """A byte that is in no encoding reaches Python's arguments as half a surrogate pair."""
    refused = Outcome(0, "\udcff123", Status.UNSENT, None, "it has '\udcff' in it", "INVALID_PHONE")
    text = write(tmp_path / name, [refused, ACCEPTED]).read_text(encoding="utf-8")
    assert "INVALID_PHONE" in text
    assert ACCEPTED.phone in text


@pytest.mark.parametrize("name", ["R.CSV", "r.JSONL"])
def test_the_case_of_the_name_does_not_matter(tmp_path: Path, name: str) -> None:
    assert ACCEPTED.phone in write(tmp_path / name, [ACCEPTED]).read_text()


@pytest.mark.parametrize("name", ["r.txt", "r.xlsx", "r", "csv"])
def test_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    for refusing in (check_results, open_results):
        with pytest.raises(ResultsProblem, match=r"\.csv or \.jsonl"):
            refusing(tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_earlier_results_are_never_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("precious")
    for refusing in (check_results, open_results):
        with pytest.raises(ResultsProblem, match="exists"):
            refusing(path)
    assert path.read_text() == "precious"


def test_a_name_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "r.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(ResultsProblem):
        open_results(tmp_path / "r.csv")
    assert not (tmp_path / "elsewhere.csv").exists()


def test_a_folder_that_is_not_there_is_a_problem_of_the_results(tmp_path: Path) -> None:
    with pytest.raises(ResultsProblem, match="No such file"):
        open_results(tmp_path / "nowhere" / "r.csv")


def test_checking_makes_no_file(tmp_path: Path) -> None:
    check_results(tmp_path / "r.csv")
    check_results(None)
    assert list(tmp_path.iterdir()) == []


def test_no_name_keeps_nothing() -> None:
    results = open_results(None)
    results.write(ACCEPTED)
    results.close()


def test_json_is_one_line() -> None:
    assert as_json({"a": "x\ny", "b": None, "c": Decimal("2.50")}) == '{"a":"x\\ny","b":null,"c":"2.50"}'


@pytest.mark.skipif(WINDOWS, reason="there are no such modes")
@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_results_are_for_their_owner_alone(tmp_path: Path, name: str) -> None:
    assert write(tmp_path / name, [ACCEPTED]).stat().st_mode & 0o777 == 0o600


def test_a_cell_that_a_spreadsheet_would_run_is_quoted_and_a_phone_is_not(tmp_path: Path) -> None:
    with contextlib.closing(open_results(tmp_path / "r.csv")) as results:
        results.write(Outcome(0, "+12125551234", Status.REJECTED, None, "=1+1", "@x"))
    assert read_csv(tmp_path / "r.csv")[1] == ["0", "+12125551234", "rejected", "", "'=1+1", "'@x", ""]


def test_the_line_and_what_was_kept_of_its_row_stand_beside_each_outcome(tmp_path: Path) -> None:
    origins = [Origin(7, ("=17", "x")), Origin(9, ("18", ""))]
    for name in ("r.csv", "r.jsonl"):
        with contextlib.closing(open_results(tmp_path / name, keep=("customer id", "phone"))) as results:
            for origin in origins:
                results.write(ACCEPTED, origin)
    header, *rows = read_csv(tmp_path / "r.csv")
    assert header == [*FIELDS, "line", "customer id", "kept phone"]
    assert [row[len(FIELDS) :] for row in rows] == [["7", "'=17", "x"], ["9", "18", ""]]
    first, second = map(json.loads, (tmp_path / "r.jsonl").read_text().splitlines())
    assert (first["line"], first["kept"]) == (7, {"customer id": "=17", "phone": "x"})
    assert (second["line"], second["kept"]) == (9, {"customer id": "18", "phone": ""})
