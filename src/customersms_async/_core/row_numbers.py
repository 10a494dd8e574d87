"""The asked number that a row without a phone names in another field, whatever that is called.

Goal: a row that speaks of somebody else is never taken for a number's own, under its key or in its place. Cost: linear
in the fields, for all rows at once; a look at each row by itself took four times as long, and stopped the event loop.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .asked_numbers import SEVERAL, are_blank, is_blank
from .digit_runs import LEAST_DIGITS, digits_of_each
from .written_json import Pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .asked_numbers import AskedNumbers
    from .steps import Steps

_PHONE_NAMES: Final = frozenset(
    {
        *(b"cell", b"cellphone", b"dest", b"destination", b"destinationnumber", b"gsm", b"mobile", b"mobilenumber"),
        *(b"msisdn", b"number", b"phone", b"phoneno", b"phonenumber", b"receiver", b"recipient", b"tel", b"telephone"),
        *(b"to", b"tonumber"),
    }
)
"""Names, in lower case and without separators, under which gateways write a phone."""

_MARK: Final = "\x00"
"""Stands between names that are looked at together."""

_NO_LETTERS: Final = bytes(set(range(1, 128)) - set(b"abcdefghijklmnopqrstuvwxyz"))
"""Every ASCII character but the letters, after ``lower``, and the mark."""

_LIKE_ASCII: Final = (("\u0130", "i"), ("\u212a", "k"))
"""The only characters beyond ASCII that have a letter of it in lower case."""

_NESTED: Final = frozenset({Pairs, list})
_TEXTS_AND_BLANKS: Final = frozenset({str, bool, type(None)})

MOST_FIELDS: Final = 8
"""Fields with a digit in a row without a phone; where there are more, nobody looks for numbers: it is doubtful."""

MOST_DIGITS: Final = 60
"""Digits in one field of a row without a phone; where there are more, nobody looks for numbers: it is doubtful."""

ELSEWHERE: Final = SEVERAL
"""The place of a row that speaks of anything but one asked number."""


class _Fields(NamedTuple):
    """The fields of a row: their names and values, and among these the texts, and what else says anything."""

    names: tuple[str, ...]
    values: tuple[Any, ...]
    texts: Sequence[str]
    figures: Sequence[object]


_ROWS_IN_A_STEP: Final = 250
"""Rows that are looked at in one step: all at once is a third faster, and takes too long where they are long."""


def named_in_steps(rows: Sequence[Pairs], asked: AskedNumbers) -> Steps[list[int | None]]:
    """The places of ``named_places``, for some rows at a time."""
    places: list[int | None] = []
    for start in range(0, len(rows), _ROWS_IN_A_STEP):
        yield
        places += named_places(rows[start : start + _ROWS_IN_A_STEP], asked)
    return places


def named_places(rows: Sequence[Pairs], asked: AskedNumbers) -> list[int | None]:
    """For each row without a phone the place of the number that its fields name.

    ``ELSEWHERE`` for several numbers and for one that was not asked for, ``None`` for none at all.
    """
    fields = list(map(_fields_of, rows))
    digits = digits_of_each([text for row in fields for text in row.texts])
    places: list[int | None] = [ELSEWHERE] * len(rows)
    looked_at: list[int] = []
    texts: list[str] = []
    end = 0
    for at, row in enumerate(fields):
        start, end = end, end + len(row.texts)
        found = digits[start:end]
        if not _has_too_many(row, found):
            looked_at.append(at)
            texts += [text if len(there) >= LEAST_DIGITS else "" for text, there in zip(row.texts, found, strict=True)]
    for at, place in zip(looked_at, _places_of([fields[at] for at in looked_at], texts, asked), strict=True):
        places[at] = place
    return places


def _fields_of(row: Pairs) -> _Fields:
    names, values = zip(*row, strict=True) if row else ((), ())
    kinds = set(map(type, values))
    if not kinds.isdisjoint(_NESTED):
        return _fields_of(_flattened(row))
    if len(kinds) == 1 and str in kinds:
        return _Fields(names, values, values, ())
    texts = [value for value in values if isinstance(value, str)]
    if kinds <= _TEXTS_AND_BLANKS:
        return _Fields(names, values, texts, ())
    return _Fields(
        names, values, texts, [value for value in values if not isinstance(value, str) and not is_blank(value)]
    )


def _has_too_many(row: _Fields, digits: Sequence[str]) -> bool:
    """Whether a row says so much that nobody looks for numbers in it; ``digits`` are those of its texts."""
    figures = len(row.figures)
    if digits and len(max(digits, key=len)) > MOST_DIGITS:
        return True
    if len(digits) + figures <= MOST_FIELDS:
        return False
    speaking = len(digits) - digits.count("") + figures
    if speaking > MOST_FIELDS:
        return True
    without = [text for text, found in zip(row.texts, digits, strict=True) if not found]
    return not are_blank(without) and speaking + len(without) - sum(map(is_blank, without)) > MOST_FIELDS


def _places_of(rows: Sequence[_Fields], texts: Sequence[str], asked: AskedNumbers) -> Iterator[int | None]:
    """The place of each of these rows; ``texts`` are all of theirs, empty where they have too few digits."""
    named = asked.named_in(texts)
    letters = _letters_of_each([name for row in rows for name in row.names])
    text = field = 0
    for row in rows:
        here = named[text : text + len(row.texts)]
        places = {*here, *map(asked.named_by, row.figures)} if row.figures else set(here)
        is_silent = None in places
        places.discard(None)
        names = letters[field : field + len(row.names)]
        may_be_phone = is_silent and not _PHONE_NAMES.isdisjoint(names)
        if len(places) > 1 or (may_be_phone and _names_stranger(row, names, here, asked)):
            yield ELSEWHERE
        else:
            yield places.pop() if places else None
        text += len(row.texts)
        field += len(row.names)


def _names_stranger(row: _Fields, letters: Sequence[bytes], named: Sequence[int | None], asked: AskedNumbers) -> bool:
    """Whether something under a phone's name is no number that was asked for."""
    of_texts = iter(named)
    places = [next(of_texts) if isinstance(value, str) else asked.named_by(value) for value in row.values]
    strangers = [
        value
        for value, name, place in zip(row.values, letters, places, strict=True)
        if place is None and name in _PHONE_NAMES
    ]
    texts = [value for value in strangers if isinstance(value, str)]
    return not are_blank(texts) or not all(is_blank(value) for value in strangers if not isinstance(value, str))


def _letters_of_each(names: Sequence[str]) -> list[bytes]:
    """The letters of each name, in lower case."""
    joined = _MARK.join(names)
    if joined.count(_MARK) >= len(names):
        joined = _MARK.join([name.replace(_MARK, "") for name in names])
    if not joined.isascii():
        for like, letter in _LIKE_ASCII:
            joined = joined.replace(like, letter)
    letters = joined.encode("ascii", "ignore").lower().translate(None, _NO_LETTERS)
    return letters.split(_MARK.encode())


def _flattened(row: Pairs) -> Pairs:
    """The fields of a row, and in their place those of the objects and lists in it."""
    inner = [field for field in row if isinstance(field[1], list)]
    found = Pairs([field for field in row if not isinstance(field[1], list)])
    while inner:
        name, value = inner.pop()
        for field in value if isinstance(value, Pairs) else zip(repeat(name), value):
            (inner if isinstance(field[1], list) else found).append(field)
    return found
