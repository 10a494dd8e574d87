"""Which number each row of an answer speaks of: by its phone, else by its key, else, with every care, by its position.

Goal: an accepted text is never reported as rejected, nor the other way round, whatever was left out of the answer, put
into it twice or into another order; when in doubt, a number has no row. Cost: linear in the answer and in the numbers,
and for the usual answer one comparison. Rejected: positions wherever a row has no phone, which gave the row of one
number to another as soon as a third row was missing.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from .answers import Pairs, Row, as_row, digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .answers import Entries, Reading

DISPUTED: Final = Row()
"""Stands for the rows of a number that contradict each other."""

LEAST_DIGITS: Final = 7
"""Digits by which a number is known: the shortest in E.164 has as many."""


class Match(NamedTuple):
    """For every number of a request the row that speaks of it: ``None`` if there is none, ``DISPUTED`` if two disagree.

    ``astray``: a row that belongs to none of them tells of an accepted text.
    """

    rows: Sequence[Row | None]
    astray: bool = False


def match(reading: Reading, phones: Sequence[str]) -> Match:
    """Give each row of an answer to one of ``phones`` (E.164) or to none, by the rule of docs/outcomes.md."""
    rows = reading.rows
    if reading.keyed:
        return _by_key(reading.entries(), _Asked(phones))
    if [row.phone for row in rows] == phones:  # as nearly always
        return Match(rows)
    asked = _Asked(phones)
    if all(is_blank(row.phone) for row in rows):
        return _by_position([entry for _, entry in reading.entries()], asked)
    return _collect(((asked.find(row.phone), row) for row in rows), asked)


def is_blank(phone: object) -> bool:
    """Whether a row's phone says nothing at all, not even a part of a number."""
    return not phone or phone is True or (isinstance(phone, str) and not any(map(str.isdigit, phone)))


@final
class _Asked:
    """The numbers of a request, to be found by their digits."""

    def __init__(self, phones: Sequence[str]) -> None:
        self.count = len(phones)
        self._phones = phones
        self._whole = {phone[1:]: place for place, phone in enumerate(phones)}

    @cached_property
    def _endings(self) -> dict[str, int | None]:
        """Everything that a number ends in, of seven digits or more; ``None`` for what several end in."""
        found: dict[str, int | None] = {}
        for place, phone in enumerate(self._phones):
            for start in range(1, len(phone) - LEAST_DIGITS + 1):
                ending = phone[start:]
                found[ending] = None if ending in found else place
        return found

    def find(self, phone: object) -> int | None:
        """The place of the number that a phone, as rows have it, can only be."""
        key = digits(phone)
        if isinstance(phone, str) and _INTERNATIONAL.match(phone) and key in self._whole:
            return self._whole[key]
        return self._endings.get(key)

    def by_key(self, key: str | None) -> int | None:
        """The place of the number whose digits, all of them, are a key of an object."""
        plain = (key or "").removeprefix("+")
        return self.find(key) if plain in self._whole else None

    def named_in(self, value: object) -> set[int | None]:
        """The places of the numbers that a text or a number holds; ``None`` among them for what several end in."""
        runs = [run for form in _RUNS for run in form.findall(value)] if isinstance(value, str) else [value]
        return {self._endings[key] for run in runs if (key := digits(run)) in self._endings}


_INTERNATIONAL: Final = re.compile(r"[\s(]*(?:\+[\s(]*[1-9]|00)", re.ASCII)
_RUNS: Final = (re.compile("[0-9]{7,}"), re.compile(r"[0-9](?:[\s().\-/]*[0-9]){6,}", re.ASCII))

_PHONES: Final = frozenset(
    {
        *("cell", "cellphone", "dest", "destination", "destinationnumber", "gsm", "mobile", "mobilenumber", "msisdn"),
        *("number", "phone", "phoneno", "phonenumber", "receiver", "recipient", "tel", "telephone", "to", "tonumber"),
    }
)
"""Names, in lower case and without separators, under which gateways write a phone."""

_ELSE: Final = -1
"""The place of a row that speaks of something other than one asked number."""


def _spoken_of(row: Pairs, asked: _Asked) -> int | None:
    """What a row says in its other fields, under whatever name: one number's place, ``_ELSE``, or nothing at all."""
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
            is_phone = re.sub("[^a-z]", "", name.lower()) in _PHONES
            places |= named or ({_ELSE} if is_phone else set())
    if not places:
        return None
    (place, *others) = places
    return _ELSE if others or place is None else place


def _by_position(entries: Sequence[Any], asked: _Asked) -> Match:
    """Rows without a phone: the first for the first number, if there are exactly as many and none contradicts it."""
    rows = [row for entry in entries if (row := as_row(entry)) is not None]
    if len(rows) == len(entries) == asked.count:
        spoken_of = [_spoken_of(entry, asked) for entry in entries]
        if spoken_of == list(range(asked.count)) or not any(place is not None for place in spoken_of):
            return Match(rows)
    return _collect(((None, row) for row in rows), asked)


def _by_key(entries: Entries, asked: _Asked) -> Match:
    """Rows under keys: their positions, if they are exactly 0 … n - 1; or numbers."""
    rows = [(key, entry, row) for key, entry in entries if (row := as_row(entry)) is not None]
    if all(is_blank(row.phone) for _, _, row in rows):
        by_key = dict(entries)
        keys = [str(place) for place in range(asked.count)]
        if len(entries) == asked.count and by_key.keys() == set(keys):
            return _by_position([by_key[key] for key in keys], asked)
    claims: list[tuple[int | None, Row]] = []
    for key, entry, row in rows:
        place = asked.by_key(key)
        said = _spoken_of(entry, asked) if is_blank(row.phone) else asked.find(row.phone)
        if place is None:
            claims.append((None if is_blank(row.phone) else said, row))
        elif said == place or (said is None and is_blank(row.phone)):
            claims.append((place, row))
        else:  # its key says one thing, and its phone another
            claims += [(place, DISPUTED), (said, DISPUTED)]
    return _collect(claims, asked)


def _collect(claims: Iterable[tuple[int | None, Row]], asked: _Asked) -> Match:
    found: list[Row | None] = [None] * asked.count
    astray = False
    for place, row in claims:
        if place is None or place == _ELSE:
            astray |= bool(row.accepted)
            continue
        other = found[place]
        if other is None:
            found[place] = row
        elif other is DISPUTED or (other.accepted, other.account) != (row.accepted, row.account):
            found[place] = DISPUTED
    return Match(found, astray)
