"""Columns that say who wants no texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.files import open_rows
from customersms_async.cli.files.consent import ConsentCount
from support.recipient_files import A, B

if TYPE_CHECKING:
    from pathlib import Path


def remarks(folder: Path, header: str, *cells: str) -> list[str]:
    path = folder / "people.csv"
    path.write_text(
        "\n".join([f"phone,{header}", *(f"{phone},{cell}" for phone, cell in zip((A, B), cells, strict=True))])
    )
    with open_rows(path, phone_column=None, encoding="utf-8", delimiter=None) as rows:
        return ConsentCount(rows).remarks()


@pytest.mark.parametrize(
    ("header", "fine", "refused", "word"),
    [
        ("Accepts SMS Marketing", "yes", "no", "no"),
        ("SMS consent", "", "FALSE", "no"),
        ("sms_consent", "SUBSCRIBED", "NEVER_SUBSCRIBED", "no"),
        ("Opt-in", "1", "0", "no"),
        ("Unsubscribed", "", "2026-10-31", "yes"),
        ("Do Not Contact", "No", "x", "yes"),
        ("DNC", "0", "Y", "yes"),
        ("opted out", "false", "true", "yes"),
        ("status", "subscribed", "Unsubscribed", "unsubscribed or the like"),
    ],
)
def test_who_wants_no_texts_is_counted(folder: Path, header: str, fine: str, refused: str, word: str) -> None:
    assert remarks(folder, header, fine, fine) == []
    (remark,) = remarks(folder, header, fine, refused)
    assert remark.startswith(f"column {header!r} says {word} in 1 row, sent to all the same")


def test_other_columns_say_nothing_of_it(folder: Path) -> None:
    assert remarks(folder, "vip", "no", "yes") == []
