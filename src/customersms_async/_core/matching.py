"""The row of each number: found by its phone, else by its key, else, with every care, by its position.

Goal: an accepted text is never reported as rejected, nor the other way round, whatever was left out of the answer, put
into it twice or into another order; when in doubt, a number has no row. Cost: linear in the answer and in the numbers,
and for the usual answer one comparison. Rejected: positions wherever a row has no phone, which gave the row of one
number to another as soon as a third row was missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .answer_rows import AnswerRow
from .asked_numbers import AskedNumbers, is_blank
from .row_numbers import ELSEWHERE, named_in_steps, named_places
from .steps import finish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .answer_rows import WrittenAnswer
    from .answers import Reading
    from .steps import Steps
    from .written_json import Pairs

DISPUTED: Final = AnswerRow()
"""The mark in place of a row where the rows of a number contradict each other."""


class Match(NamedTuple):
    """For every number of a request the row that speaks of it: ``None`` if there is none, ``DISPUTED`` if two disagree.

    ``astray``: a row that belongs to none of them tells of an accepted text.
    """

    rows: Sequence[AnswerRow | None]
    astray: bool = False


def is_in_order(reading: Reading, phones: Sequence[str]) -> bool:
    """Whether the rows are those of ``phones``, one each and in their order, as nearly always."""
    return not reading.keyed and [row.phone for row in reading.rows] == phones


def match(reading: Reading, phones: Sequence[str]) -> Match:
    """Give each row of an answer to one of ``phones`` (E.164) or to none, by the rule of docs/outcomes.md."""
    return finish(match_in_steps(reading, phones))


def match_in_steps(reading: Reading, phones: Sequence[str]) -> Steps[Match]:
    """Match as ``match`` does: in one step, if each row has its phone."""
    rows = reading.rows
    if reading.keyed:
        return (yield from _by_key(reading.written, AskedNumbers(phones)))
    if is_in_order(reading, phones):
        return Match(rows)
    asked = AskedNumbers(phones)
    if not rows:
        return Match([None] * asked.count)
    if all(is_blank(row.phone) for row in rows):
        entries = [entry for _, entry in (yield from reading.written.entries_in_steps())]
        return (yield from _by_position(entries, reading.written.rows, asked))
    return _collect(((asked.find(row.phone), row) for row in rows), asked)


def _by_key(written: WrittenAnswer, asked: AskedNumbers) -> Steps[Match]:
    """Rows under keys: their positions, if they are exactly 0 … n - 1; or numbers."""
    entries = yield from written.entries_in_steps()
    rows = written.rows
    blank = [row is None or is_blank(row.phone) for row in rows]
    if all(blank) and len(entries) == asked.count:
        at = {key: place for place, (key, _) in enumerate(entries)}
        keys = [str(place) for place in range(asked.count)]
        if at.keys() == set(keys):
            in_order = [at[key] for key in keys]
            return (yield from _by_position([entries[i][1] for i in in_order], [rows[i] for i in in_order], asked))
    places = [None if row is None else asked.find_key(key) for (key, _), row in zip(entries, rows, strict=True)]
    looked_at = [at for at, place in enumerate(places) if place is not None and blank[at]]
    named = yield from named_in_steps([entries[at][1] for at in looked_at], asked)
    claims = _claims(rows, places, dict(zip(looked_at, named, strict=True)), blank, asked)
    return _collect(claims, asked)


def _claims(
    rows: Sequence[AnswerRow | None],
    places: Sequence[int | None],
    named: Mapping[int, int | None],
    blank: Sequence[bool],
    asked: AskedNumbers,
) -> Iterator[tuple[int | None, AnswerRow]]:
    """The places that rows lay claim to: each by ``places``, those of their keys, else by its phone.

    ``named`` are the places that the fields of those without a phone name.
    """
    for at, (row, place) in enumerate(zip(rows, places, strict=True)):
        if row is None:
            continue
        spoken_of = named.get(at) if blank[at] else asked.find(row.phone)
        if place is None:
            yield spoken_of, row
        elif spoken_of == place or (spoken_of is None and blank[at]):
            yield place, row
        else:  # its key says one thing, and its phone another
            yield place, DISPUTED
            yield spoken_of, DISPUTED


def _by_position(entries: Sequence[Any], rows: Sequence[AnswerRow | None], asked: AskedNumbers) -> Steps[Match]:
    """Rows without a phone: the first for the first number, if there are exactly as many and none contradicts it."""
    if None not in rows and len(rows) == asked.count and (yield from _nothing_contradicts(entries, asked)):
        return Match(rows)
    return _collect([(None, row) for row in rows if row is not None], asked)


def _nothing_contradicts(entries: Sequence[Pairs], asked: AskedNumbers) -> Steps[bool]:
    """Whether no row speaks of any number, or every row of the one in its own place."""
    [first] = named_places(entries[:1], asked)
    if first not in (None, 0):
        return False
    rest = yield from named_in_steps(entries[1:], asked)
    return rest == [None if first is None else place for place in range(1, len(entries))]


def _collect(claims: Iterable[tuple[int | None, AnswerRow]], asked: AskedNumbers) -> Match:
    """One row for each number, from all rows that claim to speak of it."""
    found: list[AnswerRow | None] = [None] * asked.count
    astray = False
    for place, row in claims:
        if place is None or place == ELSEWHERE:
            astray |= bool(row.accepted)
            continue
        other = found[place]
        if other is None:
            found[place] = row
        elif other is DISPUTED or (other.accepted, other.refusal) != (row.accepted, row.refusal):
            found[place] = DISPUTED
    return Match(found, astray)
