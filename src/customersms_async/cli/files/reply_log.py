"""Whether a log of texts is one of replies: there the senders opted out; in one of sent texts they are ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import column_names
from .cell_words import came_in, is_nothing, says_no, says_sent, says_yes
from .rows import FileProblem
from .stop_words import says_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .rows import FileRow, Rows

_OR_SAY: Final = "keep the texts that came in only, or say who opted out with --suppress-column"


def check_log(rows: Rows) -> None:
    """Raise ``FileProblem`` if the file is a log of texts that were sent, or may be.

    It is none if a column says of every row that it came in, if every text is one such as STOP, or if more numbers sent
    than got any. Only rows with a sender count.
    """
    sender = rows.phone_columns[0]
    if not column_names.is_sender(sender):
        return
    known = False
    for named, allows in _SIGNS:
        for name in filter(named, rows.columns):
            for row in _used(rows, sender):
                value = row.fields.get(name, "")
                if not allows(value):
                    raise FileProblem(
                        f"{name!r} is {value!r}, so {sender!r} may not be who opted out: {_OR_SAY}", line=row.line
                    )
            known = known or named in _TELLING
    receivers = [name for name in rows.columns if column_names.is_receiver(name)]
    if not receivers or known or _all_stop(rows, sender):
        return
    receiver = receivers[0]
    if _distinct(rows, sender) <= _distinct(rows, receiver):
        raise FileProblem(
            f"it has no more numbers in {sender!r} than in {receiver!r}, as a log of texts that you sent has: say who"
            " opted out with --suppress-column"
        )


_SIGNS: Final[tuple[tuple[Callable[[str], bool], Callable[[str], bool]], ...]] = (
    (column_names.is_direction, came_in),
    (column_names.is_incoming, lambda value: says_yes(value) or came_in(value)),
    (column_names.is_outgoing, lambda value: says_no(value) or is_nothing(value)),
    (column_names.is_status, lambda value: not says_sent(value)),
    (column_names.is_error, is_nothing),
)
"""Columns of logs, and what a text that came in has there."""

_TELLING: Final = (column_names.is_direction, column_names.is_incoming)
"""Signs of a text that came in which leave no doubt if every row has one."""


def _used(rows: Iterable[FileRow], sender: str) -> Iterable[FileRow]:
    return (row for row in rows if not is_nothing(row.fields.get(sender)))


def _all_stop(rows: Rows, sender: str) -> bool:
    """Whether the words of every text are such as STOP."""
    bodies = [name for name in rows.columns if column_names.is_body(name)]
    return len(bodies) == 1 and all(says_stop(row.fields.get(bodies[0], "")) for row in _used(rows, sender))


def _distinct(rows: Iterable[FileRow], name: str) -> int:
    return len({text for row in rows if not is_nothing(text := row.fields.get(name, "").strip())})
