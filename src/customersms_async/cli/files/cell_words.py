"""The words that exports have in single cells for nothing, yes and no."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from .column_names import folded

_NOTHING: Final = frozenset(["", "n/a", "na", "-", "--", "\u2013", "\u2014", "0", "none", "null", "nil"])
_NO: Final = """
    no n false f 0 off nein non nee nie nao unsubscribed notsubscribed neversubscribed optedout optout notoptedin denied
    declined revoked stop stopped notgranted
"""
_YES: Final = """
    yes y true t 1 on x ja oui si sim tak unsubscribed optedout optout stop stopped donotcontact dnc blocked
"""
_SENT: Final = """
    delivered sent undelivered failed queued accepted sending scheduled rejected unsent unknown expired undeliverable
    submitted notdelivered canceled cancelled deliveryunknown
"""
_OUT: Final = "unsubscribed optedout optout stop stopped donotcontact dnc revoked"
_DATE: Final = re.compile(r"(\D*\d){6}")
_CAME_IN: Final = frozenset(["in", "receive", "mo", "i", "eingehend", "eingang", "entrant", "entrante"])
_WENT_OUT: Final = frozenset(["out", "send", "mt", "o", "ausgehend", "ausgang", "sortant", "saliente"])


def is_nothing(cell: object) -> bool:
    """Whether a cell holds nothing, in whatever way that is written."""
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in _NOTHING)


def says_no(cell: str) -> bool:
    """Whether a cell says that somebody has not agreed."""
    return folded(cell) in _table(_NO)


def says_yes(cell: str) -> bool:
    """Whether a cell says, by a word or the day on which it was said, that somebody has refused."""
    return folded(cell) in _table(_YES) or _DATE.match(cell) is not None


def says_out(cell: str) -> bool:
    """Whether the cell of a status says that somebody wants no texts."""
    return folded(cell) in _table(_OUT)


def says_sent(cell: str) -> bool:
    """Whether the cell of a status says what became of a text that went out."""
    return folded(cell) in _table(_SENT)


def came_in(cell: str) -> bool:
    """Whether a log's cell says of a text that it came in: ``inbound``, ``Inbound SMS``, ``MO``."""
    short = folded(cell)
    return short in _CAME_IN or short.startswith(("inbound", "incoming", "received"))


def went_out(cell: str) -> bool:
    """Whether a log's cell says of a text that it went out: ``outbound-api``, ``Sent``, ``MT``."""
    short = folded(cell)
    return short in _WENT_OUT or short.startswith(("outbound", "outgoing", "sent"))


def kind_of(cell: str) -> str:
    """What the cell of a status says, as others are compared with it: every date is the same."""
    return "date" if _DATE.match(cell) else folded(cell)


@cache
def _table(words: str) -> frozenset[str]:
    return frozenset(words.split())
