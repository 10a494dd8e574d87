"""The guards of everything that sends to many: it stops when request after request fails.

One table says what a request counts for; bulk sends and campaigns go by it, and docs/outcomes.md shows it. Only an
accepted text begins anew, so that failures of two kinds in turn are not taken for recoveries of each other.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ..models import Status
from .options import DEFAULT_STOP_AFTER_REFUSED, DEFAULT_STOP_AFTER_UNKNOWN, check_whole
from .plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .rulings import Ruling


class CountEffect(enum.Enum):
    """The meaning of one request for the two counts of failures in a row, in the words of the documentation."""

    UNKNOWN = ("one more", "")
    REFUSED = ("", "one more")
    NEITHER = ("", "")
    BEGINS_ANEW = ("from 0", "from 0")


class CountingRule(NamedTuple):
    """One line of the table: where ``holds`` says so of a request's ruling, the request ``counts`` like that."""

    what: str
    holds: Callable[[Ruling], bool]
    counts: CountEffect


def _any(ruling: Ruling, status: Status) -> bool:
    for outcome in ruling.outcomes:  # noqa: SIM110 - a generator costs twice as much, and every request comes by here
        if outcome.status is status:
            return True
    return False


def _all_rejected(ruling: Ruling) -> bool:
    return all(outcome.status is Status.REJECTED for outcome in ruling.outcomes)


COUNTING: Final[Sequence[CountingRule]] = (
    CountingRule(
        "any of them accepted",
        lambda ruling: _any(ruling, Status.ACCEPTED),
        CountEffect.BEGINS_ANEW,
    ),
    CountingRule(
        "any of them unknown",
        lambda ruling: _any(ruling, Status.UNKNOWN),
        CountEffect.UNKNOWN,
    ),
    CountingRule(
        "all rejected, by an answer that is not the gateway's JSON: a firewall's page, a web server's 404, a redirect",
        lambda ruling: ruling.is_foreign and _all_rejected(ruling),
        CountEffect.REFUSED,
    ),
    CountingRule(
        "all rejected by the gateway, two or more at once",
        lambda ruling: len(ruling.outcomes) > 1 and _all_rejected(ruling),
        CountEffect.REFUSED,
    ),
    CountingRule(
        "anything else: the only one, rejected by the gateway; any of them not sent (no connection, 429, a 413 that is "
        "halved, a refused key or account, sending that was stopped)",
        lambda _: True,
        CountEffect.NEITHER,
    ),
)
"""The first rule that holds counts; the last one holds for everything that is left."""


def counting(ruling: Ruling) -> CountEffect:
    """The meaning of a request for the counts, once it is known what became of its texts."""
    place = 0
    while not COUNTING[place].holds(ruling):
        place += 1
    return COUNTING[place].counts


class FailuresInARow(msgspec.Struct):
    """The failed requests of one bulk send or one campaign's run since its last accepted text, in their answers' order.

    ``last`` is the ruling of the latest one. Mutable state: all of these; only ``learn`` changes them.
    """

    unknown: int = 0
    refused: int = 0
    last: Ruling | None = None

    @property
    def status_code(self) -> int | None:
        """The HTTP status of the latest one, ``None`` where no answer came."""
        return None if self.last is None else self.last.status_code

    def said(self, status: Status) -> str:
        """The reason of the latest one for people, in brackets; nothing if none of its texts ended as ``status``."""
        errors = () if self.last is None else (one.error for one in self.last.outcomes if one.status is status)
        return next((f" (the last: {error})" for error in errors), "")

    def learn(self, ruling: Ruling) -> None:
        """Take in what became of the texts of one request."""
        counts = counting(ruling)
        if counts is CountEffect.BEGINS_ANEW:
            self.unknown = self.refused = 0
            self.last = None
        elif counts is not CountEffect.NEITHER:
            self.unknown += counts is CountEffect.UNKNOWN
            self.refused += counts is CountEffect.REFUSED
            self.last = ruling


_AFTER_UNKNOWN: Final = "see whether the gateway is well, and who got a text, before sending on"
_AFTER_REFUSED: Final = "see what it refuses, and whether a firewall or another page answers in its place"


class GuardStop(NamedTuple):
    """The reason for which nothing more is sent: the name of the option, and words for people.

    ``status_code`` is the HTTP status of the last failure, ``None`` where no answer came.
    """

    guard: str
    reason: str
    status_code: int | None = None


class FailureGuards(msgspec.Struct, frozen=True, kw_only=True):
    """The most failed requests in a row that anything which sends to many goes on after; ``None``: without an end.

    Raises ``ConfigurationError`` for what is neither ``None`` nor a whole number from 1 on.
    """

    stop_after_unknown: int | None = DEFAULT_STOP_AFTER_UNKNOWN
    stop_after_refused: int | None = DEFAULT_STOP_AFTER_REFUSED

    def __post_init__(self) -> None:
        for name in ("stop_after_unknown", "stop_after_refused"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), 1)

    def reached(self, failures: FailuresInARow) -> GuardStop | None:
        """The guard that says to send nothing more after these failures, or ``None``."""
        if self.stop_after_unknown is not None and failures.unknown >= self.stop_after_unknown:
            row = counted(failures.unknown, "request ended unknown", "requests in a row ended unknown")
            reason = f"{row}{failures.said(Status.UNKNOWN)}: {_AFTER_UNKNOWN}"
            return GuardStop("stop_after_unknown", reason, failures.status_code)
        if self.stop_after_refused is not None and failures.refused >= self.stop_after_refused:
            row = counted(failures.refused, "request was refused", "requests in a row were refused")
            reason = f"{row}{failures.said(Status.REJECTED)}: {_AFTER_REFUSED}"
            return GuardStop("stop_after_refused", reason, failures.status_code)
        return None


DEFAULT_GUARDS: Final = FailureGuards()
"""The guards of a send to many that nobody chose others for."""

NO_GUARDS: Final = FailureGuards(stop_after_unknown=None, stop_after_refused=None)
"""The guards of a call that failures in a row don't stop, such as a single send."""


def markdown() -> str:
    """The table in Markdown, as docs/outcomes.md shows it."""
    return "\n".join(
        (
            "| of the texts of a request | unknown in a row | refused in a row |",
            "|---|---|---|",
            *(f"| {rule.what} | {' | '.join(rule.counts.value)} |" for rule in COUNTING),
        )
    )
