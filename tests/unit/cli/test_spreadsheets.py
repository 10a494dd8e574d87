"""Cells that a spreadsheet would run are quoted, and phones stay phones."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.cli.spreadsheets import as_csv, harmless

RUN = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


FORMULAS = ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", ' "=1', "'=1", "  -cmd|x", "\uff1d1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_would_be_run_gets_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["+12125551234", "-5", "12.50", "Ann", "a=b", "", None, 7, "x\r\n=1", "msg_1"])
def test_phones_numbers_and_other_texts_stay_as_they_are(cell: object) -> None:
    assert harmless(cell) == cell


@given(st.lists(st.text(st.sampled_from(f"{RUN}\"' a1.,;")), min_size=1))
def test_no_cell_begins_with_what_is_run_and_all_can_be_had_back(cells: list[str]) -> None:
    (read,) = csv.reader(io.StringIO(as_csv([cells], raw=False), newline=""))
    for cell, shown in zip(cells, read, strict=True):
        assert shown in (cell, f"'{cell}")
        bare = shown.lstrip(" \"'") if shown == cell else ""
        assert bare[:1] not in RUN or not bare or bare.lstrip("+-").replace(".", "").isdigit()
    (raw,) = csv.reader(io.StringIO(as_csv([cells], raw=True), newline=""))
    assert raw == cells
