"""The column of a file that names each recipient's own time zone."""

from __future__ import annotations

from customersms_async._core.intake import Letter
from customersms_async.cli.files import FileRow
from customersms_async.cli.send.zone_column import ZoneColumn


def zoned(*cells: str, problem: str | None = None) -> list[Letter]:
    column = ZoneColumn("zone")
    rows = (FileRow(line, "+12125551234", {"zone": cell}) for line, cell in enumerate(cells, 2))
    letters = (Letter(row.phone, "Hi", row.line, problem=problem) for row in column.watch(rows))
    return list(column.put_on(letters))


def test_each_letter_gets_the_zone_of_its_own_row_and_none_where_the_cell_is_empty() -> None:
    found = zoned("Europe/Paris", "", " Asia/Tokyo ", "  ")
    assert [letter.zone for letter in found] == ["Europe/Paris", None, "Asia/Tokyo", None]
    assert [letter.problem for letter in found] == [None] * 4


def test_a_row_without_the_cell_has_no_zone() -> None:
    column = ZoneColumn("zone")
    letters = (Letter(row.phone, "Hi") for row in column.watch([FileRow(2, "+12125551234", {})]))
    assert [letter.zone for letter in column.put_on(letters)] == [None]


def test_a_row_whose_cell_is_no_zone_can_t_be_used_and_says_why() -> None:
    for cell in ("Mars/Phobos", "../../etc/passwd", "x" * 5_000, "GMT+1\0"):
        (found,) = zoned(cell)
        assert found.problem is not None
        assert "column 'zone' says" in found.problem
        assert "is no time zone" in found.problem
        assert len(found.problem) < 200
        assert found.zone is None


def test_what_was_wrong_with_a_row_before_is_said_first() -> None:
    (found,) = zoned("Mars/Phobos", problem="no such field")
    assert found.problem == "no such field"
