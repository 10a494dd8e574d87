"""Rows of a ledger as the types that they are meant to be: anybody may have made the file, and SQLite takes any type.

What is of another type, or beyond all bounds, is a damaged ledger, and no error of Python's. Costs some 3 µs a row.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def file_named(text: str) -> Path:
    """The file of that name. Raises ``sqlite3.DataError`` for what names none."""
    path = Path(text)
    if not path.name or "\0" in text:
        raise sqlite3.DataError("it names no file where it should")
    return path


def only(rows: Iterable[Any], kind: type[T]) -> T:
    """The one row that there must be, as a value of ``kind``. Raises ``sqlite3.DataError`` for any other."""
    found = typed(rows, kind)
    if len(found) != 1:
        raise sqlite3.DataError(f"it holds {len(found)} rows where each campaign writes one")
    return found[0]


def typed(rows: Iterable[Any], kind: type[T]) -> list[T]:
    """``rows`` as values of ``kind``, a class with types. Raises ``sqlite3.DataError`` for one that is none."""
    try:
        return msgspec.convert(list(rows), list[kind])  # type: ignore[valid-type]  # a list of what was asked for
    except msgspec.ValidationError as error:
        raise sqlite3.DataError(f"it holds what no campaign writes there ({error})") from None
