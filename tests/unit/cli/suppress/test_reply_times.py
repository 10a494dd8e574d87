"""Which reply came later: said only where the log leaves no doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.cli.suppress.reply_times import is_later, time_columns, times_of


def later(one: str, other: str) -> bool:
    return is_later(times_of({"Date": one}, ["Date"]), [times_of({"Date": other}, ["Date"])])


def test_columns_of_times_are_known_by_their_names() -> None:
    assert time_columns(["From", "DateSent", "Body", "received_at", "Datum", "Birthday"]) == [
        "DateSent",
        "received_at",
        "Datum",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-11-29T10:00:01Z", "2026-11-29T10:00:00Z"),
        ("2026-11-29T10:00:00.002Z", "2026-11-29T10:00:00.001+00:00"),
        ("2026-11-29 11:00", "2026-11-29 10:59"),
        ("2026-11-29 10:00 UTC", "2026-11-29 10:30 +0100"),
        ("2026-11-30", "2026-11-29"),
        ("Sun, 29 Nov 2026 10:00:01 +0000", "Sun, 29 Nov 2026 12:00:00 +0200"),
        ("1764410401", "1764410400"),
        ("1764410400002", "1764410400001"),
    ],
)
def test_the_later_of_two_times_is_told(one: str, other: str) -> None:
    assert later(one, other)
    assert not later(other, one)
    assert not later(one, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("04/05/2026 10:00", "03/05/2026 10:00"),
        ("11:00", "10:00"),
        ("yesterday", "last week"),
        ("2026-11-29 11:00", "2026-11-29 10:00 UTC"),
        ("2026-11-29 11:00", ""),
        ("", "2026-11-29 11:00"),
    ],
)
def test_what_can_be_read_in_two_ways_tells_nothing(one: str, other: str) -> None:
    assert not later(one, other)
    assert not later(other, one)


def test_the_first_column_that_says_so_of_all_counts() -> None:
    columns = ["time", "sent"]
    early, late = ({"time": "10:00", "sent": f"2026-11-{day}"} for day in (28, 29))
    assert is_later(times_of(late, columns), [times_of(early, columns)])
    blank = {"time": "11:00", "sent": ""}
    assert not is_later(times_of(late, columns), [times_of(early, columns), times_of(blank, columns)])


@given(st.text() | st.text(alphabet="0123456789-+:/,. TZabcdeonvuMSFWGU", max_size=30))
def test_no_cell_is_an_error(cell: str) -> None:
    times_of({"Date": cell}, ["Date"])
