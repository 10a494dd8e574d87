"""The guards of a campaign: options that stop it before its next request, and the decisions that follow from them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .._core.failure_guards import FailureGuards, FailuresInARow
from .._core.phone import mask
from .._core.plural import counted
from ..errors import CampaignStoppedError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core.rulings import Ruling


class Guards(FailureGuards, frozen=True, kw_only=True):
    """The options that stop a run. Raises ``ConfigurationError`` for a value that can't be one.

    ``max_recipients`` and ``max_segments`` are for the whole campaign, not for one run, so that a program which is
    started again and again keeps them too. ``until_unix``: seconds since 1970.
    """

    keep_credits: Decimal | int | None = None
    max_recipients: int | None = None
    max_segments: int | None = None
    until_unix: float | None = None
    allow_prefixes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("keep_credits", "max_recipients", "max_segments"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0):
                raise ConfigurationError(f"{name} must be a number, 0 or more, not {value!r}")
        for prefix in self.allow_prefixes:
            if not (isinstance(prefix, str) and prefix[:1] == "+" and prefix[1:].isascii() and prefix[1:].isdigit()):
                raise ConfigurationError(f"allow_prefix must be a calling code such as +1, not {prefix!r}")


class GuardTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The guards of a campaign as its ledger keeps them: a field for each of ``Guards``, or a successor knows less."""

    keep_credits: Decimal | None = None
    max_recipients: int | None = None
    max_segments: int | None = None
    stop_after_unknown: int | None = None
    stop_after_refused: int | None = None
    until_unix: float | None = None
    allow_prefixes: tuple[str, ...] = ()


def unix(until: datetime | None) -> float | None:
    """The seconds from 1970 to ``until``. Raises ``ConfigurationError`` if that is no ``datetime``."""
    if until is not None and not isinstance(until, datetime):
        raise ConfigurationError(f"until must be a datetime, not {until!r}")
    return None if until is None else until.timestamp()


class CampaignTotals(msgspec.Struct):
    """The figures that a run's guards go by: of the whole campaign, requests in flight included.

    ``credits`` is ``None`` until an answer gave a figure; ``answers`` counts the answers of this run, ``failures`` its
    failed requests in a row.
    """

    recipients: int = 0
    segments: int = 0
    segments_in_flight: int = 0
    requests_in_flight: int = 0
    credits: Decimal | None = None
    answers: int = 0
    failures: FailuresInARow = msgspec.field(default_factory=FailuresInARow)

    def start(self, recipients: int, segments_each: int) -> None:
        """Count in a request to so many recipients."""
        self.recipients += recipients
        self.segments += recipients * segments_each
        self.segments_in_flight += recipients * segments_each
        self.requests_in_flight += 1

    def end(self, recipients: int, unsent: int, segments_each: int) -> None:
        """Count out a request that has ended; ``unsent`` of its recipients were not sent to."""
        self.recipients -= unsent
        self.segments -= unsent * segments_each
        self.segments_in_flight -= recipients * segments_each
        self.requests_in_flight -= 1

    def learn(self, ruling: Ruling) -> None:
        """Take in what an attempt came to."""
        self.answers += ruling.status_code is not None
        self.failures.learn(ruling)


class NextBatch(NamedTuple):
    """The next batch, as the guards see it: its recipients, and the segments of its text."""

    recipients: int
    segments: int


def check(guards: Guards, totals: CampaignTotals, now_unix: float) -> CampaignStoppedError | None:
    """Why nothing more at all may go out, or ``None``."""
    if guards.until_unix is not None and now_unix >= guards.until_unix:
        return _stop("until", "it is the time that until names")
    reached = guards.reached(totals.failures)
    if reached is not None:
        return _stop(reached.guard, reached.reason)
    keep = guards.keep_credits
    if keep is not None and totals.credits is not None and totals.credits < keep:
        return _stop("keep_credits", _left(totals.credits, keep))
    if keep is not None and totals.credits is None and totals.answers:
        return _stop("keep_credits", "the gateway does not say how many credits are left, so none can be kept")
    return None


def check_prefix(guards: Guards, phones: Sequence[str]) -> CampaignStoppedError | None:
    """Why these numbers may not be sent to: one begins with none of the allowed codes. Else ``None``."""
    if not guards.allow_prefixes:
        return None
    strangers = [phone for phone in phones if not phone.startswith(guards.allow_prefixes)]
    return prefix_stop(guards, len(strangers), mask(strangers[0])) if strangers else None


def place_in_input(index: int) -> str:
    """The place of a recipient in the input, for people."""
    return f"number {index + 1:,} of the input"


def prefix_stop(guards: Guards, count: int, first: str, index: int | None = None) -> CampaignStoppedError:
    """The error for ``count`` numbers that begin with none of the allowed codes; ``first`` says which is the first.

    ``index`` is that one's place in the input, from 0, if it is known.
    """
    allowed = " or ".join(guards.allow_prefixes)
    strangers = counted(count, "planned number does", "planned numbers do")
    return _stop("allow_prefix", f"{strangers} not begin with {allowed}; the first is {first}", index)


def fitting(guards: Guards, totals: CampaignTotals, batch: NextBatch) -> tuple[int, CampaignStoppedError | None]:
    """How many of the next batch's recipients may go out now; if none, the guard that stops the campaign, or ``None``.

    None and no guard means: not before another answer has come. Requests in flight count as if everyone in them were
    sent to. A segment is reckoned to cost one credit, as nobody documents a price.
    """
    stop: CampaignStoppedError | None = None
    most = batch.recipients
    if guards.max_recipients is not None and guards.max_recipients - totals.recipients < most:
        most = max(0, guards.max_recipients - totals.recipients)
        stop = _stop("max_recipients", f"{counted(guards.max_recipients, 'recipient')} is the most that is allowed")
    if guards.max_segments is not None and (guards.max_segments - totals.segments) // batch.segments < most:
        most = max(0, (guards.max_segments - totals.segments) // batch.segments)
        stop = _stop("max_segments", f"{counted(guards.max_segments, 'segment')} is the most that is allowed")
    keep = guards.keep_credits
    if keep is not None and totals.credits is not None:
        affordable = int(totals.credits - keep - totals.segments_in_flight) // batch.segments
        if affordable < most:
            most = max(0, affordable)
            stop = _stop("keep_credits", _left(totals.credits, keep))
    if keep is not None and totals.credits is None and totals.requests_in_flight:
        return 0, None  # the first answer tells what is left: until then one request at a time
    return most, None if most else stop


def _left(figure: Decimal, keep: Decimal | int) -> str:
    return f"{counted(figure, 'credit is', 'credits are')} left, and {keep:,} to be kept"


def _stop(guard: str, reason: str, index: int | None = None) -> CampaignStoppedError:
    return CampaignStoppedError(f"stopped before the next request: {reason}", guard=guard, index=index)
