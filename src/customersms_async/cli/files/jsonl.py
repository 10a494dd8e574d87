"""JSONL: one object a line; its keys are the columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from .rows import FileProblem, FileRow, Rows, first_filled, first_twice, in_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .phone_column import PhoneColumns
    from .source import Source

EXTENSIONS: Final = (".jsonl", ".ndjson")


def open_objects(source: Source, columns: PhoneColumns) -> Rows:
    """The objects of a file; the first one says what the columns are and which has the phone numbers.

    Texts stay as they are; numbers, ``true`` and ``false`` become the text that stands in the file, and ``null``
    becomes "". A list or an object is no column of its row, so a template can't use it. Later objects may have other
    keys, and a phone of ``None`` if theirs is missing. Blank lines are skipped.
    """
    first = next(_objects(source), None)
    if first is None:
        raise FileProblem("it is empty, without a single object")
    line, values = first
    keys = tuple(values)
    phones = tuple(keys[place] for place in columns.find(keys, line=line))
    names = tuple(key for key, value in values.items() if key in phones or _text(value) is not None)

    def read() -> Iterator[FileRow]:
        for number, each in _objects(source):
            fields = {key: text for key, value in each.items() if (text := _text(value)) is not None}
            yield FileRow(number, _phone(each, fields, phones), fields)

    return Rows(names, phones, "JSON lines" + in_column(phones, columns), read, source.close)


def _phone(values: dict[str, Any], fields: dict[str, str], phones: tuple[str, ...]) -> object:
    """The first of the phone's values that says anything: a number as it is written, as in a table."""
    found = [fields.get(key, values.get(key)) for key in phones]
    return first_filled(found, range(len(found)))


class _Number(msgspec.Struct, frozen=True):
    """A number as it is written, since 12.50 read as a number comes out as 12.5."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, _Number):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else None


def _objects(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(source.lines(), 1):
        if line.isspace():
            continue
        try:
            value = _decode(line.strip(" \t\r\n"))
            if "\\u" in line:
                json.dumps(value, ensure_ascii=False, default=str).encode()
        except json.JSONDecodeError as error:
            raise FileProblem(f"it is not JSON: {error.msg} at character {error.pos + 1}", line=number) from None
        except UnicodeEncodeError:
            raise FileProblem("it has half a surrogate pair in it, which no text can carry", line=number) from None
        except (_AmbiguousJSONError, RecursionError) as error:
            raise FileProblem(str(error) or "it is nested too deeply", line=number) from None
        if not isinstance(value, dict):
            raise FileProblem('it is JSON and not an object such as {"phone": …}', line=number)
        yield number, value


class _AmbiguousJSONError(Exception):
    """JSON that two programs may read as two things: a key twice, or a number that JSON has none of."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = first_twice(key for key, _ in pairs)
        raise _AmbiguousJSONError(f"it has the key {twice!r} twice")
    return found


def _constant(name: str) -> NoReturn:
    raise _AmbiguousJSONError(f"{name} is not JSON")


_decode: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_Number, parse_float=_Number, parse_constant=_constant
).decode
