"""A log of replies -> who refused all further texts, who may have, and who took it back.

Only a text that came in counts, and a number that got one, or that sent one out, is the reader's own: it is never
taken. Where a log leaves a doubt of who wrote, it is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ..files import FileProblem, column_names
from ..files.cell_words import came_in, is_nothing, says_no, says_yes, went_out
from ..files.list_doubts import check_other_numbers
from ..files.phone_column import PhoneColumns
from ..files.phone_list import number_in, open_list
from ..files.reply_log import check_log
from ..files.rows import listed
from ..files.stop_words import Meaning, meaning
from .reply_times import is_later, time_columns, times_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from ..files import FileRow, Rows

_OPTION: Final = "--suppress-column"

_FEWEST_DIGITS: Final = 7
"""Digits by which a number may be known as our own, at least: many numbers may end in fewer."""


class Reply(NamedTuple):
    """A reply that says stop, may say it, or takes it back; ``line`` is where it stands in the file."""

    phone: str
    line: int
    text: str
    meaning: Meaning
    times: tuple[datetime | None, ...] = ()


@final
class StopLog:
    """What a log comes to. Mutable state, which ``read_stops`` fills: a reply for each person, and counts of others."""

    def __init__(self) -> None:
        self.taken: list[Reply] = []
        """The first reply of each person that says stop and was not taken back."""
        self.doubtful: list[Reply] = []
        """The first of each person who wrote nothing clearer."""
        self.took_back: list[Reply] = []
        """The last of each person who wrote START, or the like, and refused nothing after that for sure."""
        self.unordered = 0
        """People who wrote both, of which nobody can say which came last: they are taken."""
        self.other = 0
        """Replies that say something else."""
        self.went_out = 0
        """Texts that are no replies."""
        self.nameless = 0
        """Replies that say stop, or may, without a number."""
        self.own: set[str] = set()
        """The reader's own numbers among those who would have been taken."""


def read_stops(
    path: Path, encoding: str, region: str | None, names: Sequence[str] | None, body: str | None = None
) -> StopLog:
    """Read a log of replies, whose senders are in the columns ``names`` and its words in ``body``, else as it says.

    Raises ``FileProblem`` for a log without words, for a number that can't be read, and wherever it is not sure who
    wrote.
    """
    with open_list(path, encoding, PhoneColumns(tuple(names or ()), _OPTION, opted_out=True)) as rows:
        return _Reading(rows, region, named=bool(names), body=body).read()


_WAYS: Final[tuple[tuple[Callable[[str], bool], Callable[[str], bool], Callable[[str], bool]], ...]] = (
    (column_names.is_direction, came_in, went_out),
    (column_names.is_incoming, lambda value: says_yes(value) or came_in(value), lambda value: says_no(value)),
    (column_names.is_outgoing, lambda value: says_no(value) or is_nothing(value), says_yes),
)
"""Columns that tell which way a text went, and how: whether a cell says that it came in, and that it went out."""


@final
class _Reading:
    """One reading of a log. Mutable state: the replies of each person that mean something, and the receivers."""

    def __init__(self, rows: Rows, region: str | None, *, named: bool, body: str | None) -> None:
        self._rows = rows
        self._region = region
        self._named = named
        self._found = StopLog()
        self._sender = rows.phone_columns[0]
        if receiver := next(filter(column_names.is_receiver, rows.phone_columns), None):
            raise FileProblem(f"{receiver!r} says whom a text went to, and whoever wrote it is who opted out")
        self._body = _body_column(rows, body)
        self._times = time_columns(rows.columns)
        self._receivers = [name for name in rows.columns if column_names.is_receiver(name)]
        self._ways = [
            (name, comes, goes)
            for is_kind, comes, goes in _WAYS
            for name in rows.columns
            if is_kind(name) and _tells(_values(rows, name), comes, goes, outgoing=is_kind is column_names.is_outgoing)
        ]
        if not named:
            if not self._ways:
                check_log(rows)
            check_other_numbers(rows, region)

    def read(self) -> StopLog:
        found, people, ours = self._found, dict[str, list[Reply]](), set[str]()
        for row in self._rows:
            if self._went_out(row):
                found.went_out += 1
                if column_names.is_sender(self._sender):
                    ours.add(row.fields.get(self._sender, "").strip())
                continue
            ours.update(row.fields.get(name, "").strip() for name in self._receivers)
            text = row.fields.get(self._body, "")
            means = meaning(text)
            if means is Meaning.OTHER:
                found.other += 1
            elif is_nothing(row.phone):
                found.nameless += 1
            else:
                phone = number_in(row.phone, row.line, self._region)
                reply = Reply(phone, row.line, text, means, times_of(row.fields, self._times))
                people.setdefault(phone, []).append(reply)
        self._leave_out(people, ours)
        for replies in people.values():
            self._judge(replies)
        return found

    def _went_out(self, row: FileRow) -> bool:
        """Whether a text is none that came in. Raises ``FileProblem`` where that is not sure."""
        for name, comes, goes in self._ways:
            value = row.fields.get(name, "")
            if goes(value):
                return True
            if not (comes(value) or self._named):
                raise FileProblem(
                    f"{name!r} is {value[:40]!r}, so nobody can say whether this text came in: keep the texts that came"
                    f" in only, or say who opted out with {_OPTION}",
                    line=row.line,
                )
        return False

    def _leave_out(self, people: dict[str, list[Reply]], ours: set[str]) -> None:
        """Take the reader's own numbers from ``people``. Raises ``FileProblem`` where they may be a customer's."""
        own = {digits for cell in ours for digits in self._digits(cell)}
        for phone in list(people):
            ends = [phone[at:] for at in range(1, len(phone) - _FEWEST_DIGITS + 1)]  # as it is written without its code
            if own.isdisjoint(ends):
                continue
            if not self._ways or phone[1:] not in own:
                raise FileProblem(
                    "this number wrote here, and got a text elsewhere in the log, so it may be yours: keep the texts"
                    " that came in only",
                    line=people[phone][0].line,
                )
            self._found.own.add(phone)
            del people[phone]

    def _digits(self, cell: str) -> list[str]:
        """The digits of a number that may be our own, as it is written, and in full if that can be told."""
        digits = re.sub(r"[^0-9]", "", cell).lstrip("0")
        try:
            return [digits] if is_nothing(cell) else [digits, number_in(cell, 0, self._region)[1:]]
        except FileProblem:  # a short code, a name, or no +
            return [digits]

    def _judge(self, replies: list[Reply]) -> None:
        """Decide of one person: whoever refused, and not surely took it back, is taken."""
        found = self._found
        refused = [one for one in replies if one.meaning is not Meaning.START]
        stops = [one for one in refused if one.meaning is Meaning.STOP]
        starts = [one for one in replies if one.meaning is Meaning.START]
        last = next((one for one in starts if is_later(one.times, [other.times for other in refused])), None)
        if last is not None or not refused:
            found.took_back.append(last or starts[-1])
        elif stops:
            found.taken.append(stops[0])
            found.unordered += bool(starts) and not self._are_later(refused, starts)
        else:
            found.doubtful.append(refused[0])

    @staticmethod
    def _are_later(refused: list[Reply], starts: list[Reply]) -> bool:
        return any(is_later(one.times, [other.times for other in starts]) for one in refused)


def _body_column(rows: Rows, named: str | None) -> str:
    if named is not None:
        if named not in rows.columns:
            raise FileProblem(f"no column is called {named!r}, only {listed(rows.columns)}; see --body-column")
        return named
    bodies = [name for name in rows.columns if column_names.is_body(name) and name not in rows.phone_columns]
    if len(bodies) != 1:
        found = f"{listed(bodies)} may all have" if bodies else "no column has a usual name, such as Body, for"
        raise FileProblem(f"{found} the words of the replies; say which of {listed(rows.columns)} has: --body-column")
    return bodies[0]


def _tells(values: set[str], comes: Callable[[str], bool], goes: Callable[[str], bool], *, outgoing: bool) -> bool:
    """Whether a column tells which way texts went; one of what went out does if any did, as it may be blank for all."""
    return any(map(goes, values)) or (not outgoing and any(map(comes, values)))


def _values(rows: Rows, name: str) -> set[str]:
    return {row.fields.get(name, "") for row in rows}
