"""The row of each number: found by its phone, else by its key, else, with every care, by its position.

Goal: an accepted text is never reported as rejected, nor the other way round, whatever was left out of the answer, put
into it twice or into another order; when in doubt, a number has no row. Cost: linear in the answer and in the numbers,
and for the usual answer one comparison. Rejected: positions wherever a row has no phone, which gave the row of one
number to another as soon as a third row was missing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .answer_rows import AnswerRow, as_row
from .asked_numbers import AskedNumbers, is_blank
from .written_json import Pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .answers import Reading
    from .written_json import Entries

DISPUTED: Final = AnswerRow()
"""Stands for the rows of a number that contradict each other."""


class Match(NamedTuple):
    """For every number of a request the row that speaks of it: ``None`` if there is none, ``DISPUTED`` if two disagree.

    ``astray``: a row that belongs to none of them tells of an accepted text.
    """

    rows: Sequence[AnswerRow | None]
    astray: bool = False


def match(reading: Reading, phones: Sequence[str]) -> Match:
    """Give each row of an answer to one of ``phones`` (E.164) or to none, by the rule of docs/outcomes.md."""
    rows = reading.rows
    if reading.keyed:
        return _by_key(reading.entries(), AskedNumbers(phones))
    if [row.phone for row in rows] == phones:  # as nearly always
        return Match(rows)
    asked = AskedNumbers(phones)
    if all(is_blank(row.phone) for row in rows):
        return _by_position([entry for _, entry in reading.entries()], asked)
    return _collect(((asked.find(row.phone), row) for row in rows), asked)


def _by_key(entries: Entries, asked: AskedNumbers) -> Match:
    """Rows under keys: their positions, if they are exactly 0 … n - 1; or numbers."""
    rows = [(key, entry, row) for key, entry in entries if (row := as_row(entry)) is not None]
    if all(is_blank(row.phone) for _, _, row in rows):
        by_key = dict(entries)
        keys = [str(place) for place in range(asked.count)]
        if len(entries) == asked.count and by_key.keys() == set(keys):
            return _by_position([by_key[key] for key in keys], asked)
    claims: list[tuple[int | None, AnswerRow]] = []
    for key, entry, row in rows:
        claims += _claims_of_key(asked.find_key(key), entry, row, asked)
    return _collect(claims, asked)


def _claims_of_key(
    place: int | None, entry: Pairs, row: AnswerRow, asked: AskedNumbers
) -> list[tuple[int | None, AnswerRow]]:
    """The places that a row lays claim to; ``place`` is that of the number that its key spells out, if it does."""
    blank = is_blank(row.phone)
    named = _spoken_of(entry, asked) if blank else asked.find(row.phone)
    if place is None:
        return [(None if blank else named, row)]
    if named == place or (named is None and blank):
        return [(place, row)]
    return [(place, DISPUTED), (named, DISPUTED)]  # its key says one thing, and its phone another


def _by_position(entries: Sequence[Any], asked: AskedNumbers) -> Match:
    """Rows without a phone: the first for the first number, if there are exactly as many and none contradicts it."""
    rows = [row for entry in entries if (row := as_row(entry)) is not None]
    if len(rows) == len(entries) == asked.count:
        spoken_of = [_spoken_of(entry, asked) for entry in entries]
        if spoken_of == list(range(asked.count)) or not any(place is not None for place in spoken_of):
            return Match(rows)
    return _collect(((None, row) for row in rows), asked)


_PHONE_NAMES: Final = frozenset(
    {
        *("cell", "cellphone", "dest", "destination", "destinationnumber", "gsm", "mobile", "mobilenumber", "msisdn"),
        *("number", "phone", "phoneno", "phonenumber", "receiver", "recipient", "tel", "telephone", "to", "tonumber"),
    }
)
"""Names, in lower case and without separators, under which gateways write a phone."""

_ELSEWHERE: Final = -1
"""The place of a row that speaks of anything but one asked number."""


def _spoken_of(row: Pairs, asked: AskedNumbers) -> int | None:
    """The place of the number that the fields of a row without a phone name, whatever those are called.

    ``_ELSEWHERE`` for several numbers and for one that was not asked for, ``None`` for none at all.
    """
    places: set[int | None] = set()
    stack: list[tuple[str, Any]] = list(row)
    while stack:
        name, value = stack.pop()
        if isinstance(value, Pairs):
            stack += value
        elif isinstance(value, list):
            stack += [(name, inner) for inner in value]
        elif not is_blank(value):
            named = asked.named_in(value)
            is_phone = re.sub("[^a-z]", "", name.lower()) in _PHONE_NAMES
            places |= named or ({_ELSEWHERE} if is_phone else set())
    if not places:
        return None
    (place, *others) = places
    return _ELSEWHERE if others or place is None else place


def _collect(claims: Iterable[tuple[int | None, AnswerRow]], asked: AskedNumbers) -> Match:
    """One row for each number, from all rows that claim to speak of it."""
    found: list[AnswerRow | None] = [None] * asked.count
    astray = False
    for place, row in claims:
        if place is None or place == _ELSEWHERE:
            astray |= bool(row.accepted)
            continue
        other = found[place]
        if other is None:
            found[place] = row
        elif other is DISPUTED or (other.accepted, other.refusal) != (row.accepted, row.refusal):
            found[place] = DISPUTED
    return Match(found, astray)
