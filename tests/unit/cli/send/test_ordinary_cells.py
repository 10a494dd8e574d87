"""What is taken for ordinary is what no rule has anything to say of."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core import suspicious_text
from customersms_async._core.merge_tags import may_hold_tags
from customersms_async.cli.files import open_rows
from customersms_async.cli.files.spoiled_cells import spoiled
from customersms_async.cli.send.first_reading import check
from customersms_async.cli.send.job import Job, TextRules
from customersms_async.cli.send.ordinary_cells import SEPARATOR, ordinary

if TYPE_CHECKING:
    from pathlib import Path

ONE = ordinary(1)
SPECIAL = (
    "{%<[|~\\& \t\r\n\0\x85\xa0\u00c3\u00a4\u00e2\u20ac\u2028\u202e\ufeff\ufffd#=-.?$'\"()/:\u2014EeLlNnUuarRoOnuil19"
)
ODD = [
    *("nan", "NaN", "NAT", "null", "Nil", "nul", "None", "undefined", "UNDEFINED", "na", "N/A", "n.a.", "#N/A", "<NA>"),
    *("(null)", "(blank)", "-", "--", "\u2014", "?", ".", "\\N", "Err:502", "err:502", "Loading...", "#REF!", "=A1"),
    *("", " ", "Ann ", " Ann", "\u3000", "Hi {name}", "%name%", "a|b", "a\\nb", "a&amp;b", "a\nb", "a\0b"),
    *("######", "M\u00c3\u00bcller"),
]


ORDINARY = ["Ann", "Erik", "Lea", "Nancy", "Ursula", "O'Brien", "M\u00fcller", "12.50", "3", "\u0410\u043d", "A B"]


def is_remarkable(cell: str) -> bool:
    """By the rules, each asked by itself."""
    return (
        not cell.strip()
        or suspicious_text.has_outer_space(cell)
        or suspicious_text.means_nothing(cell)
        or suspicious_text.spoiled(cell) is not None
        or suspicious_text.written_break(cell) is not None
        or spoiled(cell) is not None
        or may_hold_tags(cell)
        or "\\" in cell
        or "&" in cell
    )


@pytest.mark.parametrize("cell", ODD)
def test_what_a_rule_speaks_of_is_not_ordinary(cell: str) -> None:
    assert is_remarkable(cell)
    assert ONE(cell) is None


@pytest.mark.parametrize("cell", ORDINARY)
def test_a_name_and_an_amount_are_ordinary(cell: str) -> None:
    assert ONE(cell) is not None


def test_whatever_character_a_cell_begins_with_ends_with_or_has_in_it() -> None:
    for char in map(chr, (*range(0x3001), 0xFEFF, 0xFFFD)):  # no rule knows any other above these
        for cell in (char, f"{char}nn", f"A{char}n", f"An{char}"):
            if ONE(cell) is not None:
                assert not is_remarkable(cell), repr(cell)


@given(st.text(SPECIAL, max_size=12) | st.sampled_from(ODD) | st.text(max_size=12))
@example("n/a")
def test_an_ordinary_cell_has_nothing_remarkable(cell: str) -> None:
    if ONE(cell) is not None:
        assert not is_remarkable(cell)


@given(st.lists(st.text(SPECIAL, max_size=4) | st.sampled_from([*ODD, "Ann", "Bob"]), min_size=2, max_size=4))
def test_several_cells_are_ordinary_if_each_of_them_is(cells: list[str]) -> None:
    assert (ordinary(len(cells))(SEPARATOR.join(cells)) is not None) == all(ONE(cell) is not None for cell in cells)


@pytest.mark.parametrize(
    "message", ["Hi {name}", "Hi {name}.", "{name} and {other|them}", "${name}", " {name}", "{name|x} ", "Hi {NAME}"]
)
@pytest.mark.parametrize("require", [(), ("name",), ("phone",)])
@pytest.mark.parametrize("smart", [False, True])
def test_a_table_comes_to_what_its_rows_come_to_one_by_one(
    tmp_path: Path, message: str, require: tuple[str, ...], smart: bool
) -> None:
    """The rows as JSONL, which has no columns that all rows have, take the long way each."""
    found = random.Random(7)
    cells = [
        cell
        for cell in (*ODD, "Ann", "Bob", "Zo\u00eb\u2019s", "Nina", "12", "\u4f1f")
        if not set('\n\r\0"') & set(cell)
    ]
    rows = [(f"+1212555{number:04}", found.choice(cells), found.choice(cells)) for number in range(400)]
    table, objects = tmp_path / "a.tsv", tmp_path / "a.jsonl"
    lines = ["\t".join(row) for row in [("phone", "name", "other"), *rows]]
    table.write_text("\n".join(lines) + "\n", "utf-8")
    keyed = [json.dumps(dict(zip(("phone", "name", "other"), row, strict=True))) for row in rows]
    objects.write_text("\n" + "\n".join(keyed) + "\n", "utf-8")
    told = []
    for path in (table, objects):
        rules = TextRules(require=require, smart=smart)
        job = Job.of_file(path, message, phone_column=None, encoding="utf-8", delimiter=None, rules=rules)
        checked = check(job, region=None, batch_size=10, lookahead=80, samples=400, findings=job.findings())
        found_in_texts = (checked.blank, checked.blanks, checked.suspicious, checked.first_with_fallback)
        costs = (checked.segments, checked.requests, checked.smart_saves, checked.smart_replaces)
        told.append((checked.samples, checked.problems, found_in_texts, costs, list(job)))
        job.close()
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "phone,name,,city\n+12125551234,Ann,x,Rome\n\n+12125551235,,,\n"),
        ("a.csv", "phone,name,name\n+12125551234,Ann,Rome\n"),
        ("a.jsonl", '{"phone": "+12125551234", "name": "Ann"}\n{"phone": 5, "city": null}\n'),
        ("a.txt", "+12125551234\n\nnobody\n"),
    ],
)
def test_a_row_of_some_columns_is_the_row_without_the_others(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with open_rows(path, phone_column=None, encoding="utf-8", delimiter=None) as rows:
        for wanted in ((), ("name",), ("phone",), ("city", "phone"), ("phone", "name", "city"), ("none of them",)):
            some = list(rows.only(wanted))
            assert [(row.line, row.phone) for row in some] == [(row.line, row.phone) for row in rows]
            for whole, part in zip(rows, some, strict=True):
                held = {key: text for key, text in whole.fields.items() if key in wanted}
                assert {key: text for key, text in part.fields.items() if key in wanted} == held
                assert not rows.even or dict(part.fields) == held
