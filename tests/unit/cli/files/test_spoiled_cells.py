"""Cells without a value are told from texts."""

from __future__ import annotations

import pytest

from customersms_async.cli.files.spoiled_cells import MAY_BE_SPOILED, problem_of


@pytest.mark.parametrize(
    "cell",
    [
        *("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"),
        *("#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#N/D", "#¡REF!", "#¿NOMBRE?", "#RIF!", "#N/B"),
        *("#WAARDE!", "#DEEL/0!", "#ADR!", "#DZIEL/0!", "#ERROR!", "Err:502", "Loading...", "########", " #N/A "),
        *("=A1+B1", "=VLOOKUP(A2;B:C;2)", '="x"&A1', "=-5", "#ÜBERLAUF!", "#n/a"),
    ],
)
def test_an_error_or_a_formula_makes_the_row_invalid(cell: str) -> None:
    assert cell[0] in MAY_BE_SPOILED
    assert f"column 'name' holds {cell.strip()!r}, which is a " in (problem_of("name", cell) or "")


@pytest.mark.parametrize(
    "cell", ["", "Ann", "#1", "# 5", "#metoo", "Erik", "Lea", "=)", "= 5", "==>", "#5 Main St", "N/A"]
)
def test_a_text_is_a_text(cell: str) -> None:
    assert problem_of("name", cell) is None
