"""What ledgers of all kinds take and give: plain values, and the bounds that hold for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import msgspec

from ..models import Limit  # noqa: TC001 - msgspec reads the annotations
from .refusals import refusal
from .states import State  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

Microseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_214_400_000_000)]
"""A time since 1970, up to the last day that a calendar has."""

Number = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
"""How many there are of something."""

E164 = Annotated[str, msgspec.Meta(pattern=r"^\+[1-9][0-9]{6,14}\Z")]
"""A number that can be sent to: what is none never leaves, whoever has written it."""

Text = Annotated[str, msgspec.Meta(min_length=1)]
"""A text that can be sent."""

PAGE: Final = 2_000
"""Recipients that are read at a time: a few milliseconds, and less than a megabyte."""

CRASHED: Final = "the process ended before the answer was recorded"
"""What is said of whoever was being sent to when a process ended."""

MOST_BARS: Final = 240
"""Bars of a chart: about as many as can be told apart."""

MOST_LISTED: Final = 1_000
"""Unknown recipients that a page lists, and known doubles; ``export --status unknown`` has all who are unknown."""

MOST_RESOLUTIONS: Final = 100
"""Decisions that a page lists, the latest: each may be about many, and the ledger has them all."""


class Input(NamedTuple):
    """The first input of a campaign: its hash, the template, and when it was added (microseconds since 1970).

    ``recipients`` are all that the ledger holds, those of later additions too. ``rehearsal``: added to be sent to a
    sandbox.
    """

    hash: str
    template: str | None
    recipients: Number
    added_us: Microseconds
    rehearsal: int


class Addition(NamedTuple):
    """Recipients that were added together: from which file (its name, or empty), with which hash, when and by whom.

    ``added_us``: microseconds since 1970. ``first`` is the place of the first of them in all of the campaign, from 0.
    """

    source: str
    hash: str
    added_us: Microseconds
    by: str
    recipients: Number
    first: Number


class PlannedRecipient(NamedTuple):
    """A recipient who is to be sent to; ``id`` is the place in the input, from 0.

    ``zone`` is the IANA name of the recipient's own time zone, as it was given; ``None``: none was.
    """

    id: Number
    phone: E164
    text: Text
    segments: Number
    zone: str | None = None


class Count(NamedTuple):
    """How many recipients are in one state with one code (empty: none), and their segments."""

    state: State
    code: str
    recipients: Number
    segments: Number


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One recipient as the ledger has it. ``updated_us``: microseconds since 1970.

    ``line`` is the input file's, if it came from one, and ``kept`` a JSON object of texts: what was kept of that row.
    """

    index: Number
    phone: str
    state: State
    code: str | None
    error: str | None
    message_id: str | None
    attempts: Number
    updated_us: Microseconds
    line: Number | None = None
    kept: str | None = None


class PlacedText(NamedTuple):
    """The text of the recipient at this ``place``, from 0; ``None``: there is none that could be sent."""

    place: Number
    text: str | None
    segments: Number


class Intent(msgspec.Struct, eq=False):
    """An attempt about to be made: to whom, the credits known before, and the seconds that it may take.

    ``attempt_id`` once that is durable.
    """

    ids: Sequence[int]
    credits_before: Decimal | None
    timeout: float = 0.0
    attempt_id: int | None = None


class SuppressedMeanwhileError(Exception):
    """Raised as a request is about to leave: some recipients (``ids``) are not to be sent to any more.

    They are suppressed by now, and have been skipped, or a late answer says that they are accepted.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(ids)
        self.ids: frozenset[int] = frozenset(ids)


class RunningNow(NamedTuple):
    """Who runs a campaign: the process or host, by its name, and since when (microseconds since 1970), if it says."""

    by: str
    since_us: int | None


class Activity(NamedTuple):
    """What a campaign did lately: attempts that began, how many recipients they were to, and the first and last time.

    ``requests`` and ``recipients`` are those of the time that was asked about. ``last_status`` and ``last_error`` are
    those of the answer to the last attempt that has ended: without a status, none came. Times: microseconds since 1970.
    """

    requests: Number
    recipients: Number
    first_us: Microseconds | None
    last_us: Microseconds | None
    last_status: int | None = None
    last_error: str | None = None


class Timeline(NamedTuple):
    """Requests by time: how many began in each window of ``limit`` from ``start_us`` on, in order."""

    limit: Limit
    start_us: int
    requests: list[int]


class SeenAttempt(NamedTuple):
    """One attempt: its number in the ledger, when it began (microseconds since 1970), and to whom (``id_ranges``).

    ``left``: whether its request may have reached the gateway; ``None`` as long as it has no answer.
    """

    number: int
    began_us: Microseconds
    ids: str
    left: bool | None


class Doubt(NamedTuple):
    """One recipient whose fate is unknown, with what a person can judge it by. Times: microseconds since 1970."""

    phone: str
    code: str
    error: str | None
    attempts: Number
    began_us: Microseconds | None
    credits_before: str | None
    credits_after: str | None
    with_it: Number | None


class Resolution(NamedTuple):
    """A person's decision: when, by whom, what became of how many."""

    at_us: Microseconds
    by: str
    becomes: str
    recipients: Number


class KnownDouble(msgspec.Struct, frozen=True, array_like=True):
    """One recipient of whom a late answer says that the text was accepted, when a later attempt had begun already.

    ``index`` is the place in the input, from 0; ``ended_us`` when that answer was recorded (microseconds since 1970).
    """

    index: Number
    phone: str
    ended_us: Microseconds


def kept_columns(first: Iterable[str], ledger: str) -> tuple[str, ...]:
    """The columns of which something is kept, by what is kept of the ``first`` row of each addition."""
    return tuple(dict.fromkeys(column for kept in first for column in kept_texts(kept, ledger)))


def kept_texts(kept: str, ledger: str) -> dict[str, str]:
    """What ``ledger`` (its name) keeps of one row, by column. Raises ``LedgerError`` for what no campaign writes."""
    try:
        return msgspec.json.decode(kept, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeError, TypeError) as error:
        raise refusal(ledger, f"it holds what no campaign writes there ({error})") from None
